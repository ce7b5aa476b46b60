"""Products, conditions, quota and opening days of funds, without a database."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.errors import Conflict
from marketplace.funding import (
    COMPARISONS,
    PRODUCTS_OF,
    TYPES,
    Answer,
    Comparison,
    Fact,
    FactType,
    FinancingStage,
    FundProduct,
    condition_faults,
    is_open,
    judge,
    must_fit,
    product_faults,
    remaining,
    unmet,
)
from marketplace.pools import FundKind

amounts = st.decimals(min_value=0, max_value=10**15, places=2)


def condition(fact: str, relation: str, value: object) -> dict[str, object]:
    return {"fact": fact, "relation": relation, "value": value}


def answer(given_condition: dict[str, object], fact: object) -> Answer:
    [found] = judge([given_condition], {str(given_condition["fact"]): fact})
    return found.answer


def test_every_product_belongs_to_one_form_of_money():
    products = [product for some in PRODUCTS_OF.values() for product in some]
    assert sorted(products) == sorted(FundProduct)
    assert PRODUCTS_OF.keys() == set(FundKind)


def test_a_loan_is_no_prize():
    assert product_faults(FundKind.LOAN, FundProduct.INTELLECTUAL_PROPERTY_PLEDGE) == []
    [fault] = product_faults(FundKind.LOAN, FundProduct.PRIZE)
    assert (fault.field, fault.code) == ("product", "wrong_product")


def test_every_fact_has_a_type_and_every_type_a_comparison():
    assert TYPES.keys() == set(Fact)
    assert COMPARISONS.keys() == set(FactType)


@pytest.mark.parametrize(
    "given_condition",
    [
        condition("readiness", "at_least", "4"),
        condition("annual_revenue", "at_most", "50000000.00"),
        condition("region", "under", ["610100"]),
        condition("field", "one_of", ["01", "05"]),
        condition("stage", "one_of", ["seed", "angel"]),
        condition("has_granted_patent", "equal", True),
    ],
)
def test_a_condition_without_faults(given_condition):
    assert condition_faults([given_condition]) == []


@pytest.mark.parametrize(
    ("given_condition", "field", "code"),
    [
        (condition("region", "at_least", "610100"), "relation", "wrong_relation"),
        (condition("has_granted_patent", "equal", "yes"), "value", "yes_or_no"),
        (condition("has_granted_patent", "equal", 1), "value", "yes_or_no"),
        (condition("readiness", "under", ["4"]), "relation", "wrong_relation"),
        (condition("readiness", "at_least", 4), "value", "number_form"),
        (condition("readiness", "at_least", "four"), "value", "number_form"),
        (condition("region", "under", "610100"), "value", "no_list"),
        (condition("region", "under", []), "value", "no_list"),
        (condition("region", "under", ["6"] * 31), "value", "no_list"),
        (condition("region", "under", ["610100", 610100]), "value.1", "no_code"),
        (condition("region", "under", ["西安"]), "value.0", "no_code"),
        (condition("stage", "one_of", ["seed", "later"]), "value.1", "unknown_word"),
        (condition("luck", "equal", True), "fact", "unknown_word"),
        (condition("readiness", "about", "4"), "relation", "unknown_word"),
        ({}, "fact", "unknown_word"),
    ],
)
def test_what_is_wrong_with_a_condition(given_condition, field, code):
    fault = condition_faults([given_condition])[0]
    assert (fault.field, fault.code) == (f"conditions.0.{field}", code)


def test_there_are_thirty_conditions_at_most():
    found = condition_faults([condition("readiness", "at_least", "4")] * 31)
    assert [(f.field, f.code) for f in found] == [("conditions", "too_many")]


def test_a_condition_is_met_unmet_or_not_known():
    asked = [
        condition("readiness", "at_least", "4"),
        condition("region", "under", ["610100"]),
        condition("has_granted_patent", "equal", True),
    ]
    told = {"readiness": 3, "region": ("610000", "610100", "610113"), "has_granted_patent": None}
    found = judge(asked, told)
    assert [each.answer for each in found] == [Answer.UNMET, Answer.MET, Answer.UNKNOWN]
    assert [each.position for each in unmet(asked, told)] == [0, 2]
    assert [each.message.format(**each.facts) for each in found] == [
        "readiness: the fund asks for 4 at least, and it is 3.",
        "region: the fund asks for ['610100'] or something below, and it is 610113.",
        "The fund asks for this, and it is not known: has_granted_patent.",
    ]
    assert [each.answer for each in judge(asked, {})] == [Answer.UNKNOWN] * 3


@pytest.mark.parametrize(
    ("given_condition", "met", "not_met"),
    [
        (condition("readiness", "at_least", "4"), 4, 3),
        (condition("readiness", "equal", "4"), Decimal("4.0"), 5),
        (condition("amount", "at_most", "800.00"), Decimal("800.00"), Decimal("800.01")),
        (condition("region", "under", ["610100"]), "610100", "610000"),
        (condition("region", "one_of", ["610100"]), ("610000", "610100"), ("610100", "610113")),
        (condition("stage", "one_of", ["seed", "angel"]), FinancingStage.ANGEL, "mature"),
        (condition("is_high_technology", "equal", True), True, False),
        (condition("is_high_technology", "equal", False), False, True),
    ],
)
def test_where_the_border_of_a_condition_lies(given_condition, met, not_met):
    assert answer(given_condition, met) is Answer.MET
    assert answer(given_condition, not_met) is Answer.UNMET


@given(st.sampled_from([Comparison.AT_LEAST, Comparison.AT_MOST]), amounts, amounts)
def test_a_fact_is_on_one_side_of_a_border_or_on_it(relation, border, number):
    asked = condition("amount", relation, f"{border:f}")
    assert (answer(asked, number) is Answer.MET) == (
        number >= border if relation is Comparison.AT_LEAST else number <= border
    )


@pytest.mark.parametrize(
    ("opens_on", "closes_on", "today", "is_it"),
    [
        (date(2025, 3, 1), date(2025, 3, 31), date(2025, 2, 28), False),
        (date(2025, 3, 1), date(2025, 3, 31), date(2025, 3, 1), True),
        (date(2025, 3, 1), date(2025, 3, 31), date(2025, 3, 31), True),
        (date(2025, 3, 1), date(2025, 3, 31), date(2025, 4, 1), False),
        (None, None, date(2025, 4, 1), True),
        (None, date(2025, 3, 31), date(2025, 4, 1), False),
    ],
)
def test_a_fund_is_open_on_its_first_and_on_its_last_day(opens_on, closes_on, today, is_it):
    assert is_open(opens_on, closes_on, today) is is_it


def test_what_is_left_of_a_quota():
    assert remaining(Decimal("5000000.00"), Decimal("4200000.00")) == Decimal("800000.00")
    assert remaining(Decimal("5.00"), Decimal("6.00")) == 0
    assert remaining(None, Decimal("6.00")) is None


def test_no_cent_more_than_is_left_fits():
    quota, committed = Decimal("5000000.00"), Decimal("4200000.00")
    must_fit(Decimal("800000.00"), quota=quota, committed=committed)
    must_fit(Decimal("800000.01"), quota=None, committed=committed)
    with pytest.raises(Conflict) as caught:
        must_fit(Decimal("800000.01"), quota=quota, committed=committed)
    assert caught.value.code == "quota_exhausted"
    assert str(caught.value) == "Only 800000.00 of the quota is left."


@given(amounts, st.lists(amounts, max_size=20))
def test_commitments_that_fit_one_by_one_never_overdraw_the_quota(quota, wishes):
    committed = Decimal(0)
    for wish in wishes:
        try:
            must_fit(wish, quota=quota, committed=committed)
        except Conflict:
            continue
        committed += wish
    assert committed <= quota
