"""What stands on the market says what it says until a reviewer lets other words in."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.journal.models import Entry
from apps.journal.queries import unsealed
from apps.markets import actions
from apps.markets.models import Listing, terms_of
from apps.reviews import actions as reviews
from apps.reviews.models import Submission, Wording
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.listings import ListingState, PriceWay
from tests.build import markets as build_markets

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db
CLEARED = {"cleared_by": build_markets.CLEARED}


@pytest.fixture
def published(as_researcher, as_reviewer) -> Listing:
    return build_markets.need(by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def waiting(published, as_researcher) -> Listing:
    return build_markets.with_change(
        published, by=as_researcher, title="B", terms={"acceptance": "疲劳试验"}
    )


def test_the_live_words_stand_while_a_change_waits(published, waiting, as_researcher):
    row = Listing.objects.get(pk=published.pk)
    assert (row.state, row.title, terms_of(row).acceptance) == ("published", published.title, "")
    assert (row.wording, row.proposed_wording, row.waiting) == (1, 2, "change")
    asked = Submission.objects.open().of(row).get()
    assert (asked.purpose, asked.wording) == ("change", 2)
    assert asked.changed_fields == ["terms.acceptance", "title"]
    entry = Entry.objects.get(verb="listing.change_proposed")
    assert entry.facts == {"fields": ["terms.acceptance", "title"], "wording": 2}
    assert unsealed(entry)["title"] == [published.title, "B"]
    with pytest.raises(Conflict) as caught:
        reviews.change(row, {"title": "C"}, by=as_researcher)
    assert caught.value.code == "submitted_already"


def test_a_reviewer_puts_the_new_words_in_the_place_of_the_old(waiting, as_reviewer, as_researcher):
    before = Listing.objects.get(pk=waiting.pk)
    reviews.accept(waiting, **CLEARED, note="可", by=as_reviewer)
    row = Listing.objects.get(pk=waiting.pk)
    assert (row.title, terms_of(row).acceptance) == ("B", "疲劳试验")
    assert (row.wording, row.proposed_wording, row.waiting) == (2, None, None)
    assert (row.published_at, row.listed_at) == (before.published_at, before.listed_at)
    entry = Entry.objects.get(verb="listing.change_published")
    assert entry.actor_user == as_reviewer.user
    # The old words are kept.
    assert Wording.objects.of(row).get(number=1).words["title"] == before.title


def test_a_change_that_is_sent_back_can_be_put_right(waiting, as_researcher, as_reviewer):
    row = reviews.send_back(waiting, findings=build_markets.FINDINGS, by=as_reviewer)
    assert (row.state, row.waiting, row.proposed_wording) == (ListingState.PUBLISHED, None, 2)
    with pytest.raises(Invalid):
        reviews.submit_change(row, **CLEARED, by=as_researcher)
    # A further proposal builds on the one before it.
    row = reviews.change(row, {"body": "新正文。"}, by=as_researcher)
    row = reviews.submit_change(row, **CLEARED, what_changed="正文", by=as_researcher)
    assert Submission.objects.open().of(row).get().changed_fields == ["body"]
    row = reviews.accept(row, **CLEARED, by=as_reviewer)
    assert (row.title, row.body, row.wording) == ("B", "新正文。", 3)


def test_a_change_that_is_refused_or_withdrawn_is_gone(
    published, waiting, as_researcher, as_reviewer
):
    row = reviews.refuse(waiting, reason="夸大", by=as_reviewer)
    assert (row.state, row.waiting, row.proposed_wording) == (ListingState.PUBLISHED, None, None)
    row = build_markets.with_change(row, by=as_researcher, title="C")
    assert row.proposed_wording == 3  # No number is used twice.
    row = reviews.take_back(row, by=as_researcher)
    assert (row.waiting, row.proposed_wording) == (None, 3)
    row = reviews.withdraw_change(row, by=as_researcher)
    assert (row.title, row.proposed_wording) == (published.title, None)
    with pytest.raises(Conflict):
        reviews.withdraw_change(row, by=as_researcher)
    with pytest.raises(Conflict):
        reviews.submit_change(row, **CLEARED, by=as_researcher)
    assert {s.verdict for s in Submission.objects.of(row)} == {"accepted", "refused", "withdrawn"}


@pytest.mark.parametrize("deed", ["withdraw", "conclude"])
def test_with_the_listing_its_change_ends(deed, waiting, as_researcher, as_reviewer):
    getattr(actions, deed)(waiting, by=as_researcher)
    row = Listing.objects.get(pk=waiting.pk)
    assert (row.waiting, row.proposed_wording) == (None, None)
    assert Submission.objects.of(row).first().verdict == "withdrawn"
    with pytest.raises(Conflict):
        reviews.accept(row, **CLEARED, by=as_reviewer)


def test_a_paused_listing_is_changed_in_the_same_way(waiting, as_researcher, as_reviewer):
    actions.pause(waiting, by=as_researcher)
    row = reviews.accept(waiting, **CLEARED, by=as_reviewer)
    assert (row.state, row.title) == (ListingState.PAUSED, "B")


def test_a_change_must_be_whole_before_it_is_submitted(published, as_researcher):
    row = reviews.change(
        published, {"price_way": PriceWay.LISTED_PRICE, "price_from": None}, by=as_researcher
    )
    with pytest.raises(Invalid) as caught:
        reviews.submit_change(row, **CLEARED, by=as_researcher)
    assert [cause.field for cause in caught.value.causes] == ["price_from"]
    row = reviews.change(row, {"price_from": Decimal("200000.00")}, by=as_researcher)
    assert reviews.submit_change(row, **CLEARED, by=as_researcher).waiting == "change"


def test_a_reference_that_is_taken_is_not_taken_by_a_change(published, as_researcher, as_reviewer):
    build_markets.need(by=as_researcher, reviewer=as_reviewer, external_reference="A-1")
    row = reviews.change(published, {"external_reference": "A-1"}, by=as_researcher)
    with pytest.raises(Conflict) as caught:
        reviews.submit_change(row, **CLEARED, by=as_researcher)
    assert caught.value.code == "external_reference_taken"


def test_its_author_does_not_let_a_change_in(waiting, as_agent, as_researcher):
    for by in (as_researcher, as_agent):
        with pytest.raises(Refused):
            reviews.accept(waiting, **CLEARED, by=by)


# --- renewal ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [ListingState.PUBLISHED, ListingState.PAUSED])
def test_a_listing_is_renewed_with_one_click_even_when_outdated(state, as_researcher, as_reviewer):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    long_ago = listing.listed_at - timedelta(days=400)
    Listing.objects.filter(pk=listing.pk).update(
        listed_at=long_ago, last_sign_at=long_ago, health=10
    )
    build_markets.run_out(listing, days=1)
    until = build_markets.in_days(100)
    row = actions.renew(listing, valid_until=until, by=as_researcher)
    assert (row.state, row.valid_until, row.health) == (state, until, 100)
    assert row.listed_at == row.last_sign_at > long_ago
    assert Entry.objects.get(verb="listing.renewed").facts["valid_until"] == str(until)
    with pytest.raises(Invalid) as caught:
        actions.renew(row, valid_until=until, by=as_researcher)
    assert [cause.code for cause in caught.value.causes] == ["validity_not_longer"]
    with pytest.raises(Invalid):
        actions.renew(row, valid_until=build_markets.in_days(2000), by=as_researcher)


@pytest.mark.parametrize(
    "state", [ListingState.DRAFT, ListingState.SUBMITTED, ListingState.WITHDRAWN]
)
def test_only_what_is_on_the_market_is_renewed(state, as_researcher, as_reviewer):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    with pytest.raises(Conflict):
        actions.renew(listing, valid_until=build_markets.in_days(200), by=as_researcher)


def test_a_renewal_is_not_undone_by_an_older_proposal(waiting, as_researcher, as_reviewer):
    until = build_markets.in_days(200)
    actions.renew(waiting, valid_until=until, by=as_researcher)
    row = reviews.accept(waiting, **CLEARED, by=as_reviewer)
    assert (row.title, row.valid_until) == ("B", until)


def test_a_change_may_end_a_listing_sooner(published, as_researcher, as_reviewer):
    sooner = build_markets.in_days(10)
    row = build_markets.with_change(published, by=as_researcher, valid_until=sooner)
    assert reviews.accept(row, **CLEARED, by=as_reviewer).valid_until == sooner
