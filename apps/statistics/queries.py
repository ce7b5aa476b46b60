"""What the ledger says the figures must be, and how far the figures are behind it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils import timezone

from apps.statistics.models import Figure
from marketplace.statistics import Dimension, Measure, month_as_text

#: Written out on purpose: a proof that shared its words with the folder would share its mistakes.
#: One statement sees one state of the database, so entries, queue and figures fit together.
COMPARED = """
    WITH due AS MATERIALIZED (
        SELECT date_trunc('month', effective_on::timestamp)::date AS month, contract_type, field,
               seller_region, buyer_region, sum(count) AS count, sum(total_amount) AS value,
               sum(recognised_amount) AS recognised_value
          FROM contracts_ledgerentry
         WHERE NOT EXISTS (SELECT FROM contracts_unfolded WHERE entry_id = contracts_ledgerentry.id)
         GROUP BY 1, 2, 3, 4, 5
    ), difference AS (
        SELECT month, contract_type, field, seller_region, buyer_region,
               due.count AS due_count, due.value AS due_value,
               due.recognised_value AS due_recognised, kept.count AS kept_count,
               kept.value AS kept_value, kept.recognised_value AS kept_recognised
          FROM due FULL OUTER JOIN statistics_figure AS kept
         USING (month, contract_type, field, seller_region, buyer_region)
         WHERE (due.count, due.value, due.recognised_value)
               IS DISTINCT FROM (kept.count, kept.value, kept.recognised_value)
    ), number AS (
        SELECT (SELECT count(*) FROM contracts_ledgerentry) AS entries,
               (SELECT count(*) FROM contracts_unfolded) AS waiting,
               (SELECT count(*) FROM statistics_figure) AS figures
    )
    SELECT entries - waiting, waiting, figures, difference.*
      FROM number LEFT JOIN difference ON true
     ORDER BY month, contract_type, field, seller_region, buyer_region
"""


@dataclass(frozen=True, slots=True)
class Sums:
    """What one figure says."""

    count: int
    value: Decimal
    recognised_value: Decimal

    def __str__(self) -> str:
        return f"{self.count} / {self.value:.2f} / {self.recognised_value:.2f}"

    def as_json(self) -> dict[str, Any]:
        """Return the sums for programs, the amounts as exact texts."""
        return {
            "count": self.count,
            "value": f"{self.value:.2f}",
            "recognised_value": f"{self.recognised_value:.2f}",
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what the ledger says; None where the ledger or the table has no such."""

    month: date
    contract_type: str
    field: str
    seller_region: str
    buyer_region: str
    due: Sums | None
    kept: Sums | None

    def __str__(self) -> str:
        return (
            f"{month_as_text(self.month)} {self.contract_type} {self.field} {self.seller_region}"
            f" → {self.buyer_region}: {self.kept or 'nothing'}, not {self.due or 'nothing'}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the difference for programs, its amounts as exact texts."""
        return {
            "month": month_as_text(self.month),
            **{name: getattr(self, name) for name in Dimension if name != Dimension.MONTH},
            "due": self.due and self.due.as_json(),
            "kept": self.kept and self.kept.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures beside the ledger, at one moment."""

    entries: int
    waiting: int
    figures: int
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the figures are behind the ledger."""

    waiting: int
    #: When the oldest of the waiting entries was written.
    oldest_at: datetime | None
    read_at: datetime

    @property
    def as_of(self) -> datetime:
        """Return the moment up to which the figures know every entry."""
        return self.oldest_at or self.read_at

    @property
    def seconds(self) -> float:
        """Return for how long the oldest entry has waited."""
        return (self.read_at - self.as_of).total_seconds()


def differences() -> Comparison:
    """
    Recompute every figure from the ledger, and return those that differ.

    Entries that have yet to be folded are left out, and counted.
    """
    with connection.cursor() as cursor:
        cursor.execute(COMPARED)
        rows = cursor.fetchall()
    entries, waiting, figures = rows[0][:3]
    return Comparison(entries, waiting, figures, list(_differences(rows)))


def _differences(rows: Iterable[tuple[Any, ...]]) -> Iterable[Difference]:
    for row in rows:
        # Where nothing differs there is still one row, for the three numbers before.
        month, contract_type, field, seller_region, buyer_region, *sums = row[3:]
        if month is not None:
            yield Difference(
                month,
                contract_type,
                field,
                seller_region,
                buyer_region,
                due=None if sums[0] is None else Sums(*sums[:3]),
                kept=None if sums[3] is None else Sums(*sums[3:]),
            )


def lag() -> Lag:
    """Say how many entries wait to be folded, and since when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(entry.recorded_at) FROM contracts_unfolded AS waiting"
            " LEFT JOIN contracts_ledgerentry AS entry ON entry.id = waiting.entry_id"
        )
        waiting, oldest_at = cursor.fetchone() or (0, None)
    return Lag(waiting, oldest_at, timezone.now())


def grouped(figures: QuerySet[Figure], by: Dimension) -> list[dict[str, Any]]:
    """Return `figures` added up by one dimension, in its order."""
    sums = {f"sum_{measure}": Sum(measure.value) for measure in Measure}
    rows = figures.order_by(by.value).values(by.value).annotate(**sums)
    return [
        {"key": row[by.value], **{measure.value: row[f"sum_{measure}"] for measure in Measure}}
        for row in rows
    ]
