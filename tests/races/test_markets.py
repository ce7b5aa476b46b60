"""Two people at the same listing at the same moment, on real connections."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from apps.journal.models import Entry
from apps.markets import actions
from apps.markets.models import Checkup, Listing, Reminder, terms_of
from apps.markets.tasks import check_all, check_health, expire_listings, remind_owners
from apps.pools import actions as pool_actions
from apps.reviews import actions as reviews
from apps.reviews.models import Submission, Wording
from marketplace.errors import MarketError
from marketplace.listings import ListingState
from tests.build import markets as build_markets
from tests.callers import Caller

CLEARED = {"cleared_by": build_markets.CLEARED}


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
        lambda: reviews.accept(listing, **CLEARED, by=as_reviewer, expected=listing.version),
        lambda: reviews.accept(listing, **CLEARED, by=as_second_reviewer, expected=listing.version),
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
        lambda: reviews.accept(listing, **CLEARED, by=as_reviewer),
        lambda: reviews.refuse(listing, reason="不属于技术", by=as_second_reviewer),
    )
    assert ends.count("wrong_state") == 1
    asked = Submission.objects.get(subject_id=listing.pk)
    row = Listing.objects.get(pk=listing.pk)
    assert (asked.verdict == "accepted") == (row.state is ListingState.PUBLISHED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.PUBLISHED])
def test_two_edits_lose_no_wording(state, as_researcher, as_manager, as_reviewer):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    ends = at_once(
        lambda: reviews.change(
            listing, {"title": "A", "terms": {"acceptance": "A"}}, by=as_researcher
        ),
        lambda: reviews.change(listing, {"title": "B", "body": "B"}, by=as_manager),
    )
    assert not [end for end in ends if isinstance(end, str)]
    kept = Wording.objects.of(listing).order_by("number")
    assert [wording.number for wording in kept] == [1, 2, 3]
    last = kept.last().words
    # The later one builds on the earlier one.
    assert (last["body"], last["terms"]["acceptance"]) == ("B", "A")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_a_decision_is_on_the_words_that_were_seen(_again, as_researcher, as_reviewer):
    listing = build_markets.need(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED
    )

    def edit() -> object:
        back = reviews.take_back(listing, by=as_researcher)
        return reviews.change(back, {"title": "B"}, by=as_researcher)

    ends = at_once(
        edit,
        lambda: reviews.accept(listing, **CLEARED, by=as_reviewer, expected=listing.version),
    )
    row = Listing.objects.get(pk=listing.pk)
    if row.state is ListingState.PUBLISHED:
        assert (row.title, ends[0]) == (listing.title, "wrong_state")
    else:
        assert (row.state, ends[1]) in [
            (ListingState.DRAFT, "not_found"),
            (ListingState.DRAFT, "stale"),
        ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_a_change_is_published_or_its_listing_withdrawn(_again, as_researcher, as_reviewer):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer)
    listing = build_markets.with_change(listing, by=as_researcher, terms={"acceptance": "B"})
    ends = at_once(
        lambda: reviews.accept(listing, **CLEARED, by=as_reviewer),
        lambda: actions.withdraw(listing, by=as_researcher),
    )
    row = Listing.objects.get(pk=listing.pk)
    assert (row.state, row.waiting, row.proposed_wording) == ("withdrawn", None, None)
    published = not isinstance(ends[0], str)
    # Terms and words change together or not at all.
    assert (terms_of(row).acceptance, row.wording) == (("B", 2) if published else ("", 1))
    verdict = Submission.objects.of(row).first().verdict
    assert verdict == ("accepted" if published else "withdrawn")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_who_reads_while_it_is_spilled_reads_all_or_nothing(
    _again, as_researcher, as_reviewer, as_secrecy_officer, as_stranger
):
    listing = build_markets.need(
        by=as_researcher, reviewer=as_reviewer, body="不可外泄之辞", terms={"acceptance": "密"}
    )
    reader = Caller(as_stranger)
    ends = at_once(
        lambda: reviews.spill(listing, reason="误填", by=as_secrecy_officer),
        lambda: reader.get(f"/listings/{listing.pk}"),
        lambda: reader.post(f"/listings/{listing.pk}/pause", etag=f'"{listing.pk}.1"'),
    )
    assert not isinstance(ends[0], str)
    answer = ends[1]
    assert answer.status_code in (200, 404)
    if answer.status_code == 200:
        assert answer.json()["body"] == "不可外泄之辞"
    assert reader.get(f"/listings/{listing.pk}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_what_is_changed_while_it_is_spilled_stays_erased(
    as_researcher, as_reviewer, as_secrecy_officer
):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer)
    at_once(
        lambda: reviews.spill(listing, reason="误填", by=as_secrecy_officer),
        lambda: reviews.change(listing, {"title": "B"}, by=as_researcher),
    )
    assert {str(each.words) for each in Wording.objects.of(listing)} == {"{}"}


@pytest.mark.django_db(transaction=True)
def test_a_project_does_not_leave_its_pool_while_it_is_published(
    as_researcher, as_reviewer, as_second_reviewer
):
    listing = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED
    )
    project = pool_actions.leave(listing.project, reason="已转让", by=as_researcher)
    ends = at_once(
        lambda: reviews.accept(listing, **CLEARED, by=as_reviewer),
        lambda: pool_actions.release(project, by=as_second_reviewer),
    )
    listing.refresh_from_db()
    # Whichever comes first: nothing that had left before was published.
    assert (listing.state is ListingState.PUBLISHED) == (not isinstance(ends[0], str))
    assert not isinstance(ends[1], str)


@pytest.mark.django_db(transaction=True)
def test_two_clocks_do_everything_once(as_researcher, as_reviewer):
    due = [build_markets.need(by=as_researcher, reviewer=as_reviewer) for _ in range(4)]
    for listing in due[:2]:
        build_markets.run_out(listing)
    for listing in due[2:]:
        build_markets.run_out(listing, days=1)
    ends = at_once(expire_listings, expire_listings)
    assert sum(int(str(end)) for end in ends) == 2
    assert Entry.objects.filter(verb="listing.expired").count() == 2
    ends = at_once(remind_owners, remind_owners)
    assert sum(int(str(end)) for end in ends) == Reminder.objects.count() == 2
    at_once(check_all, check_all)
    ends = at_once(check_health, check_health)
    assert sum(int(str(end)) for end in ends) == 2
    assert not Checkup.objects.exists()
