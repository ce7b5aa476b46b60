"""How a deal is struck: the rules, without a database."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.actors import OFFICE_ROLES, Actor, Role
from marketplace.deals import (
    BROKER_STATES,
    CLOCK_REASONS,
    DEAL,
    OPEN_STATES,
    WHO_MAY,
    DealState,
    DropReason,
    Table,
    drop_reason,
    is_introduction,
    may,
    moves_of,
    must_be_allowed,
    must_have_price,
    must_stand_between,
    proposed_price,
)
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.money import LARGEST, Money

OWNER, TAKER, AGENCY, OTHER = (UUID(int=n) for n in (1, 2, 3, 4))
CLOCK = Actor.system("drop_orphans")


def one_of(organization: UUID, *roles: Role) -> Actor:
    return Actor(
        user=uuid4(), organization=organization, roles=frozenset(roles or {Role.COMPANY_AGENT})
    )


def table(opened_for: UUID = TAKER, proposer: UUID | None = None, broker: UUID | None = None):
    return Table(OWNER, TAKER, opened_for, price_proposed_by=proposer, broker=broker)


def test_every_state_can_be_reached_and_only_the_last_is_final():
    reached, fresh = {DEAL.start}, {DEAL.start}
    while fresh:
        fresh = {DEAL.moves[m].target for s in fresh for m in DEAL.moves_from(s)} - reached
        reached |= fresh
    assert reached == set(DealState)
    final = {state for state in DealState if not DEAL.moves_from(state)}
    assert final == {DealState.DROPPED}
    assert set(OPEN_STATES) == set(DealState) - {DealState.CONTRACTED, *final}


def test_every_move_says_who_may_make_it():
    assert set(WHO_MAY) == {*DEAL.moves, "assign_broker"}
    assert all(WHO_MAY.values())


@pytest.mark.parametrize(
    ("opened_for", "answering"), [(TAKER, OWNER), (OWNER, TAKER), (AGENCY, OWNER)]
)
def test_the_talks_are_opened_by_the_side_that_did_not_open_the_deal(opened_for, answering):
    seats = table(opened_for)
    assert [org for org in (OWNER, TAKER, AGENCY) if may("open_talks", seats, one_of(org))] == [
        answering
    ]


def test_who_opened_the_deal_is_told_that_the_talks_are_for_the_other_side():
    with pytest.raises(Refused) as refused:
        must_be_allowed("open_talks", table(TAKER), one_of(TAKER))
    assert refused.value.code == "own_interest"


@pytest.mark.parametrize(("proposer", "accepting"), [(OWNER, TAKER), (TAKER, OWNER)])
def test_a_price_is_accepted_by_the_side_that_did_not_propose_it(proposer, accepting):
    seats = table(proposer=proposer)
    assert may("agree", seats, one_of(accepting))
    assert not may("agree", seats, one_of(proposer))
    with pytest.raises(Refused) as refused:
        must_be_allowed("agree", seats, one_of(proposer))
    assert refused.value.code == "own_price"


def test_where_there_is_no_price_there_is_nothing_to_agree_to():
    seats = table()
    must_be_allowed("agree", seats, one_of(OWNER))
    with pytest.raises(Conflict) as conflict:
        must_have_price(seats)
    assert conflict.value.code == "no_price"
    assert "agree" not in moves_of(one_of(OWNER), state=DealState.IN_TALKS, table=seats)


@pytest.mark.parametrize("move", sorted(WHO_MAY))
@pytest.mark.parametrize("role", sorted(OFFICE_ROLES))
def test_officers_make_no_move_even_if_they_sat_at_the_table(move, role):
    assert not may(move, table(proposer=TAKER), one_of(OWNER, role))


@pytest.mark.parametrize("move", sorted(WHO_MAY))
def test_strangers_and_the_broker_make_no_move(move):
    seats = table(proposer=TAKER, broker=AGENCY)
    for actor in (one_of(OTHER), one_of(AGENCY, Role.BROKER), Actor.anonymous()):
        assert not may(move, seats, actor)
        with pytest.raises(Refused) as refused:
            must_be_allowed(move, seats, actor)
        assert refused.value.code == "not_your_move"


def test_the_clock_drops_and_releases_and_does_nothing_else():
    assert [move for move in WHO_MAY if may(move, table(proposer=OWNER), CLOCK)] == [
        "release",
        "drop",
    ]


@pytest.mark.parametrize(
    ("organization", "state", "proposer", "moves"),
    [
        (OWNER, DealState.INTEREST, None, ["open_talks", "drop", "assign_broker"]),
        (TAKER, DealState.INTEREST, None, ["drop", "assign_broker"]),
        (OWNER, DealState.IN_TALKS, OWNER, ["propose_price", "drop", "assign_broker"]),
        (TAKER, DealState.IN_TALKS, OWNER, ["propose_price", "agree", "drop", "assign_broker"]),
        (TAKER, DealState.AGREED, OWNER, ["reopen", "drop"]),
        (TAKER, DealState.CONTRACTED, OWNER, []),
        (TAKER, DealState.DROPPED, OWNER, []),
        (OTHER, DealState.IN_TALKS, OWNER, []),
    ],
)
def test_the_moves_shown_are_those_one_can_make(organization, state, proposer, moves):
    seats = table(proposer=proposer)
    assert moves_of(one_of(organization), state=state, table=seats) == moves


def test_no_second_broker_is_asked_for():
    seats = table(broker=AGENCY)
    assert "assign_broker" not in moves_of(one_of(OWNER), state=DealState.INTEREST, table=seats)


@pytest.mark.parametrize("amount", [Decimal("0"), Decimal("0.01"), Decimal("120000.50"), LARGEST])
def test_prices_run_from_nothing_to_the_largest_amount(amount):
    assert proposed_price(Money(amount)).amount == amount


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (Money(Decimal("-0.01")), "amount_out_of_range"),
        (Money(LARGEST + 1), "amount_out_of_range"),
        (Money(Decimal("1"), "USD"), "wrong_currency"),
        (Money(Decimal("1"), "cny"), "wrong_currency"),
    ],
)
def test_other_prices_are_refused(price, code):
    with pytest.raises(Invalid) as invalid:
        proposed_price(price)
    assert invalid.value.code == code


@pytest.mark.parametrize("reason", sorted(set(DropReason) - CLOCK_REASONS))
def test_people_end_a_deal_for_any_reason_of_the_list(reason):
    assert drop_reason(reason, state=DealState.AGREED, by=one_of(OWNER)) is reason


def test_that_a_listing_was_closed_is_said_by_the_clock_and_ends_only_an_interest():
    closed = DropReason.LISTING_CLOSED
    assert drop_reason(closed, state=DealState.INTEREST, by=CLOCK) is closed
    with pytest.raises(Conflict) as conflict:
        drop_reason(closed, state=DealState.IN_TALKS, by=CLOCK)
    assert conflict.value.code == "talks_go_on"
    with pytest.raises(Invalid) as invalid:
        drop_reason(closed, state=DealState.INTEREST, by=one_of(OWNER))
    assert invalid.value.code == "reason_not_yours"


@pytest.mark.parametrize(
    ("role", "names_both", "owns_one", "introduces"),
    [
        (Role.BROKER, True, False, True),
        (Role.BROKER, True, True, False),
        (Role.BROKER, False, False, False),
        (Role.COMPANY_AGENT, True, False, False),
    ],
)
def test_a_broker_who_names_two_listings_of_others_introduces(
    role, names_both, owns_one, introduces
):
    actor = one_of(AGENCY, role)
    assert is_introduction(actor, names_both=names_both, owns_one=owns_one) is introduces


def test_a_broker_belongs_to_neither_side():
    must_stand_between([AGENCY, OTHER], table())
    for side in (OWNER, TAKER):
        with pytest.raises(Refused) as refused:
            must_stand_between([AGENCY, side], table())
        assert refused.value.code == "self_dealing"


@given(
    state=st.sampled_from(list(DealState)),
    opened_for=st.sampled_from([OWNER, TAKER, AGENCY]),
    proposer=st.sampled_from([None, OWNER, TAKER]),
    organization=st.sampled_from([OWNER, TAKER, AGENCY, OTHER]),
    roles=st.sets(st.sampled_from(list(Role)), min_size=1),
)
def test_what_is_shown_can_be_done_and_nobody_answers_himself(
    state, opened_for, proposer, organization, roles
):
    seats = table(opened_for, proposer, AGENCY)
    actor = one_of(organization, *roles)
    shown = moves_of(actor, state=state, table=seats)
    for name in shown:
        must_be_allowed(name, seats, actor)
        DEAL.after(state, name)
    if shown:
        assert organization in (OWNER, TAKER)
    assert not (opened_for == organization and "open_talks" in shown)
    assert not (proposer in (None, organization) and "agree" in shown)
    assert "contract" not in shown
    assert state in BROKER_STATES or "assign_broker" not in shown
