"""Fold the value ledger into figures, recompute them all, and prove them."""

# ruff: noqa: S608  (the statements are made of our own vocabulary)

from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from apps.journal.actions import record
from apps.statistics import queries
from apps.statistics.models import FoldRun, Verification
from marketplace.actors import Actor
from marketplace.statistics import ADDS_UP, KEEPERS, Dimension, Measure, RunKind

log = structlog.get_logger("statistics")

#: How many entries one step folds. A step holds its locks for about a second at most.
BATCH = 10_000
#: How many differences are kept in words.
EXAMPLES = 50

#: The columns that name a figure, and those that it adds up.
KEY = ", ".join(Dimension)
SUMS = ", ".join(Measure)


def _added_up(which: str = "") -> str:
    """
    Return the query that adds up ledger entries by the dimensions.

    The month is reckoned from the date alone, for a time zone could move it.
    """
    return f"""
        SELECT entry.effective_on - extract(day FROM entry.effective_on)::integer + 1 AS month,
               entry.contract_type, entry.field, entry.seller_region, entry.buyer_region,
               {", ".join(f"sum(entry.{fact}) AS {each}" for each, fact in ADDS_UP.items())}
          FROM contracts_ledgerentry AS entry {which}
         GROUP BY 1, 2, 3, 4, 5
    """


#: The removal from the queue and the sums commit together: so an entry is folded exactly once.
#: Figures are written in the order of their names, so that writers cannot deadlock.
FOLD = f"""
    WITH taken AS (
        DELETE FROM contracts_unfolded
         WHERE entry_id IN (
               SELECT entry_id FROM contracts_unfolded ORDER BY entry_id LIMIT %(limit)s)
        RETURNING entry_id
    ), added AS (
        {_added_up("JOIN taken ON taken.entry_id = entry.id")}
    ), stored AS (
        INSERT INTO statistics_figure AS kept ({KEY}, {SUMS}, updated_at)
        SELECT {KEY}, {SUMS}, %(now)s FROM added ORDER BY {KEY}
        ON CONFLICT ({KEY}) DO UPDATE
           SET {", ".join(f"{each} = kept.{each} + excluded.{each}" for each in Measure)},
               updated_at = excluded.updated_at
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM stored)
"""

#: One statement, for what it takes from the queue must be just what it sees in the ledger.
REBUILD = f"""
    WITH taken AS (
        DELETE FROM contracts_unfolded RETURNING entry_id
    ), due AS (
        {_added_up()}
    ), stored AS (
        MERGE INTO statistics_figure AS kept USING due
           ON {" AND ".join(f"kept.{each} = due.{each}" for each in Dimension)}
         WHEN NOT MATCHED BY TARGET THEN
              INSERT ({KEY}, {SUMS}, updated_at)
              VALUES ({", ".join(f"due.{each}" for each in (*Dimension, *Measure))}, %(now)s)
         WHEN NOT MATCHED BY SOURCE THEN DELETE
         WHEN MATCHED AND (kept.count, kept.value, kept.recognised_value)
              IS DISTINCT FROM (due.count, due.value, due.recognised_value) THEN
              UPDATE SET {", ".join(f"{each} = due.{each}" for each in Measure)},
                         updated_at = %(now)s
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM stored)
"""


@transaction.atomic
def fold(limit: int = BATCH, *, by: Actor) -> int:
    """
    Add up to `limit` waiting ledger entries to the figures, oldest first, and return how many.

    One folder works at a time; while another does, there is nothing to do.
    """
    by.must_have(*KEEPERS)
    if not _alone():
        return 0
    run = _run(RunKind.FOLD, FOLD, limit=limit)
    if run.entries:
        run.save()
        record("figures.folded", run, by=by, entries=run.entries, figures=run.figures)
    return run.entries


@transaction.atomic
def rebuild(*, by: Actor) -> FoldRun:
    """
    Make every figure anew from the ledger, and return the run.

    Readers see the old figures until it commits. Figures that were right stay untouched.
    """
    by.must_have(*KEEPERS)
    _wait_until_alone()
    run = _run(RunKind.REBUILD, REBUILD)
    run.save()
    record("figures.rebuilt", run, by=by, entries=run.entries, figures=run.figures)
    return run


@transaction.atomic
def verify(*, by: Actor) -> Verification:
    """Compare every figure with the ledger, keep the outcome, and log an alarm if one differs."""
    by.must_have(*KEEPERS)
    found = queries.differences()
    outcome = Verification.objects.create(
        verified_at=timezone.now(),
        entries=found.entries,
        waiting=found.waiting,
        figures=found.figures,
        differences=len(found.differences),
        examples=[str(difference) for difference in found.differences[:EXAMPLES]],
    )
    record("figures.verified", outcome, by=by, differences=outcome.differences)
    if outcome.differences:
        log.error("figures_differ", differences=outcome.differences, examples=outcome.examples)
    return outcome


def _run(kind: RunKind, statement: str, **facts: Any) -> FoldRun:
    started_at = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(statement, {"now": started_at, **facts})
        entries, figures = cursor.fetchone() or (0, 0)
    return FoldRun(
        kind=kind,
        started_at=started_at,
        ended_at=timezone.now(),
        entries=entries,
        figures=figures,
    )


def _alone() -> bool:
    """Take the folder's lock until the transaction ends; say False where another has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('fold', 0))")
        row = cursor.fetchone()
    return bool(row and row[0])


def _wait_until_alone() -> None:
    """Take the folder's lock until the transaction ends, after the other that has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('fold', 0))")
