"""Days as the market counts them."""

from datetime import UTC, date, datetime

import pytest

from marketplace.calendar import day_of, month_of


def test_the_year_ends_at_midnight_in_shanghai():
    assert day_of(datetime(2024, 12, 31, 15, 59, 59, tzinfo=UTC)) == date(2024, 12, 31)
    assert day_of(datetime(2024, 12, 31, 16, 0, 0, tzinfo=UTC)) == date(2025, 1, 1)


def test_a_moment_without_a_zone_has_no_day():
    with pytest.raises(ValueError, match="time zone"):
        day_of(datetime(2024, 12, 31))  # noqa: DTZ001


def test_a_month_is_named_by_its_first_day():
    assert month_of(date(2024, 2, 29)) == date(2024, 2, 1)
