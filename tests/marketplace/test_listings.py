"""The rules of listings, without a database."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.actors import Actor, Role
from marketplace.health import is_outdated
from marketplace.listings import (
    KINDS,
    LISTING,
    MOVES,
    ON_THE_MARKET,
    RANGES,
    TERMS,
    TERMS_OF,
    CooperationMode,
    Engagement,
    Exclusivity,
    ListingState,
    Market,
    PriceWay,
    Side,
    dual_use_faults,
    faults,
    open_moves,
    pool_of,
    required_of,
    shows_confidential,
    validity_faults,
    words_of_kind,
)
from marketplace.pools import FundKind, PoolKind
from marketplace.reviews import Purpose
from marketplace.secrecy import DualUse

TODAY = date(2025, 3, 1)
WHOLE = {
    "title": "A",
    "body": "B",
    "region": "610100",
    "field": "05",
    "valid_until": date(2025, 12, 31),
    "cooperation_modes": [CooperationMode.LICENCE],
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
        "cooperation_modes",
    ]


def test_the_table_has_every_kind_and_every_word():
    assert len(KINDS) == 6
    for kind in KINDS:
        required, words = required_of(*kind), words_of_kind(*kind)
        assert set(required) <= set(words)
        assert {word for word in words if "." not in word} <= set(TERMS)
        assert [word for word in words if "." in word] == [f"terms.{t}" for t in TERMS_OF[kind]]
        assert {"title", "body", "region", "field", "valid_until"} <= set(required)
    assert set(TERMS) == {
        word for kind in KINDS for word in words_of_kind(*kind) if "." not in word
    } | {"terms"}
    assert set(RANGES) <= {word for kind in KINDS for word in words_of_kind(*kind)}


def test_what_is_nested_is_needed_by_its_path():
    found = faults(Market.CAPITAL, Side.NEED, {}, stage=ListingState.SUBMITTED, today=TODAY)
    assert [fault.field for fault in found][-2:] == ["terms.fund_kind", "terms.use_of_money"]
    given = {"fund_kind": FundKind.LOAN, "use_of_money": "pilot line"}
    whole = {name: word for name, word in WHOLE.items() if name != "cooperation_modes"}
    assert (
        faults(
            Market.CAPITAL,
            Side.NEED,
            whole | {"terms": given},
            stage=ListingState.SUBMITTED,
            today=TODAY,
        )
        == []
    )


@pytest.mark.parametrize(
    ("way", "terms", "expected"),
    [
        (PriceWay.NEGOTIATED, {}, []),
        (PriceWay.LISTED_PRICE, {}, [("price_from", "missing")]),
        (PriceWay.LISTED_PRICE, {"price_from": Decimal(5)}, []),
        (PriceWay.AUCTION, {"price_to": Decimal(5)}, [("price_from", "missing")]),
        (PriceWay.AUCTION, {"price_from": Decimal(5)}, []),
        (PriceWay.FREE_FIRST, {}, [("terms.free_months", "missing")]),
        (PriceWay.FREE_FIRST, {"terms": {"free_months": 12}}, []),
    ],
)
def test_each_way_of_pricing_needs_what_it_is_made_of(way, terms, expected):
    assert told(price_way=way, **terms) == expected
    assert told(stage=ListingState.DRAFT, price_way=way, **terms) == []


def test_only_offered_technology_is_free_first():
    assert told(side=Side.NEED, price_way=PriceWay.FREE_FIRST) == [("price_way", "wrong_market")]
    assert told(side=Side.NEED, terms={"free_months": 3}) == [("terms.free_months", "wrong_market")]


def test_only_a_licence_is_exclusive():
    exclusive = {"terms": {"exclusivity": Exclusivity.EXCLUSIVE}}
    assert told(**exclusive) == []
    assert told(**exclusive, cooperation_modes=[CooperationMode.EQUITY]) == [
        ("terms.exclusivity", "no_licence")
    ]


@pytest.mark.parametrize(
    ("name", "value", "is_right"),
    [
        ("share_of_time", 1, True),
        ("share_of_time", 100, True),
        ("share_of_time", 0, False),
        ("share_of_time", 101, False),
    ],
)
def test_terms_that_are_numbers_stay_within_their_bounds(name, value, is_right):
    found = told(
        Market.TALENT,
        Side.OFFER,
        project=None,
        talent=uuid4(),
        cooperation_modes=[],
        terms={"engagement": Engagement.ADVISER, name: value},
    )
    assert found == ([] if is_right else [(f"terms.{name}", "out_of_range")])


def test_indicators_blocks_and_markings_are_blamed_by_their_paths():
    found = told(indicators=[{"name": "A"}], blocks=[{"heading": "", "text": "B", "secrecy": "x"}])
    assert {field for field, _ in found} >= {
        "indicators.0.relation",
        "indicators.0.value",
        "blocks.0.heading",
        "blocks.0.secrecy",
    }
    marked = told(terms={"support": "机密★10年"})
    assert marked == [("terms.support", "state_secret_marking")]


@pytest.mark.parametrize(
    ("own", "entry", "is_right"),
    [
        (None, None, True),
        (DualUse.MILITARY_TO_CIVIL, None, True),
        (DualUse.MILITARY_TO_CIVIL, DualUse.MILITARY_TO_CIVIL, True),
        (None, DualUse.MILITARY_TO_CIVIL, False),
        (DualUse.CIVIL_TO_MILITARY, DualUse.MILITARY_TO_CIVIL, False),
    ],
)
def test_what_is_of_a_dual_use_is_listed_as_such(own, entry, is_right):
    assert [fault.field for fault in dual_use_faults(own, entry)] == (
        [] if is_right else ["dual_use"]
    )


def test_the_moves_of_a_change_are_open_on_the_market_only():
    for state in ListingState:
        moves = open_moves(state, None, True)
        assert ("submit_change" in moves) == (state in ON_THE_MARKET)
        assert "expire" not in moves
        assert moves == [name for name in MOVES if name in moves]
    assert open_moves(ListingState.DRAFT) == ["submit", "spill"]
    assert open_moves(ListingState.PUBLISHED) == ["pause", "withdraw", "conclude", "spill", "renew"]
    waiting = open_moves(ListingState.PAUSED, Purpose.CHANGE, True)
    assert {"publish", "send_back", "refuse", "take_back", "withdraw_change"} <= set(waiting)
    assert "submit_change" not in waiting
    assert "publish" not in open_moves(ListingState.PUBLISHED)


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
    assert told(Market.CAPITAL, Side.OFFER, fund=uuid4(), cooperation_modes=[]) == [
        ("project", "wrong_pool")
    ]


def test_only_technology_has_a_mode_of_cooperation():
    terms = {"engagement": Engagement.ADVISER, "talent_kind": "engineer"}
    assert told(Market.TALENT, Side.NEED, terms=terms) == [("cooperation_modes", "wrong_market")]
    assert told(Market.TALENT, Side.NEED, terms=terms, cooperation_modes=[]) == []


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
    assert not is_outdated(day, today) or validity_faults(day, today)
    assert is_outdated(day, today) == (days < 0)


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


def test_every_state_can_be_reached_and_only_what_is_sealed_is_over_for_good():
    reached = {LISTING.start} | {move.target for move in LISTING.moves.values()}
    assert reached == set(ListingState)
    for state in (
        ListingState.REFUSED,
        ListingState.WITHDRAWN,
        ListingState.EXPIRED,
        ListingState.CONCLUDED,
    ):
        assert LISTING.moves_from(state) == ["spill"]
    assert LISTING.moves_from(ListingState.SEALED) == []
