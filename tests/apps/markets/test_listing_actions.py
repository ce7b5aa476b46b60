"""What can be done to a listing, and what the table refuses."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from apps.accounts.models import Membership, Organization
from apps.journal.models import Entry
from apps.markets import actions
from apps.markets.models import Listing
from apps.markets.tasks import expire_listings
from apps.pools import actions as pool_actions
from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Missing, Refused, Stale
from marketplace.listings import LISTING, ListingState, Market, Side
from marketplace.pools import PoolState
from tests.build import markets as build_markets
from tests.build import pools as build_pools

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db


def codes(caught: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str]]:
    return {(cause.field, cause.code) for cause in caught.value.causes}


@pytest.fixture
def draft(as_researcher, as_reviewer) -> Listing:
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT)


@pytest.fixture
def submitted(as_researcher, as_reviewer) -> Listing:
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED)


@pytest.fixture
def published(as_researcher, as_reviewer) -> Listing:
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer)


def test_a_listing_is_drafted_submitted_and_published_by_a_reviewer(published, as_reviewer):
    published.refresh_from_db()
    assert published.state is ListingState.PUBLISHED
    assert published.reviewed_by_id == as_reviewer.user
    assert published.published_on == build_markets.in_days(0)
    assert published.version == 3
    told = Entry.objects.filter(subject_type="markets.listing").order_by("id")
    assert [entry.verb for entry in told] == [
        "listing.drafted",
        "listing.submitted",
        "listing.published",
    ]
    assert all(entry.parties == [published.organization_id] for entry in told)


def test_the_journal_holds_none_of_the_words(published, as_researcher, as_reviewer):
    secret = "绝密配方"
    other = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED, confidential=secret
    )
    actions.send_back(other, reason="涉及 李研究员", by=as_reviewer)
    actions.change(other, {"confidential": secret * 2, "title": "新名"}, by=as_researcher)
    facts = json.dumps(list(Entry.objects.values_list("facts", flat=True)), ensure_ascii=False)
    for word in (secret, "李研究员", "新名", published.title):
        assert word not in facts
    changed = Entry.objects.get(verb="listing.changed")
    assert changed.facts == {"fields": ["confidential", "title"]}


@pytest.mark.parametrize("state", ListingState)
def test_every_move_is_made_from_its_states_and_from_no_other(state, as_researcher, as_reviewer):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    row = Listing.objects.filter(pk=listing.pk).values()
    before = row.get()
    others = {
        "publish": as_reviewer,
        "send_back": as_reviewer,
        "refuse": as_reviewer,
        "expire": Actor.system("test"),
    }
    for deed in LISTING.moves:
        by = others.get(deed, as_researcher)
        given = {"reason": "缺少指标"} if deed in ("send_back", "refuse") else {}
        act = getattr(actions, deed)
        if deed not in LISTING.moves_from(state):
            # A reviewer knows nothing of drafts.
            with pytest.raises((Conflict, Missing)):
                act(listing, **given, by=by)
            assert row.get() == before
            continue
        with transaction.atomic():
            if deed == "expire":
                build_markets.run_out(listing)
            after = act(listing, **given, by=by)
            assert after.state is LISTING.after(state, deed)
            assert after.version == before["version"] + 1
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    "role",
    [
        "as_researcher",
        "as_manager",
        "as_agent",
        "as_broker",
    ],
)
def test_those_who_take_part_may_list(role, request):
    by = request.getfixturevalue(role)
    listing = actions.draft(build_markets.words(), market=Market.TECHNOLOGY, side=Side.NEED, by=by)
    assert listing.organization_id == by.organization
    assert listing.author_id == by.user


@pytest.mark.parametrize("role", ["as_reviewer", "as_statistician", "as_administrator"])
def test_the_office_lists_nothing(role, request):
    with pytest.raises(Refused):
        actions.draft(
            build_markets.words(),
            market=Market.TECHNOLOGY,
            side=Side.NEED,
            by=request.getfixturevalue(role),
        )


def test_everything_that_is_wrong_is_told_at_once(as_researcher):
    with pytest.raises(Invalid) as caught:
        actions.draft(
            {
                "title": "",
                "body": "B",
                "region": "1",
                "field": "12",
                "price_from": Decimal(2),
                "price_to": Decimal(1),
                "readiness": 10,
            },
            market=Market.TECHNOLOGY,
            side=Side.OFFER,
            by=as_researcher,
        )
    assert codes(caught) == {
        ("title", "missing"),
        ("region", "unknown_code"),
        ("field", "unknown_code"),
        ("price_from", "band_order"),
        ("readiness", "readiness"),
    }
    assert not Listing.objects.exists()
    assert not Entry.objects.exists()


def test_an_offer_is_submitted_only_when_its_project_is_admitted(as_researcher, as_reviewer):
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    listing = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT, project=project.pk
    )
    with pytest.raises(Invalid) as caught:
        actions.submit(listing, by=as_researcher)
    assert codes(caught) == {("project", "not_admitted")}
    pool_actions.admit(project, by=as_reviewer)
    assert actions.submit(listing, by=as_researcher).state is ListingState.SUBMITTED


def test_what_left_its_pool_meanwhile_is_not_published_or_shown_again(
    submitted, published, as_researcher, as_reviewer
):
    paused = actions.pause(published, by=as_researcher)
    for listing in (submitted, published):
        pool_actions.leave(listing.project, by=as_researcher)
    with pytest.raises(Invalid):
        actions.publish(submitted, by=as_reviewer)
    with pytest.raises(Invalid):
        actions.resume(paused, by=as_researcher)
    submitted.refresh_from_db()
    assert (submitted.state, submitted.published_on) == (ListingState.SUBMITTED, None)


def test_a_project_of_others_cannot_be_offered(published, as_agent):
    with pytest.raises(Invalid) as caught:
        actions.draft(
            build_markets.words(project=published.project_id),
            market=Market.TECHNOLOGY,
            side=Side.OFFER,
            by=as_agent,
        )
    assert codes(caught) == {("project", "unknown_entry")}


def test_one_project_stands_in_all_three_markets(published, as_researcher, as_reviewer):
    for market in (Market.TALENT, Market.CAPITAL):
        terms = build_markets.words(project=published.project_id, cooperation=None)
        listing = actions.draft(terms, market=market, side=Side.NEED, by=as_researcher)
        build_markets.brought(
            listing, ListingState.PUBLISHED, by=as_researcher, reviewer=as_reviewer
        )
    assert {row.market for row in published.project.listings.published()} == set(Market)


def test_talents_and_funds_are_offered_in_their_markets(as_manager, as_reviewer):
    talent = build_pools.talent(by=as_manager, reviewer=as_reviewer)
    fund = build_pools.fund(by=as_manager, reviewer=as_reviewer)
    for market, entry in (
        (Market.TALENT, {"talent": talent.pk}),
        (Market.CAPITAL, {"fund": fund.pk}),
    ):
        terms = build_markets.words(cooperation=None, **entry)
        listing = actions.draft(terms, market=market, side=Side.OFFER, by=as_manager)
        listing = build_markets.brought(
            listing, ListingState.PUBLISHED, by=as_manager, reviewer=as_reviewer
        )
        assert listing.state is ListingState.PUBLISHED
    with pytest.raises(Invalid) as caught:
        actions.draft(
            build_markets.words(cooperation=None, fund=fund.pk),
            market=Market.TALENT,
            side=Side.OFFER,
            by=as_manager,
        )
    assert codes(caught) == {("fund", "wrong_pool")}


def test_an_unverified_organization_submits_nothing(draft, institute, as_researcher):
    Organization.objects.filter(pk=institute.pk).update(verified_at=None, verified_by=None)
    with pytest.raises(Conflict) as caught:
        actions.submit(draft, by=as_researcher)
    assert caught.value.code == "organization_not_verified"


@pytest.mark.parametrize(("days", "code"), [(0, "validity_is_over"), (1100, "validity_too_long")])
def test_the_last_day_is_after_today_and_not_too_far(days, code, as_researcher, as_reviewer):
    listing = build_markets.offer(
        by=as_researcher,
        reviewer=as_reviewer,
        state=ListingState.DRAFT,
        valid_until=build_markets.in_days(days),
    )
    with pytest.raises(Invalid) as caught:
        actions.submit(listing, by=as_researcher)
    assert codes(caught) == {("valid_until", code)}


def test_the_author_does_not_publish_in_the_office_either(
    submitted, researcher, office, as_reviewer
):
    Membership.objects.create(user=researcher, organization=office, role=Role.REVIEWER)
    both = researcher.as_actor(organization=office.pk)
    with pytest.raises(Refused) as caught:
        actions.publish(submitted, by=both)
    assert caught.value.code == "own_work"
    Listing.objects.filter(pk=submitted.pk).update(author=as_reviewer.user)
    with pytest.raises(Refused) as caught:
        actions.publish(submitted, by=both)
    assert caught.value.code == "own_organization"
    submitted.refresh_from_db()
    assert submitted.state is ListingState.SUBMITTED


def test_others_make_no_moves_on_what_they_see(published, as_agent, as_broker, as_reviewer):
    for deed in (actions.pause, actions.withdraw, actions.conclude):
        for by in (as_agent, as_broker, as_reviewer):
            with pytest.raises(Refused):
                deed(published, by=by)
    with pytest.raises(Refused):
        actions.change(published, {"title": "B"}, by=as_agent)
    with pytest.raises(Refused):
        actions.expire(published, by=as_reviewer)


def test_a_decision_on_an_older_version_is_none(submitted, as_reviewer):
    with pytest.raises(Stale):
        actions.publish(submitted, by=as_reviewer, expected=submitted.version - 1)


def test_a_published_listing_keeps_its_words(published, as_researcher):
    with pytest.raises(Conflict) as caught:
        actions.change(published, {"title": "B"}, by=as_researcher)
    assert caught.value.code == "wrong_state"


def test_an_external_reference_is_given_once_in_an_organization(as_researcher, as_agent):
    place = {"market": Market.TECHNOLOGY, "side": Side.NEED}
    terms = build_markets.words(external_reference="A-1")
    actions.draft(terms, **place, by=as_researcher)
    actions.draft(terms, **place, by=as_agent)
    with pytest.raises(IntegrityError, match="external_reference"), transaction.atomic():
        actions.draft(terms, **place, by=as_researcher)


def test_the_clock_ends_what_has_run_out_and_nothing_else(
    published, submitted, as_researcher, as_reviewer
):
    due = [
        build_markets.offer(
            by=as_researcher, reviewer=as_reviewer, state=state, project=published.project_id
        )
        for state in (ListingState.PUBLISHED, ListingState.PAUSED)
    ]
    for listing in [*due, submitted]:
        build_markets.run_out(listing)
    Listing.objects.filter(pk=published.pk).update(valid_until=build_markets.in_days(0))
    assert expire_listings() == 2
    assert expire_listings() == 0
    for listing in due:
        listing.refresh_from_db()
        assert listing.state is ListingState.EXPIRED
    entry = Entry.objects.filter(verb="listing.expired").first()
    assert entry is not None
    assert entry.actor_task == "markets.expire_listings"
    with pytest.raises(Conflict):
        actions.expire(published, by=Actor.system("test"))


def test_what_has_run_out_is_not_resumed_before_the_clock_comes(published, as_researcher):
    paused = actions.pause(published, by=as_researcher)
    build_markets.run_out(paused)
    with pytest.raises(Conflict) as caught:
        actions.resume(paused, by=as_researcher)
    assert caught.value.code == "validity_is_over"


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ({"price_from": Decimal(-1)}, "price_from_is_not_negative"),
        ({"price_from": None, "price_to": Decimal(-1)}, "price_to_is_not_negative"),
        ({"price_from": Decimal(9), "price_to": Decimal(8)}, "price_band_goes_upwards"),
        ({"readiness": 10}, "readiness_is_1_to_9"),
        ({"readiness": 0}, "readiness_is_1_to_9"),
        ({"title": ""}, "has_title_and_body"),
        ({"side": "both"}, "side_is_known|points_at"),
        ({"market": "flea"}, "market_is_known|cooperation|points_at"),
        ({"cooperation": "barter"}, "cooperation_is_known"),
        ({"cooperation": None}, "complete_once_submitted"),
        ({"field": None}, "complete_once_submitted"),
        ({"valid_until": None}, "complete_once_submitted"),
        ({"project": None}, "offer_points_at_its_pool"),
        ({"market": "capital", "cooperation": None}, "points_at"),
        ({"reviewed_by": None}, "published_by_somebody"),
        ({"published_on": None}, "published_by_somebody"),
        ({"published_at": None}, "published_by_somebody"),
    ],
)
def test_the_table_refuses_impossible_listings(published, words, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Listing.objects.filter(pk=published.pk).update(**words)


def test_the_table_refuses_an_author_as_reviewer(published):
    with pytest.raises(IntegrityError, match="author_is_not_reviewer"), transaction.atomic():
        Listing.objects.filter(pk=published.pk).update(reviewed_by=published.author_id)


def test_the_table_lets_nothing_jump(draft, as_reviewer):
    with pytest.raises(ProgrammingError), transaction.atomic():
        Listing.objects.filter(pk=draft.pk).update(state="concluded")
    jumped = Listing(
        market=Market.TECHNOLOGY,
        side=Side.NEED,
        organization_id=draft.organization_id,
        author_id=draft.author_id,
        title="A",
        body="B",
        region_id=draft.region_id,
        field_id=draft.field_id,
        cooperation=draft.cooperation,
        valid_until=draft.valid_until,
        state=ListingState.SUBMITTED,
    )
    with pytest.raises(ProgrammingError), transaction.atomic():
        jumped.save(force_insert=True)


def test_nobody_sees_more_than_the_rules_let(as_researcher, as_reviewer, request):
    for state in ListingState:
        build_markets.need(by=as_researcher, reviewer=as_reviewer, state=state)
    seen = {
        name: {
            listing.state
            for listing in Listing.objects.all().visible_to(request.getfixturevalue(name))
        }
        for name in (
            "as_manager",
            "as_reviewer",
            "as_administrator",
            "as_statistician",
            "as_stranger",
            "as_anonymous",
        )
    }
    assert seen["as_manager"] == set(ListingState)
    assert (
        seen["as_reviewer"] == seen["as_administrator"] == set(ListingState) - {ListingState.DRAFT}
    )
    for name in ("as_statistician", "as_stranger", "as_anonymous"):
        assert seen[name] == {ListingState.PUBLISHED}


def test_validity_is_counted_in_business_days(published):
    assert published.valid_until - published.published_on == timedelta(days=90)
