"""The rules of listings, without a database."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.actors import Actor, Role
from marketplace.listings import (
    ALSO_REQUIRED_FROM,
    LISTING,
    TERMS,
    CooperationMode,
    ListingState,
    Market,
    Side,
    faults,
    has_run_out,
    pool_of,
    required_of,
    shows_confidential,
    validity_faults,
)
from marketplace.pools import PoolKind

TODAY = date(2025, 3, 1)
WHOLE = {
    "title": "A",
    "body": "B",
    "region": "610100",
    "field": "05",
    "valid_until": date(2025, 12, 31),
    "cooperation": CooperationMode.LICENCE,
    "project": uuid4(),
}


def told(market=Market.TECHNOLOGY, side=Side.OFFER, stage=ListingState.SUBMITTED, **terms):
    found = faults(market, side, WHOLE | terms, stage=stage, today=TODAY)
    return [(fault.field, fault.code) for fault in found]


def test_a_whole_listing_has_no_fault():
    assert told() == []


def test_a_draft_needs_title_body_and_region_only():
    found = faults(Market.TECHNOLOGY, Side.OFFER, {}, stage=ListingState.DRAFT, today=TODAY)
    assert [fault.field for fault in found] == ["title", "body", "region"]


def test_what_is_submitted_needs_field_validity_project_and_cooperation_too():
    found = faults(Market.TECHNOLOGY, Side.OFFER, {}, stage=ListingState.SUBMITTED, today=TODAY)
    assert [fault.field for fault in found] == [
        "title",
        "body",
        "region",
        "field",
        "valid_until",
        "project",
        "cooperation",
    ]


def test_there_is_a_table_for_every_market_and_side():
    assert set(ALSO_REQUIRED_FROM) == {(market, side) for market in Market for side in Side}
    for market, side in ALSO_REQUIRED_FROM:
        assert set(required_of(market, side)) <= set(TERMS)


@pytest.mark.parametrize(
    ("market", "side", "pool"),
    [
        (Market.TECHNOLOGY, Side.OFFER, PoolKind.PROJECT),
        (Market.TALENT, Side.OFFER, PoolKind.TALENT),
        (Market.CAPITAL, Side.OFFER, PoolKind.FUND),
        (Market.TECHNOLOGY, Side.NEED, PoolKind.PROJECT),
        (Market.TALENT, Side.NEED, PoolKind.PROJECT),
        (Market.CAPITAL, Side.NEED, PoolKind.PROJECT),
    ],
)
def test_an_offer_points_at_its_pool_and_a_need_at_the_project_it_serves(market, side, pool):
    assert pool_of(market, side) is pool


def test_a_listing_points_at_no_other_pool():
    assert told(talent=uuid4()) == [("talent", "wrong_pool")]
    assert told(Market.CAPITAL, Side.OFFER, fund=uuid4(), cooperation=None) == [
        ("project", "wrong_pool")
    ]


def test_only_technology_has_a_mode_of_cooperation():
    assert told(Market.TALENT, Side.NEED) == [("cooperation", "wrong_market")]
    assert told(Market.TALENT, Side.NEED, cooperation=None) == []


def test_prices_and_readiness_are_checked_in_drafts_too():
    stage = ListingState.DRAFT
    assert told(stage=stage, price_from=Decimal(2), price_to=Decimal(1)) == [
        ("price_from", "band_order")
    ]
    assert told(stage=stage, price_from=Decimal(-1)) == [("price_from", "negative_amount")]
    assert told(stage=stage, readiness=10) == [("readiness", "readiness")]


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2025, 2, 28), "validity_is_over"),
        (date(2025, 3, 1), "validity_is_over"),
        (date(2025, 3, 2), None),
        (date(2028, 3, 1), None),
        (date(2028, 3, 2), "validity_too_long"),
    ],
)
def test_a_listing_is_valid_from_tomorrow_to_three_years_at_most(day: date, code: str | None):
    assert [fault.code for fault in validity_faults(day, TODAY)] == ([code] if code else [])


def test_three_years_from_a_leap_day_end_with_february():
    assert validity_faults(date(2027, 2, 28), date(2024, 2, 29)) == []
    assert validity_faults(date(2027, 3, 1), date(2024, 2, 29)) != []


def test_a_draft_may_lie_past_its_last_day():
    assert told(stage=ListingState.DRAFT, valid_until=date(2020, 1, 1)) == []


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 1, 1)), st.integers(-9, 9))
def test_what_has_run_out_could_not_be_submitted(today: date, days: int):
    day = today + timedelta(days=days)
    assert not has_run_out(day, today) or validity_faults(day, today)
    assert has_run_out(day, today) == (days < 0)


def test_the_confidential_part_is_for_the_own_organization_and_reviewers():
    owner, other = uuid4(), uuid4()
    assert shows_confidential(Actor(user=uuid4(), organization=owner), owner)
    assert shows_confidential(
        Actor(user=uuid4(), organization=other, roles=frozenset({Role.REVIEWER})), owner
    )
    for role in set(Role) - {Role.REVIEWER}:
        actor = Actor(user=uuid4(), organization=other, roles=frozenset({role}))
        assert not shows_confidential(actor, owner)
    assert not shows_confidential(Actor.anonymous(), owner)


def test_every_state_can_be_reached_and_four_are_final():
    reached = {LISTING.start} | {move.target for move in LISTING.moves.values()}
    assert reached == set(ListingState)
    assert {state for state in ListingState if not LISTING.moves_from(state)} == {
        ListingState.REFUSED,
        ListingState.WITHDRAWN,
        ListingState.EXPIRED,
        ListingState.CONCLUDED,
    }
