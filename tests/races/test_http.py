"""The same request many times at once, through the whole of the API: it acts once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from apps.base.models import StoredAnswer
from apps.contracts.models import LedgerEntry
from apps.deals.models import Deal
from apps.journal.models import Entry
from apps.pools.models import Project
from marketplace.actors import Actor
from marketplace.contracts import ContractState
from tests.build import contracts as build_contracts
from tests.build import markets as build_markets
from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

PROJECT = {"title": "一", "summary": "二", "region": "610100", "is_service_invention": True}


def at_once(asks: list[Callable[[], Any]]) -> list[Any]:
    """Send all requests at the same moment and return their answers."""
    barrier = Barrier(len(asks))

    def run(ask: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(run, asks))


def told(answers: list[Any]) -> Counter[tuple[int, str]]:
    """Count answers by status and code."""
    return Counter(
        (answer.status_code, answer.json().get("code", "") if answer.status_code >= 400 else "")
        for answer in answers
    )


def test_a_contract_registered_three_times_at_once_is_registered_once(
    as_researcher: Actor, as_reviewer: Actor, as_second_reviewer: Actor
) -> None:
    people = {"author": as_researcher, "first": as_reviewer, "second": as_second_reviewer}
    contract = build_contracts.contract(ContractState.FIRST_REVIEWED, **people)
    program = Caller(as_second_reviewer)
    path = f"/contracts/{contract.pk}"
    etag = program.get(path)["ETag"]
    answers = at_once([lambda: program.post(f"{path}/register", {}, etag=etag)] * 3)
    assert told(answers) == {(200, ""): 1, (412, "stale"): 2}
    assert LedgerEntry.objects.count() == 1
    fresh = program.get(path)["ETag"]
    assert program.post(f"{path}/register", {}, etag=fresh).json()["code"] == "wrong_state"


def test_one_key_twenty_times_at_once_acts_once(as_researcher: Actor) -> None:
    program = Caller(as_researcher)
    entries = Entry.objects.count()
    answers = at_once([lambda: program.post("/projects", PROJECT, key="k")] * 20)
    counted = told(answers)
    assert set(counted) <= {(201, ""), (409, "idempotency_in_flight")}
    assert counted[201, ""] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert Project.objects.count() == StoredAnswer.objects.count() == 1
    assert Entry.objects.count() == entries + 1
    assert program.post("/projects", PROJECT, key="k").status_code == 201
    assert Project.objects.count() == 1


def test_of_two_interests_at_once_one_opens_a_deal(
    as_researcher: Actor, as_reviewer: Actor, as_agent: Actor
) -> None:
    offer = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    program = Caller(as_agent)
    answers = at_once([lambda: program.post("/deals", {"offer": str(offer.pk)})] * 2)
    assert told(answers) == {(201, ""): 1, (409, "deal_already_open"): 1}
    assert Deal.objects.count() == 1
