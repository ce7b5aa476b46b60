"""How contracts are drawn up and reviewed."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from marketplace.contracts import (
    CONTRACT,
    REQUIRED_FROM,
    ContractState,
    ContractType,
    Party,
    RefusalGround,
    amount_faults,
    date_faults,
    incomplete,
    must_be_impartial,
    must_be_recognisable,
    party_faults,
    required_in,
    states_requiring,
    technical_amount,
)
from marketplace.errors import Conflict, Invalid, MarketError, Refused

APPLICANT, BUYER = uuid4(), uuid4()
TODAY = date(2026, 11, 24)


def codes(faults: list[MarketError]) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in faults]


@pytest.mark.parametrize(("reasonable_sets", "technical"), [(2, "6800000.00"), (1, "6400000.00")])
def test_what_is_no_technology_is_deducted(reasonable_sets: int, technical: str) -> None:
    """Worked case 1: three test sets at 400,000; materials 500,000; computers 300,000."""
    deduction = (3 - reasonable_sets) * Decimal("400000.00") + Decimal("500000.00")
    deduction += Decimal("300000.00")
    assert technical_amount(Decimal("8000000.00"), deduction) == Decimal(technical)


def test_amounts_are_positive_exact_and_in_yuan() -> None:
    assert amount_faults(Decimal("0.01"), Decimal(0)) == []
    assert codes(amount_faults(Decimal(0), Decimal(0))) == [("total_not_positive", "total_amount")]
    assert codes(amount_faults(Decimal("1.005"), Decimal("-0.01"), "USD")) == [
        ("currency_not_supported", "currency"),
        ("amount_too_precise", "total_amount"),
        ("deduction_negative", "deduction_amount"),
    ]
    assert codes(amount_faults(Decimal(10), Decimal("10.01"))) == [
        ("deduction_above_total", "deduction_amount")
    ]


@pytest.mark.parametrize("recognised", ["0", "0.01", "6400000.00", "8000000.00"])
def test_anything_between_nothing_and_all_can_be_recognised(recognised: str) -> None:
    must_be_recognisable(Decimal(recognised), Decimal(8_000_000))


@pytest.mark.parametrize("recognised", ["-0.01", "8000000.01", "0.001"])
def test_nothing_else_can_be_recognised(recognised: str) -> None:
    with pytest.raises(Invalid):
        must_be_recognisable(Decimal(recognised), Decimal(8_000_000))


def test_a_contract_is_signed_today_at_the_latest_and_ends_after_its_start() -> None:
    assert date_faults(signed_on=TODAY, starts_on=TODAY, ends_on=TODAY, today=TODAY) == []
    assert date_faults(signed_on=None, starts_on=None, ends_on=None, today=TODAY) == []
    faults = date_faults(
        signed_on=date(2026, 11, 25),
        starts_on=date(2026, 12, 2),
        ends_on=date(2026, 12, 1),
        today=TODAY,
    )
    assert codes(faults) == [("signed_in_future", "signed_on"), ("ends_before_start", "ends_on")]


def party(field: str, code: str, organization: UUID | None = None) -> Party:
    return Party(field, code, organization)


def test_both_sides_sign_and_the_applicant_sells() -> None:
    seller, buyer = party("sellers.0", "A", APPLICANT), party("buyers.0", "B")
    assert party_faults([seller], [buyer], applicant=APPLICANT) == []
    assert codes(party_faults([], [], applicant=APPLICANT)) == [
        ("no_seller", "sellers"),
        ("no_buyer", "buyers"),
    ]
    assert codes(party_faults([buyer], [seller], applicant=APPLICANT)) == [
        ("applicant_is_no_seller", "sellers")
    ]


def test_nobody_signs_twice() -> None:
    seller = party("sellers.0", "A", APPLICANT)
    both_sides = party_faults([seller], [party("buyers.0", "A")], applicant=APPLICANT)
    assert codes(both_sides) == [("party_twice", "buyers.0")]
    one_side = party_faults(
        [seller, party("sellers.1", "A")], [party("buyers.0", "B")], applicant=APPLICANT
    )
    assert codes(one_side) == [("party_twice", "sellers.1")]


def test_the_other_side_of_the_deal_buys() -> None:
    seller, other = party("sellers.0", "A", APPLICANT), party("buyers.0", "B", BUYER)
    assert party_faults([seller], [other], applicant=APPLICANT, taker=BUYER) == []
    faults = party_faults([seller], [party("buyers.0", "C")], applicant=APPLICANT, taker=BUYER)
    assert codes(faults) == [("taker_is_no_buyer", "buyers")]


def test_author_first_and_second_reviewer_are_three_people() -> None:
    author, first, second = uuid4(), uuid4(), uuid4()
    assert must_be_impartial(first, author=author, belongs_to_a_party=False) == first
    assert must_be_impartial(second, author=author, belongs_to_a_party=False, first=first) == second
    for reviewer, belongs, code in [
        (None, False, "needs_a_person"),
        (author, False, "reviewer_is_author"),
        (second, True, "reviewer_is_party"),
        (first, False, "reviewer_was_first"),
    ]:
        with pytest.raises(Refused) as refused:
            must_be_impartial(reviewer, author=author, belongs_to_a_party=belongs, first=first)
        assert refused.value.code == code


def test_the_way_into_the_register_leads_past_two_reviews() -> None:
    state = CONTRACT.start
    for move in ("submit", "accept", "review", "register"):
        state = CONTRACT.after(state, move)
    assert state is ContractState.REGISTERED
    assert CONTRACT.moves_from(ContractState.REGISTERED) == []
    for shortcut in set(ContractState) - {ContractState.FIRST_REVIEWED}:
        with pytest.raises(Conflict):
            CONTRACT.after(shortcut, "register")


def test_every_state_can_be_reached_and_only_decisions_are_final() -> None:
    reached = {CONTRACT.start} | {ContractState(target) for _source, target in CONTRACT.pairs()}
    assert reached == set(ContractState)
    final = {state for state in ContractState if not CONTRACT.moves_from(state)}
    assert final == {ContractState.REGISTERED, ContractState.REFUSED, ContractState.WITHDRAWN}


def test_what_a_state_requires_all_later_ones_on_the_way_require_too() -> None:
    assert states_requiring("recognised_amount") == [
        ContractState.FIRST_REVIEWED,
        ContractState.REGISTERED,
    ]
    assert set(required_in(ContractState.REGISTERED)) == set(REQUIRED_FROM)
    assert "signed_on" not in required_in(ContractState.DRAFT)
    assert codes(incomplete(ContractState.SUBMITTED, {"title": "x", "signed_on": None})) == [
        ("required", "signed_on")
    ]


def test_there_are_nine_grounds_in_their_order_and_five_types() -> None:
    assert [ground.clause for ground in RefusalGround] == list(range(1, 10))
    assert RefusalGround.SEAL_DOES_NOT_FIT.clause == 8
    assert len(ContractType) == 5
