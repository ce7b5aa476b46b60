"""Matching while the market moves, on real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier, Event
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from apps.markets import actions as markets
from apps.matching import tasks
from apps.matching.actions import rematch as actions
from apps.matching.models import Match, Stale
from apps.retrieval.models import Posting, Text
from marketplace.actors import Actor
from marketplace.words import is_character
from tests.build import matching as build

pytestmark = pytest.mark.django_db(transaction=True)

CLOCK = Actor.system("test")


def at_once(*deeds: Callable[[], object]) -> None:
    """Run `deeds` at the same time, each on a connection of its own."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for done in [pool.submit(run, deed) for deed in deeds]:
            done.result(30)


def must_add_up() -> None:
    """Check that the postings are those of the texts there are."""
    texts = Text.objects.all()
    assert sorted(Posting.objects.values_list("text_id", "word", "weight")) == sorted(
        (text.pk, word, weight)
        for text in texts
        for word, weight in text.read().items()
        if not is_character(word)
    )


def test_both_sides_and_twice_the_same_at_once(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    offers = [
        build.offer(f"轴承钢热处理{n}", by=as_researcher, reviewer=as_reviewer) for n in "一二三"
    ]
    needs = [build.need(f"轴承钢热处理{n}", by=as_agent, reviewer=as_reviewer) for n in "一二"]
    for _ in range(3):
        at_once(
            *(
                lambda pk=row.pk: actions.rematch(pk, by=CLOCK)
                for row in [*offers, *needs, offers[0]]
            )
        )
        must_add_up()
    assert Match.objects.current().count() == 6


def test_two_workers_share_the_work(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    rows = [build.offer(f"轴承钢{n}", by=as_researcher, reviewer=as_reviewer) for n in "一二三"]
    rows += [build.need(f"轴承钢{n}", by=as_agent, reviewer=as_reviewer) for n in "一二三"]
    Stale.objects.bulk_create(Stale(listing_id=r.pk, requested_at=timezone.now()) for r in rows)
    done: list[int] = []
    at_once(*[lambda: done.append(tasks.rematch())] * 2)
    assert sum(done) == 6
    assert not Stale.objects.exists()
    assert Match.objects.current().count() == 9
    must_add_up()


@pytest.mark.parametrize("_round", range(4))
def test_a_listing_withdrawn_while_it_is_matched_is_never_seen(
    _round: int, as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    offer = build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    need = build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    at_once(
        lambda: markets.withdraw(offer, by=as_researcher),
        lambda: actions.rematch(offer.pk, by=CLOCK),
        lambda: actions.rematch(need.pk, by=CLOCK),
    )
    assert not Match.objects.visible_to(as_agent).exists()
    build.caught_up()
    assert not Match.objects.current().exists()
    assert not Text.objects.filter(listing=offer).exists()
    must_add_up()


def test_a_request_that_comes_while_the_listing_is_matched_stays(
    as_agent: Actor, as_reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = build.need("轴承钢", by=as_agent, reviewer=as_reviewer)
    asked = timezone.now()
    Stale.objects.create(listing_id=need.pk, requested_at=asked)
    store = actions._store

    def and_asks_again(*given: object) -> object:
        def ask() -> None:
            try:
                Stale.objects.filter(pk=need.pk).update(requested_at=timezone.now())
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            pool.submit(ask).result(10)
        return store(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "_store", and_asks_again)
    actions.rematch(need.pk, by=CLOCK)
    assert Stale.objects.get().requested_at > asked


def test_a_listing_is_matched_by_one_at_a_time(
    as_agent: Actor, as_reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one who read it before a change could write after one who read it since."""
    need = build.need("轴承钢", by=as_agent, reviewer=as_reviewer)
    inside, may_go = Event(), Event()
    published = actions._published
    slow = [True]

    def pausing(listings: list[UUID]) -> set[UUID]:
        if slow.pop() if slow else False:
            inside.set()
            may_go.wait(10)
        return published(listings)

    def run() -> None:
        try:
            actions.rematch(need.pk, by=CLOCK)
        finally:
            connections.close_all()

    monkeypatch.setattr(actions, "_published", pausing)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(run)
        assert inside.wait(10)
        second = pool.submit(run)
        assert wait([second], timeout=0.3).not_done == {second}
        may_go.set()
        first.result(10)
        second.result(10)
    must_add_up()
