"""Money in the fund pool: its products, its conditions, its quota and its opening days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import auto
from typing import cast

from marketplace.checks import choice_faults, no_number_at, number_of, too_many_at
from marketplace.errors import Conflict, Invalid
from marketplace.pools import FundKind
from marketplace.vocabulary import Term

#: How many conditions a fund can set, how many values one can name, and how long a code is.
MOST_CONDITIONS, MOST_VALUES, LONGEST_VALUE = 30, 30, 20


class FinancingStage(Term):
    """How far a firm has come that takes money (融资阶段)."""

    SEED = auto()
    ANGEL = auto()
    VENTURE = auto()
    GROWTH = auto()
    PRE_LISTING = auto()
    MATURE = auto()


class FundProduct(Term):
    """In which product money is given (资金产品)."""

    ANGEL_FUND = auto()
    VENTURE_FUND = auto()
    INDUSTRY_FUND = auto()
    GUIDANCE_FUND = auto()
    #: Public money that is support first and shares later (先投后股).
    SUPPORT_THEN_SHARES = auto()
    TECHNOLOGY_TRANSACTION_CREDIT = auto()
    INTELLECTUAL_PROPERTY_PLEDGE = auto()
    TECHNOLOGY_LOAN = auto()
    GRANT = auto()
    INTEREST_SUBSIDY = auto()
    PREMIUM_SUBSIDY = auto()
    GUARANTEE_SUBSIDY = auto()
    INVESTMENT_REWARD = auto()
    INNOVATION_VOUCHER = auto()
    PRIZE = auto()
    RESEARCH_COST_INSURANCE = auto()
    PATENT_INSURANCE = auto()
    FIRST_USE_INSURANCE = auto()
    LIABILITY_INSURANCE = auto()


#: Which products money comes in, per form.
PRODUCTS_OF: Mapping[FundKind, tuple[FundProduct, ...]] = {
    FundKind.EQUITY: (
        FundProduct.ANGEL_FUND,
        FundProduct.VENTURE_FUND,
        FundProduct.INDUSTRY_FUND,
        FundProduct.GUIDANCE_FUND,
        FundProduct.SUPPORT_THEN_SHARES,
    ),
    FundKind.LOAN: (
        FundProduct.TECHNOLOGY_TRANSACTION_CREDIT,
        FundProduct.INTELLECTUAL_PROPERTY_PLEDGE,
        FundProduct.TECHNOLOGY_LOAN,
    ),
    FundKind.SUBSIDY: (
        FundProduct.GRANT,
        FundProduct.INTEREST_SUBSIDY,
        FundProduct.PREMIUM_SUBSIDY,
        FundProduct.GUARANTEE_SUBSIDY,
        FundProduct.INVESTMENT_REWARD,
        FundProduct.INNOVATION_VOUCHER,
        FundProduct.PRIZE,
    ),
    FundKind.INSURANCE: (
        FundProduct.RESEARCH_COST_INSURANCE,
        FundProduct.PATENT_INSURANCE,
        FundProduct.FIRST_USE_INSURANCE,
        FundProduct.LIABILITY_INSURANCE,
    ),
}


class Comparison(Term):
    """How a condition compares a fact with its value."""

    EQUAL = auto()
    AT_LEAST = auto()
    AT_MOST = auto()
    ONE_OF = auto()
    #: One of some codes, or below one of them.
    UNDER = auto()


class Fact(Term):
    """What a condition can ask of a firm, a project or an application."""

    READINESS = auto()
    FIELD = auto()
    REGION = auto()
    STAGE = auto()
    REGISTERED_YEARS = auto()
    IS_HIGH_TECHNOLOGY = auto()
    IS_SMALL_TECHNOLOGY_FIRM = auto()
    HAS_GRANTED_PATENT = auto()
    ANNUAL_REVENUE = auto()
    EMPLOYEES = auto()
    AMOUNT = auto()


class FactType(Term):
    """What a fact is, and so what its value can be in a condition."""

    #: A text of digits.
    NUMBER = auto()
    #: A list of codes; the fact itself is the path to one, from the top of its list down.
    CODE = auto()
    #: A list of financing stages.
    STAGE = auto()
    #: true or false.
    YES_OR_NO = auto()


TYPES: Mapping[Fact, FactType] = {
    Fact.READINESS: FactType.NUMBER,
    Fact.FIELD: FactType.CODE,
    Fact.REGION: FactType.CODE,
    Fact.STAGE: FactType.STAGE,
    Fact.REGISTERED_YEARS: FactType.NUMBER,
    Fact.IS_HIGH_TECHNOLOGY: FactType.YES_OR_NO,
    Fact.IS_SMALL_TECHNOLOGY_FIRM: FactType.YES_OR_NO,
    Fact.HAS_GRANTED_PATENT: FactType.YES_OR_NO,
    Fact.ANNUAL_REVENUE: FactType.NUMBER,
    Fact.EMPLOYEES: FactType.NUMBER,
    Fact.AMOUNT: FactType.NUMBER,
}
COMPARISONS: Mapping[FactType, tuple[Comparison, ...]] = {
    FactType.NUMBER: (Comparison.EQUAL, Comparison.AT_LEAST, Comparison.AT_MOST),
    FactType.CODE: (Comparison.ONE_OF, Comparison.UNDER),
    FactType.STAGE: (Comparison.ONE_OF,),
    FactType.YES_OR_NO: (Comparison.EQUAL,),
}


class Answer(Term):
    """Whether a condition is met, as far as the facts are known."""

    MET = auto()
    UNMET = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one condition came to, with the English words (the key of their translation) for it."""

    position: int
    answer: Answer
    message: str
    facts: Mapping[str, object] = field(default_factory=dict)


def product_faults(kind: FundKind, product: FundProduct) -> list[Invalid]:
    """
    Return a fault unless money of `kind` comes in `product`.

        product_faults(FundKind.LOAN, FundProduct.INTELLECTUAL_PROPERTY_PLEDGE) → none
        product_faults(FundKind.LOAN, FundProduct.PRIZE) → a fault of "product"
    """
    if product in PRODUCTS_OF[kind]:
        return []
    return [
        Invalid(
            "Money given as {kind} does not come in this product.",
            code="wrong_product",
            field="product",
            kind=kind,
        )
    ]


def condition_faults(
    conditions: Sequence[Mapping[str, object]], field: str = "conditions"
) -> list[Invalid]:
    """
    Return everything that is wrong with the conditions of a fund.

    A condition is a mapping of fact, relation and value:

        {"fact": "readiness", "relation": "at_least", "value": "4"} → none
        {"fact": "region", "relation": "under", "value": ["610100"]} → none
        {"fact": "region", "relation": "at_least", "value": "610100"} → conditions.0.relation
        {"fact": "has_granted_patent", "relation": "equal", "value": "yes"} → conditions.0.value
    """
    if len(conditions) > MOST_CONDITIONS:
        return [too_many_at(field, MOST_CONDITIONS)]
    return [
        fault
        for position, condition in enumerate(conditions)
        for fault in _faults_of(condition, f"{field}.{position}")
    ]


def judge(
    conditions: Sequence[Mapping[str, object]], facts: Mapping[str, object]
) -> list[Judgement]:
    """
    Return for each of some faultless conditions whether `facts` meet it, with a sentence.

    Numbers are Decimals or whole numbers, codes the path from the top of their list. A fact that is
    not there, or None, is unknown and neither meets a condition nor breaks it:

        asked: readiness at_least "4", region under ["610100"], has_granted_patent equal true
        told: readiness 3, region ("610000", "610100", "610113") → unmet, met, unknown
    """
    return [
        _judgement(position, condition, facts.get(str(condition["fact"])))
        for position, condition in enumerate(conditions)
    ]


def unmet(
    conditions: Sequence[Mapping[str, object]], facts: Mapping[str, object]
) -> list[Judgement]:
    """Return what stands between `facts` and a fund: the unmet and the unknown conditions."""
    return [each for each in judge(conditions, facts) if each.answer is not Answer.MET]


def is_open(opens_on: date | None, closes_on: date | None, today: date) -> bool:
    """
    Say whether a fund takes applications; both days belong to the time, and None has no end.

    From 2025-03-01 to 2025-03-31 it is open on both days, and closed on 2025-04-01.
    """
    return (opens_on is None or opens_on <= today) and (closes_on is None or today <= closes_on)


def remaining(quota: Decimal | None, committed: Decimal) -> Decimal | None:
    """
    Return what is left of a quota, or None where there is none and so no limit.

    Of 5,000,000.00 with 4,200,000.00 committed 800,000.00 are left. A quota that was cut below what
    is committed leaves nothing, not less.
    """
    return None if quota is None else max(quota - committed, Decimal(0))


def must_fit(amount: Decimal, *, quota: Decimal | None, committed: Decimal) -> None:
    """
    Raise Conflict unless `amount` is still left of a quota.

    With 800,000.00 left, 800,000.00 fit and 800,000.01 do not.
    """
    left = remaining(quota, committed)
    if left is not None and amount > left:
        raise Conflict(
            "Only {remaining} of the quota is left.", code="quota_exhausted", remaining=f"{left:f}"
        )


def _faults_of(condition: Mapping[str, object], path: str) -> list[Invalid]:
    found = choice_faults(condition.get("fact"), f"{path}.fact", Fact)
    found += choice_faults(condition.get("relation"), f"{path}.relation", Comparison)
    if found:
        return found
    kind = TYPES[Fact(str(condition["fact"]))]
    if condition["relation"] not in COMPARISONS[kind]:
        return [
            Invalid(
                "This fact is compared by one of: {choices}.",
                code="wrong_relation",
                field=f"{path}.relation",
                choices=", ".join(COMPARISONS[kind]),
            )
        ]
    return _value_faults(kind, condition.get("value"), f"{path}.value")


def _value_faults(kind: FactType, value: object, path: str) -> list[Invalid]:
    if kind is FactType.NUMBER:
        return [] if number_of(value) is not None else [no_number_at(path)]
    if kind is FactType.YES_OR_NO:
        if isinstance(value, bool):
            return []
        return [Invalid("This is true or false.", code="yes_or_no", field=path)]
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_VALUES:
        return [
            Invalid(
                "This is a list of 1 to {most} values.",
                code="no_list",
                field=path,
                most=MOST_VALUES,
            )
        ]
    if kind is FactType.STAGE:
        return [
            fault
            for position, each in enumerate(value)
            for fault in choice_faults(each, f"{path}.{position}", FinancingStage)
        ]
    return [
        Invalid("This is no code.", code="no_code", field=f"{path}.{position}")
        for position, each in enumerate(value)
        if not isinstance(each, str) or not each.isascii() or not 1 <= len(each) <= LONGEST_VALUE
    ]


def _judgement(position: int, condition: Mapping[str, object], given: object) -> Judgement:
    fact, value = Fact(str(condition["fact"])), condition["value"]
    if given is None:
        return Judgement(
            position,
            Answer.UNKNOWN,
            "The fund asks for this, and it is not known: {fact}.",
            {"fact": fact},
        )
    match TYPES[fact]:
        case FactType.NUMBER:
            return _number_judgement(position, fact, str(condition["relation"]), value, given)
        case FactType.YES_OR_NO:
            if value:
                return Judgement(
                    position,
                    _answer(given is True),
                    "The fund asks for this: {fact}.",
                    {"fact": fact},
                )
            return Judgement(
                position,
                _answer(given is False),
                "The fund is closed to those with this: {fact}.",
                {"fact": fact},
            )
        case FactType.STAGE:
            stages = [FinancingStage(each) for each in _listed(value)]
            stage = FinancingStage(str(given))
            return Judgement(
                position,
                _answer(stage in stages),
                "{fact}: the fund asks for one of {wanted}, and it is {given}.",
                {"fact": fact, "wanted": stages, "given": stage},
            )
        case FactType.CODE:
            return _code_judgement(position, fact, str(condition["relation"]), value, given)


def _number_judgement(
    position: int, fact: Fact, relation: str, value: object, given: object
) -> Judgement:
    wanted, number = Decimal(str(value)), Decimal(str(given))
    told = {"fact": fact, "wanted": f"{wanted:f}", "given": f"{number:f}"}
    if relation == Comparison.AT_LEAST:
        return Judgement(
            position,
            _answer(number >= wanted),
            "{fact}: the fund asks for {wanted} at least, and it is {given}.",
            told,
        )
    if relation == Comparison.AT_MOST:
        return Judgement(
            position,
            _answer(number <= wanted),
            "{fact}: the fund asks for {wanted} at most, and it is {given}.",
            told,
        )
    return Judgement(
        position,
        _answer(number == wanted),
        "{fact}: the fund asks for {wanted}, and it is {given}.",
        told,
    )


def _code_judgement(
    position: int, fact: Fact, relation: str, value: object, given: object
) -> Judgement:
    wanted, path = _listed(value), _listed(given)
    told = {"fact": fact, "wanted": wanted, "given": path[-1]}
    if relation == Comparison.UNDER:
        return Judgement(
            position,
            _answer(not set(path).isdisjoint(wanted)),
            "{fact}: the fund asks for {wanted} or something below, and it is {given}.",
            told,
        )
    return Judgement(
        position,
        _answer(path[-1] in wanted),
        "{fact}: the fund asks for one of {wanted}, and it is {given}.",
        told,
    )


def _answer(is_met: bool) -> Answer:
    return Answer.MET if is_met else Answer.UNMET


def _listed(value: object) -> list[str]:
    """Return the texts that a value is; one alone is a list of one."""
    return [value] if isinstance(value, str) else [str(each) for each in cast("list[str]", value)]
