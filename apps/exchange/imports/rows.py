"""
Take rows in, through the same actions that people use.

What the organization has already is known by its reference: it stays where nothing is different, is
changed where it may be (what is live gets a proposed wording), and is a fault where it may not.

An offer of technology that names no project points at that of the same reference, or at one that is
drafted from its own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from apps.exchange.models import Import, ImportRow
from apps.exchange.queries import (
    ENTRIES,
    differing,
    entries_by_reference,
    known_rows,
    newest_words,
)
from apps.markets.models import Listing
from apps.pools.models import PoolEntry, Project
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from marketplace.errors import Conflict, Invalid, MarketError, Refused
from marketplace.exchange import PLACES, POOLS, REFERENCE, Column, blamed, columns_of
from marketplace.listings import pool_of
from marketplace.pools import EDITABLE_IN as ENTRY_EDITABLE_IN
from marketplace.pools import PoolKind, PoolState
from marketplace.rights import normalised

#: What a project takes from the offer that it is drafted from; the word of the project comes first.
PROJECT_FROM_OFFER = {
    "title": "title",
    "summary": "body",
    "field": "field",
    "region": "region",
    "readiness": "readiness",
    "indicators": "indicators",
    "dual_use": "dual_use",
}
#: The states in which the words of a thing, of whatever kind, can be submitted.
TO_SUBMIT = frozenset({"draft", "sent_back"})

Words = dict[str, Any]


@dataclass
class Outcome:
    """What became of some rows; a fault has the number of its row."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    submitted: int = 0
    faults: list[tuple[int, MarketError]] = field(default_factory=list)

    def blame(self, number: int, error: MarketError, *, besides: Iterable[str] = ()) -> None:
        """Note all that is wrong with a row, save of the columns `besides`, once each."""
        known = {(row, each.field, each.code) for row, each in self.faults}
        for cause in error.causes or [error]:
            place = (number, cause.field, cause.code)
            if place not in known and column_of(cause.field) not in besides:
                known.add(place)
                self.faults.append((number, cause))


@dataclass
class _Row:
    """One row on its way in."""

    number: int
    reference: str
    words: Words
    project: Words
    #: Which columns could not be read; then the row is only looked at.
    unread: set[str]


def take(
    job: Import, rows: Sequence[ImportRow], *, by: Actor, unread: Mapping[int, set[str]]
) -> Outcome:
    """
    Take in some rows of an import, and say what became of them.

    `unread` names by row the columns that could not be read: of such a row only the further faults
    are told. A row with a fault leaves nothing behind.
    """
    outcome = Outcome()
    given = [_row(job.kind, row, set(unread.get(row.number, ()))) for row in rows]
    if job.kind in PLACES:
        _find_entries(job, given, outcome)
    known = known_rows(job, [row.reference for row in given if row.reference])
    new = [row for row in given if row.reference not in known]
    done = _drafted(job, new, outcome, by=by)
    for row in given:
        thing = known.get(row.reference)
        if thing is not None:
            renewed = _renewed(job, thing, row, outcome, by=by)
            done += [(row, renewed)] if renewed is not None else []
    if job.submit:
        for row, thing in done:
            _submit(job, row, thing, outcome, by=by)
    return outcome


def column_of(place: str) -> str:
    """Return which column a fault is in: of "terms.stage" stage, of "rights.0.number" rights."""
    return place.removeprefix("terms.").removeprefix("project.").partition(".")[0]


def _row(kind: DraftKind, row: ImportRow, unread: set[str]) -> _Row:
    words: Words = {"terms": {}} if kind in PLACES else {}
    project: Words = {}
    for column in columns_of(kind):
        if column.key not in row.words:
            continue
        value = _revived(column, row.words[column.key])
        if column.key == "rights":
            value = [{**r, "number": normalised(str(r.get("number") or ""))} for r in value or []]
        target = project if column.of_project else words["terms"] if column.is_term else words
        target[column.key] = value
    return _Row(row.number, row.reference, words, project, unread)


def _revived(column: Column, kept: Any) -> Any:
    return kept if kept in (None, "", []) else column.cell.revived(kept)


# --- what is there already --------------------------------------------------------------------


def _find_entries(job: Import, rows: Sequence[_Row], outcome: Outcome) -> None:
    """Put ids in the place of the references of pool entries; say which there are not."""
    pool = pool_of(*PLACES[job.kind])
    wanted = {row.words[pool.value] for row in rows if row.words.get(pool.value)}
    found = entries_by_reference(pool, job.organization_id, wanted) if wanted else {}
    for row in rows:
        reference = row.words.get(pool.value)
        if not reference:
            if pool.value in row.words:
                row.words[pool.value] = None
            continue
        row.words[pool.value] = found.get(reference)
        if reference not in found:
            outcome.blame(
                row.number,
                Invalid(
                    "Your organization has no such entry in this pool.",
                    code="unknown_entry",
                    field=pool.value,
                ),
            )
            row.unread.add(pool.value)


def _renewed(
    job: Import, thing: Listing | PoolEntry, row: _Row, outcome: Outcome, *, by: Actor
) -> Any:
    """Write into what is there already what is different now; None where that is a fault."""
    try:
        with transaction.atomic():
            changed, is_different = _change(job, thing, row, by=by)
            if row.unread:
                transaction.set_rollback(True)
                return None
    except MarketError as error:
        outcome.blame(row.number, error, besides=row.unread)
        return None
    if is_different:
        outcome.changed += 1
    else:
        outcome.unchanged += 1
    return changed


def _change(
    job: Import, thing: Listing | PoolEntry, row: _Row, *, by: Actor
) -> tuple[Listing | PoolEntry, bool]:
    words = dict(row.words)
    if not thing.external_reference:
        words.pop(REFERENCE, None)  # It was known by its id.
    if isinstance(thing, PoolEntry):
        different = differing(newest_words(thing), words)
        return (reviews.change(thing, different, by=by), True) if different else (thing, False)
    if (thing.market, thing.side) != PLACES[job.kind]:
        raise Conflict(
            "This reference belongs to a listing of another market or side.",
            code="other_place",
            field=REFERENCE,
        )
    is_different = False
    if job.kind is DraftKind.TECHNOLOGY_OFFER and not words.get("project") and thing.project:
        words["project"] = thing.project_id
        if thing.project.state in ENTRY_EDITABLE_IN and thing.project.waiting is None:
            wanted = _project_words(row, {})
            different = differing(newest_words(thing.project), wanted)
            if different:
                reviews.change(thing.project, different, by=by)
                is_different = True
    different = differing(newest_words(thing), words)
    if different:
        thing = reviews.change(thing, different, by=by)
        is_different = True
    return thing, is_different


# --- what is new ------------------------------------------------------------------------------


def _drafted(
    job: Import, rows: Sequence[_Row], outcome: Outcome, *, by: Actor
) -> list[tuple[_Row, Any]]:
    """Draft what is new, all at once; what is wrong with any of it is noted."""
    right = [row for row in rows if not row.unread]
    wrong = [row for row in rows if row.unread]
    if wrong:
        _try(job, wrong, outcome, by=by, is_kept=False)
    done: list[Any] | None = None
    while right and done is None:
        blamed = len(outcome.faults)
        done = _try(job, right, outcome, by=by, is_kept=True)
        if done is None:
            faulty = {number for number, _error in outcome.faults[blamed:]}
            if not faulty:
                break
            right = [row for row in right if row.number not in faulty]
    if done is None:
        return []
    outcome.created += len(done)
    return list(zip(right, done, strict=True))


def _try(
    job: Import, rows: Sequence[_Row], outcome: Outcome, *, by: Actor, is_kept: bool
) -> list[Any] | None:
    """Draft all of `rows`, or note what is wrong with them and return None."""
    faults: list[tuple[_Row, MarketError]] = []
    things: list[Any] | None = None
    with transaction.atomic():
        terms = [dict(row.words) for row in rows]
        if job.kind is DraftKind.TECHNOLOGY_OFFER:
            faults += _back_with_projects(job, rows, terms, by=by)
        try:
            with transaction.atomic():
                things = _draft_many(job, terms, by=by)
        except Invalid as error:
            faults += _by_row(rows, error)
        if faults or not is_kept:
            transaction.set_rollback(True)
            things = None
    for row, fault in faults:
        outcome.blame(row.number, fault, besides=row.unread)
    return things


def _draft_many(job: Import, terms: Sequence[Words], *, by: Actor) -> list[Any]:
    if job.kind in POOLS:
        table: Any = ENTRIES[POOLS[job.kind]]
        drafted: list[Any] = reviews.draft_many(
            table, terms, by=by, imported_from=job.imported_from
        )
        return drafted
    market, side = PLACES[job.kind]
    return list(
        reviews.draft_many(
            Listing, terms, market=market, side=side, by=by, imported_from=job.imported_from
        )
    )


def _back_with_projects(
    job: Import, rows: Sequence[_Row], terms: Sequence[Words], *, by: Actor
) -> list[tuple[_Row, MarketError]]:
    """Point offers without a project at one of the same reference, or at a new draft."""
    bare = [
        (row, words)
        for row, words in zip(rows, terms, strict=True)
        if not words.get("project") and "project" not in row.unread
    ]
    there = entries_by_reference(
        PoolKind.PROJECT, job.organization_id, [row.reference for row, _words in bare]
    )
    new = []
    for row, words in bare:
        words["project"] = there.get(row.reference)
        if words["project"] is None:
            new.append((row, words))
    if not new:
        return []
    try:
        with transaction.atomic():
            projects = reviews.draft_many(
                Project,
                [_project_words(row, {REFERENCE: row.reference}) for row, _words in new],
                by=by,
                imported_from=job.imported_from,
            )
    except Invalid as error:
        return [
            (row, _as_of_offer(fault))
            for row, fault in _by_row([row for row, _words in new], error)
        ]
    for (_row, words), project in zip(new, projects, strict=True):
        words["project"] = project.pk
    return []


def _project_words(row: _Row, besides: Words) -> Words:
    """Return what a project says that is drafted from an offer."""
    taken = {
        own: row.words[other] for own, other in PROJECT_FROM_OFFER.items() if other in row.words
    }
    return {**taken, **row.project, **besides}


def _as_of_offer(fault: MarketError) -> MarketError:
    """Return a fault of a project as one of the column of the offer that it was taken from."""
    name, _point, rest = fault.field.partition(".")
    column = PROJECT_FROM_OFFER.get(name, name)
    place = f"{column}.{rest}" if rest else column
    return blamed(fault, place)


def _by_row(rows: Sequence[_Row], error: MarketError) -> list[tuple[_Row, MarketError]]:
    """Return the faults of many drafts with their rows: of "2.title" that of the third."""
    found: list[tuple[_Row, MarketError]] = []
    for cause in error.causes:
        position, _point, place = cause.field.partition(".")
        if not position.isdigit():
            raise error
        found.append((rows[int(position)], blamed(cause, place)))
    if not found:
        raise error
    return found


# --- what is submitted ------------------------------------------------------------------------


def _submit(job: Import, row: _Row, thing: Any, outcome: Outcome, *, by: Actor) -> None:
    """Submit what can be decided on now; an offer waits as a draft until its project is in."""
    project = thing.project if isinstance(thing, Listing) else None
    waits = project is not None and project.state is not PoolState.ADMITTED
    subject: Any = project if waits else thing
    if subject.waiting is not None:
        return
    try:
        with transaction.atomic():
            if subject.state in TO_SUBMIT:
                reviews.submit(subject, cleared_by=job.cleared_by, what_changed=_WHY, by=by)
            elif subject.proposed_wording is not None:
                reviews.submit_change(subject, cleared_by=job.cleared_by, what_changed=_WHY, by=by)
            else:
                return
    except Refused:
        raise
    except MarketError as error:
        outcome.blame(row.number, error)
        return
    outcome.submitted += 1


#: What a reviewer reads who asks what has changed.
_WHY = "批量导入 / imported from a file"
