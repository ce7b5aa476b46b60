"""What is counted, where it belongs and how it is rounded."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from marketplace.calendar import day_of, month_of
from marketplace.statistics import (
    ADDS_UP,
    DEFINITIONS,
    LIES_IN,
    Dimension,
    Flow,
    Measure,
    flows,
    growth_rate,
    in_hundred_million,
    month_as_text,
    month_from_text,
    region_prefix,
)


@pytest.mark.parametrize(
    ("region", "prefix"),
    [("610000", "61"), ("610100", "6101"), ("610113", "610113"), ("419001", "419001")],
)
def test_a_region_reaches_as_far_as_its_code_is_filled(region: str, prefix: str) -> None:
    assert region_prefix(region) == prefix


@pytest.mark.parametrize(
    "text", ["", "61", "000000", "6101130", "６１０１００", "61010x", "610100\n"]
)
def test_what_is_no_region_has_no_prefix(text: str) -> None:
    with pytest.raises(ValueError, match="no code of a region"):
        region_prefix(text)


@pytest.mark.parametrize(
    ("area", "seller", "buyer", "expected"),
    [
        ("610000", "610113", "610400", {Flow.OUTPUT, Flow.ABSORPTION, Flow.LOCAL_CONVERSION}),
        ("610100", "610113", "610400", {Flow.OUTPUT}),
        ("610400", "610113", "610400", {Flow.ABSORPTION}),
        ("610000", "610113", "440300", {Flow.OUTPUT}),
        ("440300", "610113", "440300", {Flow.ABSORPTION}),
        ("610000", "110108", "440300", set()),
    ],
)
def test_a_contract_is_output_where_it_is_sold_and_absorbed_where_it_is_bought(
    area: str, seller: str, buyer: str, expected: set[Flow]
) -> None:
    assert flows(area, seller_region=seller, buyer_region=buyer) == expected


def test_the_month_ends_at_midnight_in_shanghai() -> None:
    last = datetime(2024, 12, 31, 15, 59, 59, tzinfo=UTC)
    first = datetime(2024, 12, 31, 16, 0, 0, tzinfo=UTC)
    assert month_of(day_of(last)) == date(2024, 12, 1)
    assert month_of(day_of(first)) == date(2025, 1, 1)


def test_a_month_is_read_as_it_is_written() -> None:
    assert month_from_text("2026-03") == date(2026, 3, 1)
    assert month_as_text(date(2026, 3, 31)) == "2026-03"


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "2026-3", "2026-03-01", "0999-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no month"):
        month_from_text(text)


@pytest.mark.parametrize(
    ("yuan", "shown"),
    [
        ("288130000000.00", "2881.30"),
        ("288130499999.99", "2881.30"),
        ("288130500000.00", "2881.31"),
        ("500000.00", "0.01"),
        ("499999.99", "0.00"),
        ("-120000000.00", "-1.20"),
        ("9999999999999999999999.99", "100000000000000.00"),
    ],
)
def test_hundred_millions_are_rounded_half_up(yuan: str, shown: str) -> None:
    assert str(in_hundred_million(Decimal(yuan))) == shown


@pytest.mark.parametrize(
    ("now", "before", "rate"),
    [
        ("4120.76", "3053.50", "34.95"),  # Shaanxi 2023, as published
        ("2881.30", "2209.49", "30.41"),  # Xi'an 2022
        ("150", "200", "-25.00"),
        ("0", "200", "-100.00"),
    ],
)
def test_growth_is_in_per_cent_of_the_earlier_figure(now: str, before: str, rate: str) -> None:
    assert growth_rate(Decimal(now), Decimal(before)) == Decimal(rate)


@pytest.mark.parametrize("before", ["0", "-1"])
def test_nothing_is_compared_with_nothing(before: str) -> None:
    assert growth_rate(Decimal(5), Decimal(before)) is None


def test_growth_is_rounded_as_far_as_it_is_published() -> None:
    assert growth_rate(Decimal("47791.02"), Decimal("37294.30"), places=1) == Decimal("28.1")


def test_every_dimension_measure_and_flow_is_defined_in_words() -> None:
    names = [definition.name for definition in DEFINITIONS]
    assert len(names) == len(set(names))
    assert {*Dimension, *Measure, *Flow} <= set(names)


def test_every_measure_and_flow_says_what_it_is_made_of() -> None:
    assert set(ADDS_UP) == set(Measure)
    assert set(LIES_IN) == set(Flow)
