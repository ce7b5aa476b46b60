"""Two people at the same listing at the same moment, on real connections."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from apps.journal.models import Entry
from apps.markets import actions
from apps.markets.models import Listing
from apps.markets.tasks import expire_listings
from apps.pools import actions as pool_actions
from marketplace.errors import MarketError
from marketplace.listings import ListingState
from tests.build import markets as build_markets


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Start all `deeds` at once, each on a connection of its own; return how they ended."""
    ends: list[object] = [None] * len(deeds)
    start = Barrier(len(deeds))

    def run(place: int) -> None:
        try:
            start.wait(10)
            ends[place] = deeds[place]()
        except MarketError as error:
            ends[place] = error.code
        finally:
            connection.close()

    threads = [Thread(target=run, args=[place]) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ends


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_of_two_reviewers_one_publishes(_again, as_researcher, as_reviewer, as_second_reviewer):
    listing = build_markets.need(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED
    )
    ends = at_once(
        lambda: actions.publish(listing, by=as_reviewer, expected=listing.version),
        lambda: actions.publish(listing, by=as_second_reviewer, expected=listing.version),
    )
    assert ends.count("stale") == 1
    row = Listing.objects.get(pk=listing.pk)
    assert (row.state, row.version) == (ListingState.PUBLISHED, listing.version + 1)
    entries = Entry.objects.filter(verb="listing.published", subject_id=str(listing.pk))
    assert [entry.actor_user for entry in entries] == [row.reviewed_by_id]


@pytest.mark.django_db(transaction=True)
def test_without_versions_the_life_cycle_still_lets_one_decide(
    as_researcher, as_reviewer, as_second_reviewer
):
    listing = build_markets.need(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED
    )
    ends = at_once(
        lambda: actions.publish(listing, by=as_reviewer),
        lambda: actions.refuse(listing, reason="不属于技术", by=as_second_reviewer),
    )
    assert ends.count("wrong_state") == 1


@pytest.mark.django_db(transaction=True)
def test_a_project_does_not_leave_its_pool_while_it_is_published(as_researcher, as_reviewer):
    listing = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED
    )
    project = listing.project
    ends = at_once(
        lambda: actions.publish(listing, by=as_reviewer),
        lambda: pool_actions.leave(project, by=as_researcher),
    )
    listing.refresh_from_db()
    # Whichever comes first: nothing that had left before was published.
    assert (listing.state is ListingState.PUBLISHED) == (not isinstance(ends[0], str))
    assert not isinstance(ends[1], str)


@pytest.mark.django_db(transaction=True)
def test_two_clocks_end_each_listing_once(as_researcher, as_reviewer):
    due = [build_markets.need(by=as_researcher, reviewer=as_reviewer) for _ in range(4)]
    for listing in due:
        build_markets.run_out(listing)
    ends = at_once(expire_listings, expire_listings)
    assert sum(int(str(end)) for end in ends) == len(due)
    assert Entry.objects.filter(verb="listing.expired").count() == len(due)
