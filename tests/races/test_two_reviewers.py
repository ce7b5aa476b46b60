"""Two reviewers decide over HTTP at once, on one ETag: one is heard, the other is told."""

import threading

import pytest
from django.db import connection

from apps.contracts.models import LedgerEntry
from apps.journal.models import Entry
from marketplace.contracts import ContractState
from marketplace.listings import ListingState
from marketplace.pools import PoolState
from tests.build import contracts as build_contracts
from tests.build import markets as build_markets
from tests.build import pools as build_pools
from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(callers: list[Caller], path: str, body: object, etag: str) -> list[int]:
    """Return the statuses that all `callers` got for the same POST at the same moment."""
    start, statuses = threading.Barrier(len(callers)), []

    def go(caller: Caller) -> None:
        start.wait(10)
        statuses.append(caller.post(path, body, etag=etag).status_code)
        connection.close()

    threads = [threading.Thread(target=go, args=(caller,)) for caller in callers]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return sorted(statuses)


CLEARED = {"clearance": {"no_state_secret": True, "cleared_by": "韩保密"}}


@pytest.mark.parametrize(
    ("kind", "move", "body", "verb"),
    [
        ("projects", "admit", CLEARED, "project.admitted"),
        ("listings", "publish", CLEARED, "listing.published"),
        ("contracts", "review", {"recognised_amount": "1.00"}, "contract.reviewed"),
        ("contracts", "register", {}, "contract.registered"),
    ],
)
def test_one_gets_200_one_412_and_with_the_fresh_etag_409(
    kind, move, body, verb, as_researcher, as_agent, as_reviewer, as_second_reviewer, third_reviewer
):
    by = {"by": as_researcher, "reviewer": as_reviewer}
    states = {"review": ContractState.ACCEPTED, "register": ContractState.FIRST_REVIEWED}
    if kind == "projects":
        thing = build_pools.project(**by, state=PoolState.SUBMITTED)
    elif kind == "listings":
        thing = build_markets.offer(**by, state=ListingState.SUBMITTED)
    else:
        thing = build_contracts.contract(
            states[move],
            author=as_researcher,
            buyer=as_agent,
            first=third_reviewer,
            second=as_reviewer,
        )
    callers = [Caller(as_reviewer), Caller(as_second_reviewer)]
    path, etag = f"/{kind}/{thing.pk}", f'"{thing.pk}.{thing.version}"'
    assert at_once(callers, f"{path}/{move}", body, etag) == [200, 412]
    fresh = callers[0].get(path)["ETag"]
    assert at_once(callers, f"{path}/{move}", body, fresh) == [409, 409]
    assert Entry.objects.filter(verb=verb, subject_id=thing.pk).count() == 1
    assert LedgerEntry.objects.count() == (1 if move == "register" else 0)
