"""What the clock and the news do so that no stale listing stands on the market."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.deals import actions as deals
from apps.journal.models import Entry
from apps.markets import actions
from apps.markets.models import Checkup, Doubt, Interest, Listing, Reminder
from apps.markets.readers import take
from apps.markets.tasks import (
    check_all,
    check_health,
    expire_listings,
    remind_owners,
    settle_doubts,
)
from apps.pools import actions as pool_actions
from apps.pools.models import Fund, Project
from marketplace.actors import Actor
from marketplace.errors import Conflict, Refused
from marketplace.health import GRACE_DAYS
from marketplace.listings import ListingState, Market, Side
from tests.build import markets as build_markets
from tests.build import pools as build_pools

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db
CLOCK = Actor.system("test")


def news() -> None:
    """Tell what has happened since the last time."""
    last = getattr(news, "last", 0)
    take(list(Entry.objects.filter(pk__gt=last).order_by("pk")))
    news.last = Entry.objects.order_by("-pk").values_list("pk", flat=True)[0]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _from_the_beginning() -> None:
    news.last = 0  # type: ignore[attr-defined]


@pytest.fixture
def published(as_researcher, as_reviewer) -> Listing:
    """Return a need that was listed a year ago, as far as reminders know."""
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer)
    long_ago = listing.listed_at - timedelta(days=80)
    Listing.objects.filter(pk=listing.pk).update(listed_at=long_ago)
    listing.refresh_from_db()
    return listing


def ends_in(listing: Listing, days: int) -> None:
    Listing.objects.filter(pk=listing.pk).update(valid_until=build_markets.in_days(days))


def told(verb: str) -> list[int]:
    rows = Entry.objects.filter(verb=f"listing.{verb}").order_by("id")
    return [entry.facts.get("days") for entry in rows]


@pytest.mark.parametrize(
    ("days", "sent", "expected"),
    [
        (31, [], []),
        (30, [], [30]),
        (29, [30], []),
        (8, [30], []),
        (7, [30], [7]),
        (1, [30, 7], [1]),
        (0, [30, 7, 1], []),
    ],
)
def test_an_owner_is_reminded_on_the_right_days_and_only_once(days, sent, expected, published):
    ends_in(published, days)
    for each in sent:
        Reminder.objects.create(
            listing=published, valid_until=build_markets.in_days(days), days=each
        )
    assert (remind_owners(), remind_owners()) == (len(expected), 0)
    assert told("reminded") == expected
    assert told("outdated") == []


def test_what_was_listed_later_is_not_reminded_of_a_day_before(as_researcher, as_reviewer):
    build_markets.need(
        by=as_researcher, reviewer=as_reviewer, valid_until=build_markets.in_days(20)
    )
    assert remind_owners() == 0


def test_a_reminder_that_was_missed_is_caught_up_on_with_the_nearest_one(published):
    ends_in(published, 5)
    assert remind_owners() == 1
    assert told("reminded") == [7]
    ends_in(published, 90)
    assert remind_owners() == 0


def test_what_is_outdated_is_told_once_and_removed_after_the_grace(published):
    ends_in(published, -1)
    assert (remind_owners(), remind_owners()) == (1, 0)
    assert told("outdated") == [0]
    assert expire_listings() == 0
    ends_in(published, -GRACE_DAYS)
    assert expire_listings() == 0
    ends_in(published, -GRACE_DAYS - 1)
    assert (expire_listings(), expire_listings()) == (1, 0)
    published.refresh_from_db()
    assert published.state is ListingState.EXPIRED


def test_a_renewal_begins_the_reminders_anew(published, as_researcher):
    ends_in(published, -2)
    remind_owners()
    actions.renew(published, valid_until=build_markets.in_days(40), by=as_researcher)
    assert remind_owners() == 0
    Listing.objects.filter(pk=published.pk).update(
        listed_at=timezone.now() - timedelta(days=90), valid_until=build_markets.in_days(6)
    )
    assert remind_owners() == 1


@pytest.mark.parametrize("deed", ["remind", "ask", "expire"])
def test_only_the_clock_reminds_asks_and_expires(deed, published, as_reviewer, as_researcher):
    given = {"days": 7} if deed == "remind" else {}
    for by in (as_reviewer, as_researcher):
        with pytest.raises(Refused):
            getattr(actions, deed)(published, **given, by=by)


def test_an_owner_is_asked_once_until_the_next_sign_of_life(published, as_researcher):
    quiet = timezone.now() - timedelta(days=400)
    Listing.objects.filter(pk=published.pk).update(listed_at=quiet, last_sign_at=quiet)
    check_all()
    check_all()
    assert Checkup.objects.count() == 1
    assert (check_health(), check_health()) == (1, 0)
    published.refresh_from_db()
    assert published.health == 40  # a year old (-30), and silent for as long (-30)
    assert Entry.objects.filter(verb="listing.asked").count() == 1
    check_all()
    check_health()
    assert Entry.objects.filter(verb="listing.asked").count() == 1
    with pytest.raises(Conflict):
        actions.ask(published, by=CLOCK)
    version = Listing.objects.get(pk=published.pk).version
    actions.renew(published, valid_until=build_markets.in_days(300), by=as_researcher)
    row = Listing.objects.get(pk=published.pk)
    assert (row.health, row.version) == (100, version + 1)


def test_health_is_no_change_of_a_listing(published):
    version = published.version
    Listing.objects.filter(pk=published.pk).update(health=1)
    check_all()
    check_health()
    published.refresh_from_db()
    assert (published.health, published.version) == (100, version)


def test_interest_without_an_answer_makes_a_listing_less_healthy(
    published, as_agent, as_researcher, as_reviewer
):
    deal = deals.express_interest(need=published.pk, by=as_agent)
    news()
    assert Interest.objects.get().listing_id == published.pk
    Interest.objects.update(since=timezone.now() - timedelta(days=31))
    check_health()
    published.refresh_from_db()
    assert published.health == 75  # one waits (-5), for more than 30 days (-20)
    quiet = timezone.now() - timedelta(days=20)
    Listing.objects.filter(pk=published.pk).update(last_sign_at=quiet)
    deals.open_talks(deal, by=as_researcher)
    news()
    assert not Interest.objects.exists()
    check_health()
    published.refresh_from_db()
    assert published.health == 100
    assert published.last_sign_at > quiet  # to answer is a sign of life


def test_news_of_interest_may_be_told_twice(published, as_agent):
    deals.express_interest(need=published.pk, by=as_agent)
    entries = list(Entry.objects.order_by("pk"))
    take(entries)
    take(entries)
    assert Interest.objects.count() == 1


def test_what_points_at_an_entry_that_left_is_paused(as_researcher, as_reviewer):
    listing = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    news()
    assert settle_doubts() >= 0
    listing.refresh_from_db()
    assert listing.state is ListingState.PUBLISHED
    gone = pool_actions.leave(listing.project, reason="已转让", by=as_researcher)
    pool_actions.release(gone, by=as_reviewer)
    news()
    assert (settle_doubts(), settle_doubts()) == (1, 0)
    listing.refresh_from_db()
    assert listing.state is ListingState.PAUSED
    entry = Entry.objects.get(verb="listing.paused")
    assert entry.actor_task == "markets.settle_doubts"
    assert not Doubt.objects.exists()


def test_a_lapsed_right_and_a_closed_call_are_shown_and_count(as_manager, as_reviewer):
    fund = build_pools.fund(by=as_manager, reviewer=as_reviewer)
    money = build_markets.of_kind(
        Market.CAPITAL, Side.OFFER, fund=fund.pk, by=as_manager, reviewer=as_reviewer
    )
    offer = build_markets.offer(by=as_manager, reviewer=as_reviewer)
    Project.objects.filter(pk=offer.project_id).update(has_lapsed_right=True)
    Fund.objects.filter(pk=fund.pk).update(closes_on=build_markets.in_days(-1))
    check_all()
    check_health()
    money.refresh_from_db()
    offer.refresh_from_db()
    assert (offer.health, offer.has_lapsed_right()) == (75, True)
    assert (money.health, money.is_closed(build_markets.in_days(0))) == (60, True)


def test_a_held_listing_is_left_for_the_next_round(published):
    """What is gone needs no check; what is there is checked and the work row goes."""
    Checkup.objects.create(
        listing_id="0190a0a0-0000-7000-8000-000000000000", requested_at=timezone.now()
    )
    check_all()
    assert check_health() == 2
    assert not Checkup.objects.exists()
