"""How organizations answer, reckoned from the journal."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.deals import actions as deals
from apps.journal.models import Entry
from apps.matching import readers, tasks
from apps.matching.actions.standing import reckon
from apps.matching.models import Match, Stale, Standing
from marketplace.actors import Actor
from marketplace.deals import DropReason
from tests.build import markets as build
from tests.build import matching
from tests.build.deals import deal

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("reckon_standings")
LATER = timedelta(days=15)


@pytest.fixture
def sides(as_researcher, as_agent, as_reviewer):
    return {"owner": as_researcher, "taker": as_agent, "reviewer": as_reviewer}


def reckoned(organization, after=timedelta()):
    """Tell the reader all news, reckon as if so much time had gone by, and return what came out."""
    readers.take(list(Entry.objects.order_by("pk")))
    reckon(by=CLOCK, now=timezone.now() + after)
    return known(organization)


def known(organization):
    row = Standing.objects.get(pk=getattr(organization, "organization", organization))
    return (row.asked, row.answered, row.is_stale)


def test_who_opens_the_talks_has_answered(sides, as_researcher, as_agent):
    row = deal(**sides)
    assert reckoned(as_researcher) == (0, 0, False)
    deals.open_talks(row, by=as_researcher)
    assert reckoned(as_researcher) == (1, 1, False)
    assert reckoned(as_agent) == (0, 0, False)
    assert Standing.objects.get(pk=as_researcher.organization).median_hours == 0


def test_to_say_no_is_an_answer(sides, as_researcher):
    deals.drop(deal(**sides), reason=DropReason.PRICE, by=as_researcher)
    assert reckoned(as_researcher, LATER) == (1, 1, False)


def test_what_waits_counts_after_two_weeks_without_any_news(sides, as_researcher):
    deal(**sides)
    assert reckoned(as_researcher) == (0, 0, False)
    opened_at = Entry.objects.get(verb="deal.opened").at
    row = Standing.objects.get(pk=as_researcher.organization)
    assert row.again_at == opened_at + timedelta(days=14)
    assert reckon(by=CLOCK, now=row.again_at - timedelta(seconds=1)) == 0
    assert reckon(by=CLOCK, now=row.again_at) == 1
    assert known(as_researcher) == (1, 0, False)
    # And it is forgotten after a year.
    row.refresh_from_db()
    assert row.again_at == opened_at + timedelta(days=365)
    assert reckon(by=CLOCK, now=row.again_at) == 1
    assert known(as_researcher) == (0, 0, False)
    row.refresh_from_db()
    assert row.again_at is None


def test_what_is_taken_back_in_time_does_not_count(sides, as_researcher, as_agent):
    deals.drop(deal(**sides), reason=DropReason.OTHER, by=as_agent)
    assert reckoned(as_researcher, LATER) == (0, 0, False)


def test_a_listing_that_closes_is_no_missing_answer(sides, as_researcher):
    row = deal(**sides)
    deals.drop(row, reason=DropReason.LISTING_CLOSED, by=Actor.system("drop_orphans"))
    assert reckoned(as_researcher, LATER) == (0, 0, False)


def test_whoever_answers_a_need_asks_the_one_who_has_it(as_researcher, as_agent, as_reviewer):
    need = build.need(by=as_agent, reviewer=as_reviewer)
    deals.express_interest(need=need.pk, by=as_researcher)
    assert reckoned(as_agent, LATER) == (1, 0, False)
    assert reckoned(as_researcher, LATER) == (0, 0, False)


def test_where_a_broker_introduces_two_the_owner_is_asked(
    sides, as_broker, as_researcher, as_agent
):
    deal(**sides, broker=as_broker)
    assert reckoned(as_researcher, LATER) == (1, 0, False)
    assert known(as_agent) == (0, 0, False)
    assert known(as_broker) == (0, 0, False)


def test_news_only_asks_for_it_and_twice_the_same_comes_out(sides, as_researcher):
    deal(**sides)
    readers.take(list(Entry.objects.order_by("pk")))
    assert known(as_researcher) == (0, 0, True)
    assert reckoned(as_researcher, LATER) == (1, 0, False)
    entries = Entry.objects.filter(verb="standing.changed")
    assert entries.count() == 1
    assert entries.get().facts == {"asked": 1, "answered": 0}
    assert reckoned(as_researcher, LATER) == (1, 0, False)
    assert entries.count() == 1


def test_the_clock_reckons_all_that_waits_and_matches_nothing_anew(
    sides, as_researcher, monkeypatch
):
    monkeypatch.setattr("apps.matching.actions.standing.STEP", 1)
    monkeypatch.setattr(tasks, "RECKONED", 1)
    deals.open_talks(deal(**sides), by=as_researcher)
    matching.caught_up()
    Stale.objects.all().delete()
    assert tasks.reckon_standings() == 2
    assert tasks.reckon_standings() == 0
    assert known(as_researcher) == (1, 1, False)
    assert not Stale.objects.exists()


def test_how_surely_somebody_answers_goes_into_the_next_comparison(
    sides, as_researcher, as_agent, as_reviewer
):
    offer = matching.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    matching.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    matching.caught_up()
    Standing.objects.create(organization_id=as_researcher.organization, is_stale=False)
    Standing.objects.update(asked=8, answered=0)
    match = Match.objects.get(offer=offer)
    assert match.given["response"] == "0.500000"
    matching.caught_up()
    match.refresh_from_db()
    assert match.given["response"] == "0.100000"


def test_many_are_reckoned_with_as_few_queries_as_one(
    sides, as_researcher, as_agent, as_stranger, as_reviewer, as_broker
):
    def count() -> int:
        readers.take(list(Entry.objects.order_by("pk")))
        Standing.objects.update(asked=0, answered=0)
        with CaptureQueriesContext(connection) as context:
            reckon(by=CLOCK, now=timezone.now() + LATER)
        return len(context)

    deal(**sides)
    few = count()
    deal(owner=as_researcher, taker=as_stranger, reviewer=as_reviewer)
    deal(owner=as_stranger, taker=as_agent, reviewer=as_reviewer, broker=as_broker)
    assert count() == few
    assert known(as_stranger) == (1, 0, False)
    assert known(as_researcher) == (2, 0, False)
