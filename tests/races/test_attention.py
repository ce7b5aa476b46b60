"""Proposing on real connections: nobody is sent too much, and nothing twice."""

from collections import Counter
from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from apps.journal.models import Entry
from apps.markets import actions as markets
from apps.matching import tasks
from apps.matching.actions import attention
from apps.matching.models import Attention, Match, Proposal
from marketplace.actors import Actor
from marketplace.attention import Promise
from marketplace.calendar import day_of
from marketplace.listings import Market
from tests.build import matching as build
from tests.races.test_matching import at_once

pytestmark = pytest.mark.django_db(transaction=True)

CLOCK = Actor.system("test")


def market(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> None:
    for n in "一二三四五六":
        build.offer(f"轴承钢热处理工艺{n}", by=as_researcher, reviewer=as_reviewer)
    for n in "一二":
        build.need(f"轴承钢热处理工艺{n}", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    build.news()


@pytest.mark.parametrize("most", [3, 5])
def test_workers_side_by_side_flood_nobody_and_propose_nothing_twice(
    most: int,
    as_researcher: Actor,
    as_agent: Actor,
    as_reviewer: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = Promise(day_of(timezone.now()), 3, 7, most, 7)
    monkeypatch.setattr(attention, "promise_on", lambda day: few)
    monkeypatch.setattr(attention, "STEP", 1)
    market(as_researcher, as_agent, as_reviewer)
    at_once(*[lambda: tasks.propose()] * 4)
    rows = Proposal.objects.values_list("proposed", "to", "to__organization")
    assert len({(proposed, to) for proposed, to, _ in rows}) == len(rows)
    assert max(Counter(to for _, to, _ in rows).values()) <= most
    # Every room is used: two needs receive, and six offers, and each house is sent seven.
    assert set(Counter(house for *_, house in rows).values()) == {min(7, 2 * most), 6}
    assert Entry.objects.filter(verb="listing.proposed").count() == len(rows)
    counts = Counter(proposed for proposed, *_ in rows)
    for row in Attention.objects.all():
        assert row.proposals == counts[row.pk] <= 3


def test_whoever_comes_second_reads_what_the_first_one_sent(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock both would find the same room, and each fill it."""
    few = Promise(day_of(timezone.now()), 3, 7, 2, 20)
    monkeypatch.setattr(attention, "promise_on", lambda day: few)
    monkeypatch.setattr(attention, "STEP", 3)
    market(as_researcher, as_agent, as_reviewer)
    loads_of = attention.loads_of

    def slowly(*given: object) -> object:
        found = loads_of(*given)  # type: ignore[arg-type]
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
        return found

    monkeypatch.setattr(attention, "loads_of", slowly)
    at_once(*[lambda: attention.propose(Market.TECHNOLOGY, by=CLOCK)] * 3)
    assert max(Counter(Proposal.objects.values_list("to", flat=True)).values()) <= 2


@pytest.mark.parametrize("_round", range(3))
def test_a_listing_withdrawn_while_it_is_proposed_is_in_no_answer(
    _round: int, as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    offer = build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    build.news()
    at_once(lambda: markets.withdraw(offer, by=as_researcher), tasks.propose)
    assert not Proposal.objects.visible_to(as_agent).exists()
    before = Proposal.objects.count()
    Attention.objects.update(is_ready=True, looks_again_at=None)
    tasks.propose()
    assert Proposal.objects.count() == before


def test_news_of_a_listing_that_is_being_looked_at_is_not_lost(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The match comes when it was already looked for; the news of it waits, and wakes it again."""
    offer = build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    build.news()
    suited = attention.suited
    late: list[UUID] = []

    def and_then_a_need_comes(*given: object, **named: object) -> object:
        found = suited(*given, **named)  # type: ignore[arg-type]
        if not late:
            late.append(offer.pk)
            thread.start()
            moment = timezone.now() + timedelta(seconds=0.4)
            while timezone.now() < moment:
                pass
        return found

    def need() -> None:
        try:
            build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
            build.caught_up()
            build.news()
        finally:
            connections.close_all()

    thread = Thread(target=need)
    monkeypatch.setattr(attention, "suited", and_then_a_need_comes)
    attention.propose(Market.TECHNOLOGY, by=CLOCK)
    thread.join(20)
    assert Match.objects.current().exists()
    assert Attention.objects.get(pk=offer.pk).is_ready


def test_settling_side_by_side_counts_each_once(
    as_researcher: Actor, as_agent: Actor, as_reviewer: Actor
) -> None:
    market(as_researcher, as_agent, as_reviewer)
    tasks.propose()
    Attention.objects.update(due_on=day_of(timezone.now()) - timedelta(days=1))
    Attention.objects.filter(looks_again_at__isnull=False).update(looks_again_at=timezone.now())
    tasks.propose()
    done: list[int] = []
    at_once(*[lambda: done.append(tasks.settle_attention())] * 3)
    assert sum(done) == Attention.objects.filter(settled_on__isnull=False).count() == 8
