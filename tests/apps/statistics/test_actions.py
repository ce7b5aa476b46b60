"""Entries become figures exactly once, and figures are proved."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.contracts.models import LedgerEntry, Unfolded
from apps.journal.models import Entry
from apps.statistics import actions, queries, tasks
from apps.statistics.models import Figure, FoldRun, Verification
from marketplace.actors import Actor
from marketplace.calendar import day_of, month_of
from marketplace.contracts import ContractType
from marketplace.errors import Refused
from marketplace.statistics import Dimension, Measure, RunKind
from tests.build import statistics as build

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("test")
#: How the figure is named in which a difference is planted.
CELL = "2026-03 development 02 610113 → 440300"


def fold(limit: int = 1000) -> int:
    return actions.fold(limit, by=CLOCK)


def sums() -> list[tuple[Any, ...]]:
    return list(Figure.objects.order_by("id").values_list(*Dimension.values(), *Measure.values()))


def plain_sums() -> dict[tuple[Any, ...], list[Any]]:
    """Add the ledger up in plain Python."""
    cells: dict[tuple[Any, ...], list[Any]] = {}
    for entry in LedgerEntry.objects.all():
        key = (
            month_of(entry.effective_on),
            entry.contract_type,
            entry.field,
            entry.seller_region,
            entry.buyer_region,
        )
        cell = cells.setdefault(key, [0, Decimal(0), Decimal(0)])
        cell[0] += entry.count
        cell[1] += entry.total_amount
        cell[2] += entry.recognised_amount
    return cells


def test_an_entry_becomes_a_figure() -> None:
    build.entry(total_amount=Decimal("2500000.01"), recognised_amount=Decimal("2100000.00"))
    assert fold() == 1
    assert sums() == [
        (
            date(2026, 3, 1),
            "development",
            "01",
            "610113",
            "440300",
            1,
            Decimal("2500000.01"),
            Decimal("2100000.00"),
        )
    ]
    assert not Unfolded.objects.exists()


def test_folding_twice_changes_nothing() -> None:
    build.entries([{}, {"total_amount": Decimal("5.55")}])
    assert fold() == 2
    before = list(Figure.objects.values())
    assert fold() == 0
    assert list(Figure.objects.values()) == before


def test_new_entries_are_added_to_the_figure_there_is() -> None:
    build.entry()
    fold()
    build.entry(count=0, total_amount=Decimal("-400.00"), recognised_amount=Decimal("-800.00"))
    fold()
    assert sums()[0][5:] == (1, Decimal("600.00"), Decimal("0.00"))


def test_a_step_takes_the_oldest_and_leaves_the_rest() -> None:
    entries = build.entries([{}] * 5)
    assert fold(limit=2) == 2
    assert sums()[0][5] == 2
    waiting = list(Unfolded.objects.order_by("entry_id").values_list("entry_id", flat=True))
    assert waiting == [entry.pk for entry in entries[2:]]


def test_a_step_is_written_down_with_what_it_did() -> None:
    build.entries([{}, {}, {"field": "02"}])
    fold()
    run = FoldRun.objects.get()
    assert (run.kind, run.entries, run.figures) == (RunKind.FOLD, 3, 2)
    assert run.started_at <= run.ended_at
    entry = Entry.objects.get(verb="figures.folded")
    assert entry.subject_id == str(run.pk)
    assert entry.facts == {"entries": 3, "figures": 2}


def test_a_step_with_nothing_to_do_leaves_no_trace() -> None:
    assert fold() == 0
    assert not FoldRun.objects.exists()
    assert not Entry.objects.filter(verb="figures.folded").exists()


def test_a_step_that_does_not_commit_leaves_all_as_it_was() -> None:
    build.entry()
    with transaction.atomic():
        assert fold() == 1
        transaction.set_rollback(True)
    assert Unfolded.objects.count() == 1
    assert not Figure.objects.exists()


def test_the_clock_goes_on_until_nothing_waits() -> None:
    build.entries([{}] * 7)
    assert tasks.fold(limit=3) == 7
    assert list(FoldRun.objects.order_by("id").values_list("entries", flat=True)) == [3, 3, 1]


def test_the_clock_stops_in_time_and_goes_on_the_next() -> None:
    build.entries([{}] * 4)
    assert tasks.fold(limit=2, seconds=0.0) == 0
    assert tasks.fold(limit=2) == 4


def test_a_day_belongs_to_its_month_in_shanghai() -> None:
    build.entries(
        [
            {"effective_on": date(2024, 12, 31)},
            {"effective_on": day_of(datetime(2024, 12, 31, 15, 59, 59, tzinfo=UTC))},
            {"effective_on": date(2025, 1, 1)},
            {"effective_on": day_of(datetime(2024, 12, 31, 16, 0, 0, tzinfo=UTC))},
            {"effective_on": date(2025, 1, 31)},
            {"effective_on": date(2024, 2, 29)},
        ]
    )
    fold()
    months = Figure.objects.order_by("month").values_list("month", "count")
    assert list(months) == [
        (date(2024, 2, 1), 1),
        (date(2024, 12, 1), 2),
        (date(2025, 1, 1), 3),
    ]


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Shanghai"])
def test_the_month_does_not_hang_on_the_zone_of_the_database(zone: str) -> None:
    # China had summer time in these years, and midnight of 1 September 1986 was no trouble.
    build.entries([{"effective_on": date(1986, 5, 1)}, {"effective_on": date(1986, 8, 31)}])
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
    fold()
    assert [row[0] for row in sums()] == [date(1986, 5, 1), date(1986, 8, 1)]


def test_sums_do_not_overflow_at_the_largest_amounts() -> None:
    largest = Decimal("9999999999999999.99")
    build.entries([{"total_amount": largest, "recognised_amount": largest}] * 20)
    assert fold() == 20
    assert sums()[0][6] == largest * 20


def test_nothing_differs_while_entries_wait() -> None:
    build.entries([{}] * 3)
    fold(limit=2)
    found = queries.differences()
    assert (found.entries, found.waiting, found.figures, found.differences) == (2, 1, 1, [])


def test_an_empty_ledger_has_no_differences() -> None:
    found = queries.differences()
    assert (found.entries, found.waiting, found.figures, found.differences) == (0, 0, 0, [])


def plant(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE statistics_figure SET value = value + 0.01 WHERE field = '02'",
            f"{CELL}: 1 / 1000.01 / 800.00, not 1 / 1000.00 / 800.00",
        ),
        (
            "UPDATE statistics_figure SET count = count - 1 WHERE field = '02'",
            f"{CELL}: 0 / 1000.00 / 800.00, not 1 / 1000.00 / 800.00",
        ),
        (
            "UPDATE statistics_figure SET recognised_value = 0 WHERE field = '02'",
            f"{CELL}: 1 / 1000.00 / 0.00, not 1 / 1000.00 / 800.00",
        ),
        (
            "DELETE FROM statistics_figure WHERE field = '02'",
            f"{CELL}: nothing, not 1 / 1000.00 / 800.00",
        ),
        (
            "INSERT INTO statistics_figure (month, contract_type, field, seller_region,"
            " buyer_region, count, value, recognised_value, updated_at)"
            " VALUES ('2026-04-01', 'service', '03', '610100', '610100', 1, 2, 3, now())",
            "2026-04 service 03 610100 → 610100: 1 / 2.00 / 3.00, not nothing",
        ),
    ],
)
def test_a_planted_difference_is_found_named_and_healed(statement: str, words: str) -> None:
    build.entries([{}, {"field": "02"}])
    fold()
    untouched = Figure.objects.get(field="01").updated_at
    plant(statement)
    assert [str(each) for each in queries.differences().differences] == [words]
    run = actions.rebuild(by=CLOCK)
    assert (run.kind, run.entries, run.figures) == (RunKind.REBUILD, 0, 1)
    assert queries.differences().differences == []
    assert Figure.objects.get(field="01").updated_at == untouched


def test_rebuilding_takes_the_waiting_entries_with_it() -> None:
    build.entries([{}] * 3)
    fold(limit=1)
    run = actions.rebuild(by=CLOCK)
    assert run.entries == 2
    assert sums()[0][5] == 3
    assert fold() == 0
    entry = Entry.objects.get(verb="figures.rebuilt")
    assert entry.facts == {"entries": 2, "figures": 1}


def test_verifying_keeps_the_outcome() -> None:
    build.entries([{}, {"field": "02"}])
    fold(limit=1)
    assert tasks.verify() == 0
    plant("UPDATE statistics_figure SET count = 7")
    assert tasks.verify() == 1
    first, second = Verification.objects.order_by("id")
    assert (first.entries, first.waiting, first.figures, first.differences) == (1, 1, 1, 0)
    assert second.differences == 1
    assert second.examples == [
        "2026-03 development 01 610113 → 440300: 7 / 1000.00 / 800.00, not 1 / 1000.00 / 800.00"
    ]
    assert Entry.objects.filter(verb="figures.verified").count() == 2


def verify_figures(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_figures", *options, stdout=out)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_that_nothing_differs() -> None:
    build.entries([{}] * 2)
    fold(limit=1)
    assert verify_figures() == (
        0,
        "0 differences between 1 figures and 1 ledger entries; 1 entries wait to be folded.\n",
    )


def test_the_command_names_what_differs_and_fails() -> None:
    build.entry()
    fold()
    plant("UPDATE statistics_figure SET value = 0")
    status, words = verify_figures()
    assert status == 1
    assert words.splitlines() == [
        "2026-03 development 01 610113 → 440300: 1 / 0.00 / 800.00, not 1 / 1000.00 / 800.00",
        "1 differences between 1 figures and 1 ledger entries; 0 entries wait to be folded.",
    ]
    status, words = verify_figures("--json")
    assert status == 1
    assert json.loads(words)["differences"] == [
        {
            "month": "2026-03",
            "contract_type": "development",
            "field": "01",
            "seller_region": "610113",
            "buyer_region": "440300",
            "due": {"count": 1, "value": "1000.00", "recognised_value": "800.00"},
            "kept": {"count": 1, "value": "0.00", "recognised_value": "800.00"},
        }
    ]


def test_a_command_heals_what_differs() -> None:
    build.entries([{}, {}])
    fold(limit=1)
    plant("UPDATE statistics_figure SET value = 0")
    out = StringIO()
    call_command("rebuild_figures", stdout=out)
    assert out.getvalue() == "1 figures added, changed or removed; 1 entries taken in.\n"
    assert verify_figures()[0] == 0


def test_the_lag_is_the_age_of_the_oldest_waiting_entry() -> None:
    nothing = queries.lag()
    assert (nothing.waiting, nothing.oldest_at, nothing.seconds) == (0, None, 0.0)
    assert nothing.as_of == nothing.read_at
    oldest, _newer = build.entries([{}, {}])
    lag = queries.lag()
    assert lag.waiting == 2
    assert lag.oldest_at == lag.as_of == oldest.recorded_at
    assert 0 < lag.seconds < 60


@pytest.mark.parametrize("deed", [actions.fold, actions.rebuild, actions.verify])
def test_parties_and_reviewers_do_not_touch_the_figures(
    deed: Any, as_manager: Actor, as_reviewer: Actor, as_anonymous: Actor
) -> None:
    build.entry()
    for actor in (as_manager, as_reviewer, as_anonymous):
        with pytest.raises(Refused) as refusal:
            deed(by=actor)
        assert refusal.value.code == "wrong_role"
    assert Unfolded.objects.count() == 1
    assert not Figure.objects.exists()
    assert not Verification.objects.exists()


def test_a_statistician_has_them_recomputed(as_statistician: Actor) -> None:
    build.entry()
    assert actions.rebuild(by=as_statistician).entries == 1
    assert actions.verify(by=as_statistician).differences == 0


@pytest.mark.parametrize("model", [FoldRun, Verification])
def test_what_was_run_is_never_changed(model: Any) -> None:
    build.entry()
    fold()
    actions.verify(by=CLOCK)
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        model.objects.update(figures=9)
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        model.objects.all().delete()


AMOUNTS = st.decimals(-10_000_000, 10_000_000, places=2)
FACTS = st.fixed_dictionaries(
    {
        "effective_on": st.dates(date(2024, 11, 25), date(2025, 2, 5)),
        "count": st.sampled_from([-1, 0, 1]),
        "total_amount": AMOUNTS,
        "recognised_amount": AMOUNTS,
        "contract_type": st.sampled_from([ContractType.SERVICE, ContractType.TRANSFER]),
        "field": st.sampled_from(["01", "02"]),
        "seller_region": st.sampled_from(["610113", "610400"]),
        "buyer_region": st.sampled_from(["440300", "610113"]),
    }
)


class Sums(TestCase):
    """Figures are what plain addition says, however the entries come."""

    @given(
        batches=st.lists(st.lists(FACTS, max_size=6), max_size=5),
        steps=st.lists(st.integers(0, 7), max_size=5),
    )
    def test_figures_equal_plain_sums(
        self, batches: list[list[dict[str, Any]]], steps: list[int]
    ) -> None:
        for number, batch in enumerate(batches):
            build.entries(batch)
            limit = steps[number] if number < len(steps) else 1
            if limit == 7:
                actions.rebuild(by=CLOCK)
            else:
                fold(limit)
            assert queries.differences().differences == []
        tasks.fold(limit=3)
        expected = {key: tuple(cell) for key, cell in plain_sums().items()}
        assert {row[:5]: row[5:] for row in sums()} == expected
        assert sum(Counter(row[:5] for row in sums()).values()) == len(expected)
        assert queries.lag().waiting == 0
