"""Whole markets matched anew: in small steps, after the news, stopped and taken up again."""

import pytest

from apps.matching import tasks
from apps.matching.actions import bulk
from apps.matching.models import Match, Stale
from apps.retrieval.actions import runs
from apps.retrieval.models import Run
from marketplace.actors import Actor
from marketplace.errors import Missing
from marketplace.listings import Market
from marketplace.runs import RunKind, RunState
from tests.build import matching as build

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("test")


@pytest.fixture
def market(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> None:
    for number in range(3):
        build.offer(f"轴承钢热处理{number}", by=as_researcher, reviewer=as_reviewer)
        build.need(f"轴承钢热处理{number}", by=as_agent, reviewer=as_reviewer)
    build.news()
    while tasks.rematch():
        pass


def begin() -> Run:
    return runs.begin_run(RunKind.REMATCH, Market.TECHNOLOGY, by=CLOCK)


def test_a_market_is_matched_anew_and_says_how_far_it_is(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_WAITING", 4)
    run = begin()
    assert tasks.rematch_markets() == 1
    run.refresh_from_db()
    assert (run.state, run.done, run.whole) == (RunState.RUNNING, 4, 6)
    assert set(Stale.objects.values_list("is_in_bulk", flat=True)) == {True}
    # Nothing more is asked for while so many wait.
    tasks.rematch_markets()
    assert Stale.objects.count() == 4
    before = Match.objects.count()
    for _ in range(4):
        tasks.rematch()
        tasks.rematch_markets()
    run.refresh_from_db()
    assert (run.state, run.done, run.whole) == (RunState.DONE, 6, 6)
    assert Match.objects.count() == before
    assert tasks.rematch_markets() == 0


def test_news_goes_first(market: None) -> None:
    begin()
    tasks.rematch_markets()
    fresh = Stale.objects.order_by("-pk")[0]
    Stale.objects.filter(pk=fresh.pk).update(is_in_bulk=False)
    first = Stale.objects.all().claim(1, now=fresh.requested_at, patience=tasks.PATIENCE)
    assert first[0].pk == fresh.pk


def test_one_that_is_stopped_goes_on_where_it_was(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_WAITING", 2)
    run = begin()
    tasks.rematch_markets()
    run = runs.cancel(Run.objects.get(pk=run.pk), by=CLOCK)
    while tasks.rematch():
        pass
    assert tasks.rematch_markets() == 0
    assert bulk.rematch_some(run, by=CLOCK).done == 2
    runs.resume(Run.objects.get(pk=run.pk), by=CLOCK)
    for _ in range(6):
        tasks.rematch_markets()
        tasks.rematch()
    run.refresh_from_db()
    assert (run.state, run.done) == (RunState.DONE, 6)


def test_only_the_clock_or_an_administrator_goes_on_with_it(
    market: None, as_broker: Actor, as_administrator: Actor
) -> None:
    run = begin()
    with pytest.raises(Missing):
        bulk.rematch_some(run, by=as_broker)
    assert Stale.objects.count() == 0
