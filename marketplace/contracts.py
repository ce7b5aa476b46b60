"""How a technology contract is drawn up, reviewed twice, and registered (技术合同认定登记)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import auto
from uuid import UUID

from marketplace.errors import Invalid, MarketError, Refused
from marketplace.lifecycle import Lifecycle, move
from marketplace.money import CENT, YUAN
from marketplace.vocabulary import Term


class ContractType(Term):
    """What the parties promise each other (合同类别; five since the Civil Code of 2021)."""

    DEVELOPMENT = auto()
    TRANSFER = auto()
    LICENCE = auto()
    CONSULTING = auto()
    SERVICE = auto()


class PartySide(Term):
    """Who gives the technology (卖方) and who takes it (买方)."""

    SELLER = auto()
    BUYER = auto()


class ContractState(Term):
    """Where a contract stands on its way into the register."""

    DRAFT = auto()
    SUBMITTED = auto()
    ACCEPTED = auto()
    FIRST_REVIEWED = auto()
    REGISTERED = auto()
    SENT_BACK = auto()
    REFUSED = auto()
    WITHDRAWN = auto()


CONTRACT = Lifecycle(
    start=ContractState.DRAFT,
    moves={
        "submit": move(ContractState.DRAFT, ContractState.SENT_BACK, to=ContractState.SUBMITTED),
        "accept": move(ContractState.SUBMITTED, to=ContractState.ACCEPTED),
        "send_back": move(
            ContractState.SUBMITTED,
            ContractState.ACCEPTED,
            ContractState.FIRST_REVIEWED,
            to=ContractState.SENT_BACK,
        ),
        "review": move(ContractState.ACCEPTED, to=ContractState.FIRST_REVIEWED),
        "register": move(ContractState.FIRST_REVIEWED, to=ContractState.REGISTERED),
        "refuse": move(
            ContractState.ACCEPTED, ContractState.FIRST_REVIEWED, to=ContractState.REFUSED
        ),
        "withdraw": move(
            ContractState.DRAFT,
            ContractState.SUBMITTED,
            ContractState.ACCEPTED,
            ContractState.SENT_BACK,
            to=ContractState.WITHDRAWN,
        ),
    },
)

#: While it stands here, its author's organization may change it.
OPEN_STATES = frozenset({ContractState.DRAFT, ContractState.SENT_BACK})

#: The straight way into the register.
WAY = (
    ContractState.DRAFT,
    ContractState.SUBMITTED,
    ContractState.ACCEPTED,
    ContractState.FIRST_REVIEWED,
    ContractState.REGISTERED,
)

#: What a contract must have, and the first state on its way that requires it.
REQUIRED_FROM: Mapping[str, ContractState] = {
    "title": ContractState.DRAFT,
    "contract_type": ContractState.DRAFT,
    "total_amount": ContractState.DRAFT,
    "field": ContractState.SUBMITTED,
    "signed_on": ContractState.SUBMITTED,
    "starts_on": ContractState.SUBMITTED,
    "ends_on": ContractState.SUBMITTED,
    "submitted_at": ContractState.SUBMITTED,
    "accepted_on": ContractState.ACCEPTED,
    "recognised_amount": ContractState.FIRST_REVIEWED,
    "first_reviewer": ContractState.FIRST_REVIEWED,
    "second_reviewer": ContractState.REGISTERED,
    "number": ContractState.REGISTERED,
    "registered_on": ContractState.REGISTERED,
    "registered_at": ContractState.REGISTERED,
    "rule_pack": ContractState.REGISTERED,
}


def states_requiring(field: str) -> list[ContractState]:
    """Return the states in which a contract without `field` cannot be."""
    return list(WAY[WAY.index(REQUIRED_FROM[field]) :])


def required_in(state: ContractState) -> list[str]:
    """Return the fields without which a contract cannot be in `state`."""
    return [field for field in REQUIRED_FROM if state in states_requiring(field)]


class RefusalGround(Term):
    """
    Why a contract is not registered (不予登记).

    The nine grounds of the guide of the Torch centre, no. 553 of 2021-01-13, in its order.
    """

    VOID_OR_NOT_EFFECTIVE = auto()
    NOT_A_TECHNOLOGY_CONTRACT = auto()
    UNCLEAR_PARTY_SUBJECT_OR_PRICE = auto()
    APPROVAL_IS_MISSING = auto()
    NAME_DOES_NOT_FIT_DUTIES = auto()
    UNREASONABLE_RESTRICTION = auto()
    PROOF_IS_MISSING = auto()
    SEAL_DOES_NOT_FIT = auto()
    OTHER = auto()

    @property
    def clause(self) -> int:
        """Return the number of the ground in the guide, 1 to 9."""
        return list(type(self)).index(self) + 1


class LedgerCause(Term):
    """What changed the value of a contract: its registration, once, and dated deeds after it."""

    REGISTRATION = auto()
    AMENDMENT = auto()
    TERMINATION = auto()
    CANCELLATION = auto()
    REVOCATION = auto()
    CORRECTION = auto()


#: How many parties one side may have; a bound for the answer, far above what is signed.
MOST_PARTIES = 50


def technical_amount(total: Decimal, deduction: Decimal) -> Decimal:
    """
    Return what of `total` pays for technology (技术交易额 = 合同成交额 − 非技术性费用).

    8,000,000.00 − 1,200,000.00 = 6,800,000.00. The direct cost of a reasonable quantity of carriers
    is no deduction: of three test sets at 400,000.00 two are reasonable, so one is deducted.
    """
    return total - deduction


def amount_faults(total: Decimal, deduction: Decimal, currency: str = YUAN) -> list[MarketError]:
    """Return what is wrong with the amounts of a contract."""
    faults: list[MarketError] = []
    if currency != YUAN:
        faults.append(
            Invalid(
                "Contracts are registered in yuan only: CNY, not {currency}.",
                code="currency_not_supported",
                field="currency",
                currency=currency,
            )
        )
    for field, amount in (("total_amount", total), ("deduction_amount", deduction)):
        if amount != amount.quantize(CENT):
            faults.append(
                Invalid(
                    "An amount is exact to the fen: two decimals.",
                    code="amount_too_precise",
                    field=field,
                )
            )
    if total <= 0:
        faults.append(
            Invalid(
                "The total of a contract is more than nothing.",
                code="total_not_positive",
                field="total_amount",
            )
        )
    if deduction < 0:
        faults.append(
            Invalid(
                "A deduction is not negative.", code="deduction_negative", field="deduction_amount"
            )
        )
    elif deduction > total:
        faults.append(
            Invalid(
                "No more can be deducted than the total of {total}.",
                code="deduction_above_total",
                field="deduction_amount",
                total=str(total),
            )
        )
    return faults


def must_be_recognisable(recognised: Decimal, total: Decimal) -> None:
    """Raise Invalid unless a reviewer can recognise this much of a contract of `total`."""
    if recognised != recognised.quantize(CENT):
        raise Invalid(
            "An amount is exact to the fen: two decimals.",
            code="amount_too_precise",
            field="recognised_amount",
        )
    if not 0 <= recognised <= total:
        raise Invalid(
            "What is recognised lies between 0 and the total of {total}.",
            code="recognised_out_of_range",
            field="recognised_amount",
            total=str(total),
        )


def date_faults(
    *, signed_on: date | None, starts_on: date | None, ends_on: date | None, today: date
) -> list[MarketError]:
    """Return what is wrong with the dates of a contract."""
    faults: list[MarketError] = []
    if signed_on is not None and signed_on > today:
        faults.append(
            Invalid(
                "A contract cannot be signed in the future.",
                code="signed_in_future",
                field="signed_on",
            )
        )
    if starts_on is not None and ends_on is not None and starts_on > ends_on:
        faults.append(
            Invalid(
                "A contract cannot end before it starts.", code="ends_before_start", field="ends_on"
            )
        )
    return faults


@dataclass(frozen=True, slots=True)
class Party:
    """A party as the rules see it; `field` is where the input named it."""

    field: str
    credit_code: str
    organization: UUID | None = None


def party_faults(
    sellers: Sequence[Party], buyers: Sequence[Party], *, applicant: UUID, taker: UUID | None = None
) -> list[MarketError]:
    """
    Return what is wrong with who signs.

    Each side has somebody, nobody signs twice, and who applies is among the sellers (卖方登记). The
    `taker` of the deal that the contract comes from is among the buyers.
    """
    faults: list[MarketError] = []
    if not sellers:
        faults.append(
            Invalid("A contract has at least one seller.", code="no_seller", field="sellers")
        )
    if not buyers:
        faults.append(
            Invalid("A contract has at least one buyer.", code="no_buyer", field="buyers")
        )
    seen: set[str] = set()
    for party in (*sellers, *buyers):
        if party.credit_code in seen:
            faults.append(
                Invalid(
                    "The party with the credit code {credit_code} is named twice.",
                    code="party_twice",
                    field=party.field,
                    credit_code=party.credit_code,
                )
            )
        seen.add(party.credit_code)
    if sellers and applicant not in {party.organization for party in sellers}:
        faults.append(
            Invalid(
                "The seller applies for registration: your organization must be among the sellers.",
                code="applicant_is_no_seller",
                field="sellers",
            )
        )
    if buyers and taker is not None and taker not in {party.organization for party in buyers}:
        faults.append(
            Invalid(
                "The other side of the deal must be among the buyers.",
                code="taker_is_no_buyer",
                field="buyers",
            )
        )
    return faults


def must_be_impartial(
    reviewer: UUID | None, *, author: UUID, belongs_to_a_party: bool, first: UUID | None = None
) -> UUID:
    """
    Return the person who may review, or raise Refused.

    Author, first and second reviewer are three people, and no reviewer belongs to a party. The
    clockwork is nobody, so it cannot review either.
    """
    if reviewer is None:
        raise Refused("Only a person can review a contract.", code="needs_a_person")
    if reviewer == author:
        raise Refused("Nobody reviews a contract of his own.", code="reviewer_is_author")
    if belongs_to_a_party:
        raise Refused("Nobody reviews a contract of his organization.", code="reviewer_is_party")
    if reviewer == first:
        raise Refused(
            "The second review is for another person than the first.", code="reviewer_was_first"
        )
    return reviewer


def incomplete(state: ContractState, given: Mapping[str, object]) -> list[MarketError]:
    """Return what is missing for a contract with the values `given` to be in `state`."""
    return [
        Invalid("This is required before it can be submitted.", code="required", field=field)
        for field in required_in(state)
        if field in given and given[field] in (None, "")
    ]
