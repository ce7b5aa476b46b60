"""Amounts of money."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import Money


def test_the_parts_add_up_to_the_whole():
    parts = Money(D("100.00")).split(1, 1, 1)
    assert [p.amount for p in parts] == [D("33.34"), D("33.33"), D("33.33")]


def test_three_sellers_share_by_the_largest_remainder():
    parts = Money(D("10000000.01")).split(60, 30, 10)
    assert [p.amount for p in parts] == [D("6000000.01"), D("3000000.00"), D("1000000.00")]


@given(
    st.decimals(min_value=0, max_value=10**12, places=2),
    st.lists(st.integers(1, 1000), min_size=1, max_size=12),
)
def test_no_split_loses_a_cent(amount, weights):
    whole = Money(amount)
    assert sum(part.amount for part in whole.split(*weights)) == amount


def test_money_is_never_unrounded_and_never_a_float():
    with pytest.raises(ValueError, match="Round"):
        Money(D("1.005"))
    with pytest.raises(TypeError):
        Money(1.0)  # type: ignore[arg-type]
    assert Money.rounded(D("1.005")).amount == D("1.01")


def test_two_currencies_do_not_add_up():
    with pytest.raises(ValueError, match="Cannot add"):
        Money(D("1.00"), "CNY") + Money(D("1.00"), "USD")
