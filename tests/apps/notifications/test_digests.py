"""The daily digest of new matches: who is told, how many there are, and no more than once a day."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Membership
from apps.deals import actions as deals
from apps.journal.actions import tell
from apps.journal.models import Entry
from apps.markets import actions as markets
from apps.matching import tasks as matching
from apps.matching.models import Match
from apps.notifications import actions, tasks
from apps.notifications.models import Digest, Notice
from marketplace.errors import Refused
from marketplace.finding import Frequency, last_slot
from tests.build import matching as build


@pytest.fixture(autouse=True)
def reader(settings):
    settings.JOURNAL_READERS = {"notifications": "apps.notifications.readers.take"}


@pytest.fixture
def offer(as_researcher, as_reviewer):
    return build.offer("轴承钢热处理工艺", by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def need(as_agent, as_reviewer):
    return build.need("轴承钢热处理工艺", by=as_agent, reviewer=as_reviewer)


def told(actor):
    """Return what the digests say to `actor`."""
    tell("notifications")
    verbs = ["matches.digested", "deal.matches_found"]
    rows = Notice.objects.visible_to(actor).filter(verb__in=verbs).order_by("pk")
    return [(row.verb, row.subject_id, row.facts) for row in rows]


def a_day_goes_by():
    for row in Digest.objects.all():
        Digest.objects.filter(pk=row.pk).update(until=row.until - timedelta(days=1))


def test_both_sides_are_told_how_many_and_how_good(
    offer, need, as_researcher, as_agent, as_stranger, institute, works
):
    build.caught_up()
    assert tasks.digest() == 2
    facts = {"count": 1, "best": str(Match.objects.get().score)}
    assert told(as_researcher) == [("matches.digested", str(institute.pk), facts)]
    assert told(as_agent) == [("matches.digested", str(works.pk), facts)]
    assert told(as_stranger) == []


def test_they_are_told_once_a_day_and_only_what_is_new(
    offer, need, as_agent, as_researcher, as_reviewer
):
    build.caught_up()
    tasks.digest()
    assert tasks.digest() == 0
    a_day_goes_by()
    Match.objects.update(created_at=timezone.now() - timedelta(days=3))
    assert tasks.digest() == 0
    build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    assert tasks.digest() == 0
    a_day_goes_by()
    assert tasks.digest() == 2
    assert [facts["count"] for _, _, facts in told(as_researcher)] == [1, 1]


def test_one_that_closed_or_is_hidden_is_no_news(offer, need, as_agent):
    build.caught_up()
    markets.pause(need, by=as_agent)
    assert tasks.digest() == 0
    assert not Entry.objects.filter(verb="matches.digested").exists()


def test_an_organization_without_people_is_passed_over(offer, need, institute):
    build.caught_up()
    Membership.objects.filter(organization=institute).update(ended_at=timezone.now())
    assert tasks.digest() == 1
    slot = last_slot(Frequency.DAILY, timezone.now())
    assert not Digest.objects.all().due(slot).exists()


def test_the_broker_in_charge_is_told_of_others_than_his_own_pair(
    offer, need, as_researcher, as_agent, as_broker, as_reviewer
):
    build.caught_up()
    deal = deals.introduce(offer=offer.pk, need=need.pk, by=as_broker)
    tasks.digest()
    assert told(as_broker) == []
    other = build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    a_day_goes_by()
    tasks.digest()
    match = Match.objects.current().of(other.pk).get()
    facts = {"count": 1, "best": str(match.score)}
    assert told(as_broker) == [("deal.matches_found", str(deal.pk), facts)]


def test_a_broker_who_left_his_house_is_told_nothing(
    offer, need, as_agent, as_broker, as_reviewer, agency
):
    deals.introduce(offer=offer.pk, need=need.pk, by=as_broker)
    build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    Membership.objects.filter(organization=agency).update(ended_at=timezone.now())
    tasks.digest()
    assert not Entry.objects.filter(verb="deal.matches_found").exists()


def test_a_failure_holds_up_nobody_else(offer, need, institute, works, monkeypatch):
    build.caught_up()
    digest = actions.digest

    def failing(organization, *, by):
        if organization.pk == institute.pk:
            raise ValueError
        return digest(organization, by=by)

    monkeypatch.setattr(actions, "digest", failing)
    assert tasks.digest() == 1
    assert [row.organization_id for row in Digest.objects.all()] == [works.pk]


def test_only_the_clock_digests(institute, as_administrator):
    with pytest.raises(Refused):
        actions.digest(institute, by=as_administrator)


def test_a_proposal_and_the_lack_of_them_are_told_at_once(
    offer, need, as_researcher, as_agent, caller
):
    build.caught_up()
    build.news()
    matching.propose()
    tell("notifications")
    notices = caller(as_agent).get("/notices").json()["results"]
    (notice,) = [each for each in notices if each["verb"] == "listing.proposed"]
    assert notice["text"] == "A listing that suits yours was proposed to you."
    assert notice["subject_id"] == str(need.pk)
    assert notice["facts"]["match"] == str(Match.objects.get().pk)
