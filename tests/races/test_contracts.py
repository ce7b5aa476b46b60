"""Many register at once: no clash, no gap, one decision."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from apps.contracts import actions
from apps.contracts.models import Contract, LedgerEntry, NumberCounter, Unfolded
from apps.journal.models import Entry
from marketplace.actors import Actor
from marketplace.contracts import ContractState
from marketplace.errors import Conflict, MarketError, Stale
from tests.build import contracts as build

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all `deeds` at once, each on a connection of its own; return results or market errors."""
    barrier = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            return deed()
        except (MarketError, RuntimeError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def register_all(rows: list[Contract], people: dict[str, Actor], failing: int = 0) -> None:
    """Register every one at once, some of them first failing after they drew their number."""

    def deed(row: Contract, fails: bool) -> Callable[[], Contract]:
        def fail() -> None:
            with transaction.atomic():
                actions.register(row, by=people["second"])
                raise RuntimeError("too late")

        def act() -> Contract:
            if fails:
                with pytest.raises(RuntimeError):
                    fail()
            return actions.register(row, by=people["second"])

        return act

    results = at_once([deed(row, place < failing) for place, row in enumerate(rows)])
    assert all(isinstance(result, Contract) for result in results), results
    year = timezone.localdate().year
    expected = [f"{year}610101{serial:06d}" for serial in range(1, len(rows) + 1)]
    assert sorted(result.number for result in results) == expected
    assert list(Contract.objects.order_by("number").values_list("number", flat=True)) == expected
    assert NumberCounter.objects.get().last == len(rows)
    assert LedgerEntry.objects.count() == Unfolded.objects.count() == len(rows)
    assert Entry.objects.filter(verb="contract.registered").count() == len(rows)
    assert LedgerEntry.objects.aggregate(all=Sum("recognised_amount"))["all"] == (
        len(rows) * build.RECOGNISED
    )


@pytest.fixture
def people(as_researcher: Actor, as_reviewer: Actor, as_second_reviewer: Actor) -> dict[str, Actor]:
    return {"author": as_researcher, "first": as_reviewer, "second": as_second_reviewer}


def reviewed(people: dict[str, Actor], count: int) -> list[Contract]:
    return [build.contract(ContractState.FIRST_REVIEWED, **people) for _ in range(count)]


def test_twelve_register_at_once_and_the_numbers_have_no_gap(people: dict[str, Actor]) -> None:
    register_all(reviewed(people, 12), people, failing=4)


@pytest.mark.long
def test_fifty_register_at_once_and_the_numbers_have_no_gap(people: dict[str, Actor]) -> None:
    register_all(reviewed(people, 50), people, failing=10)


def test_of_two_reviewers_at_once_one_reviews_and_one_is_told(people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.ACCEPTED, **people)

    def review(who: str, expected: int | None) -> Callable[[], Contract]:
        return lambda: actions.review(
            row, recognised_amount=Decimal(1), by=people[who], expected=expected
        )

    results = at_once([review("first", row.version), review("second", row.version)])
    assert {type(result) for result in results} == {Contract, Stale}
    late = at_once([review("first", None), review("second", row.version + 1)])
    assert [type(result) for result in late] == [Conflict, Conflict]
    assert {result.code for result in late} == {"wrong_state"}
    assert Contract.objects.get().version == row.version + 1
    assert Entry.objects.filter(verb="contract.reviewed").count() == 1


def test_one_contract_is_registered_once_however_often_it_is_tried(
    people: dict[str, Actor],
) -> None:
    (row,) = reviewed(people, 1)
    results = at_once([lambda: actions.register(row, by=people["second"])] * 4)
    assert sum(isinstance(result, Contract) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3
    assert NumberCounter.objects.get().last == 1
    assert LedgerEntry.objects.count() == 1


def test_to_register_and_to_send_back_at_once_does_one_of_them(people: dict[str, Actor]) -> None:
    (row,) = reviewed(people, 1)
    at_once(
        [
            lambda: actions.register(row, by=people["second"], expected=row.version),
            lambda: actions.send_back(row, reason="x", by=people["first"], expected=row.version),
        ]
    )
    state = Contract.objects.get().state
    assert state in (ContractState.REGISTERED, ContractState.SENT_BACK)
    assert LedgerEntry.objects.count() == (state is ContractState.REGISTERED)
