"""What closed is never shown among matches, whatever is done and matched at the same time."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from uuid import UUID

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.journal.models import Entry
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.matching import readers, tasks
from apps.matching.actions.rematch import rematch
from apps.matching.models import Match, Stale
from marketplace.actors import Actor
from marketplace.listings import ListingState
from tests.build import matching as build
from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

LONG = bool(os.environ.get("MARKETPLACE_LONG"))
CLOCK = Actor.system("test")


class Closed:
    """Which listings are closed, and how often each was opened or closed until now."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.turns: dict[UUID, int] = {}
        self.closed: set[UUID] = set()

    def note(self, listing: UUID, *, is_closed: bool) -> None:
        with self.lock:
            self.turns[listing] = self.turns.get(listing, 0) + 1
            (self.closed.add if is_closed else self.closed.discard)(listing)

    def now(self) -> set[tuple[UUID, int]]:
        with self.lock:
            return {(listing, self.turns[listing]) for listing in self.closed}


@settings(
    max_examples=60 if LONG else 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=st.lists(st.integers(0, 5), min_size=4, max_size=12))
def _walk(
    moves: list[int],
    *,
    listings: list[Listing],
    owners: dict[UUID, Actor],
    readers_of_it: list[Caller],
) -> None:
    closed, is_over = Closed(), Event()

    def run(deed: Callable[[], None]) -> None:
        try:
            deed()
        finally:
            connections.close_all()

    def move() -> None:
        try:
            for place in moves:
                row = Listing.objects.get(pk=listings[place].pk)
                by = owners[row.organization_id]
                if row.state is ListingState.PUBLISHED:
                    markets.pause(row, by=by)
                    closed.note(row.pk, is_closed=True)
                else:
                    # It may be seen from the moment on in which it is open again.
                    closed.note(row.pk, is_closed=False)
                    markets.resume(row, by=by)
        finally:
            is_over.set()

    def match() -> None:
        while not is_over.is_set():
            for row in listings:
                rematch(row.pk, by=CLOCK)

    def look() -> None:
        while True:
            last = is_over.is_set()
            for reader in readers_of_it:
                for row in listings:
                    before = closed.now()
                    answer = reader.get(f"/listings/{row.pk}/matches")
                    hidden = {str(listing) for listing, _ in before & closed.now()}
                    assert answer.status_code in (200, 404)
                    if answer.status_code == 404:
                        continue
                    shown = {each["counterpart"]["id"] for each in answer.json()["results"]}
                    assert not shown & hidden
            if last:
                return

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(run, deed) for deed in (move, match, look)]:
            done.result(120)
    for row in Listing.objects.filter(state=ListingState.PAUSED):
        markets.resume(row, by=owners[row.organization_id])


def test_what_is_closed_is_in_no_answer_while_all_is_in_motion(
    caller: Callable[..., Caller],
    as_researcher: Actor,
    as_agent: Actor,
    as_broker: Actor,
    as_reviewer: Actor,
) -> None:
    listings = [
        build.offer(f"轴承钢热处理{n}", by=as_researcher, reviewer=as_reviewer) for n in "一二三"
    ]
    listings += [
        build.need(f"轴承钢热处理{n}", by=as_agent, reviewer=as_reviewer) for n in "一二三"
    ]
    build.caught_up()
    assert Match.objects.current().count() == 9
    owners = {by.organization: by for by in (as_researcher, as_agent) if by.organization}
    _walk(
        listings=listings,
        owners=owners,
        readers_of_it=[caller(by) for by in (as_researcher, as_agent, as_broker)],
    )
    # In the end, when all news was told, everything is as it was.
    readers.take(list(Entry.objects.order_by("pk")))
    while tasks.rematch():
        pass
    assert not Stale.objects.exists()
    assert Match.objects.current().count() == 9
