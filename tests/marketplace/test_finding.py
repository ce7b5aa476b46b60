"""When saved searches tell of what is new."""

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.calendar import SHANGHAI
from marketplace.finding import Frequency, due_at, last_slot


def at(text: str) -> datetime:
    """Return a time by the clock of Asia/Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("frequency", "now", "slot"),
    [
        (Frequency.INSTANT, "2026-07-01 07:59:59", "2026-07-01 07:59:59"),
        (Frequency.DAILY, "2026-07-01 07:59:59", "2026-06-30 08:00"),
        (Frequency.DAILY, "2026-07-01 08:00", "2026-07-01 08:00"),
        (Frequency.DAILY, "2026-07-01 23:59:59", "2026-07-01 08:00"),
        (Frequency.DAILY, "2026-07-02 00:00", "2026-07-01 08:00"),
        (Frequency.DAILY, "2026-01-01 00:30", "2025-12-31 08:00"),
        (Frequency.WEEKLY, "2026-07-01 08:00", "2026-06-29 08:00"),
        (Frequency.WEEKLY, "2026-06-29 07:59:59", "2026-06-22 08:00"),
        (Frequency.WEEKLY, "2026-06-29 08:00", "2026-06-29 08:00"),
        (Frequency.WEEKLY, "2026-07-05 23:59:59", "2026-06-29 08:00"),
    ],
)
def test_the_last_time_to_tell(frequency, now, slot):
    assert last_slot(frequency, at(now)) == at(slot)


@pytest.mark.parametrize(
    ("frequency", "found", "due"),
    [
        (Frequency.INSTANT, "2026-07-05 23:59:59", "2026-07-05 23:59:59"),
        (Frequency.DAILY, "2026-07-05 23:59:59", "2026-07-06 08:00"),
        (Frequency.DAILY, "2026-07-06 00:00:01", "2026-07-06 08:00"),
        (Frequency.DAILY, "2026-07-06 08:00", "2026-07-06 08:00"),
        (Frequency.DAILY, "2026-07-06 08:00:01", "2026-07-07 08:00"),
        (Frequency.WEEKLY, "2026-07-05 23:59:59", "2026-07-06 08:00"),
        (Frequency.WEEKLY, "2026-07-06 08:00", "2026-07-06 08:00"),
        (Frequency.WEEKLY, "2026-07-06 08:00:01", "2026-07-13 08:00"),
    ],
)
def test_when_what_was_found_is_told(frequency, found, due):
    assert due_at(frequency, at(found)) == at(due)


@pytest.mark.parametrize("frequency", Frequency)
@pytest.mark.parametrize("hours", range(0, 24 * 8, 5))
def test_what_was_found_is_due_exactly_when_its_time_has_come(frequency, hours):
    found = at("2026-07-03 06:30")
    now = found + timedelta(hours=hours)
    assert (due_at(frequency, found) <= now) == (found <= last_slot(frequency, now))


def test_midnight_is_that_of_shanghai_and_not_of_the_server():
    # 23:30 UTC on Sunday is 07:30 on Monday in Shanghai: half an hour before the digest.
    assert due_at(Frequency.WEEKLY, datetime(2026, 7, 5, 23, 30, tzinfo=UTC)) == datetime(
        2026, 7, 6, 0, 0, tzinfo=UTC
    )
    assert last_slot(Frequency.DAILY, datetime(2026, 7, 6, 0, 0, tzinfo=UTC)) == datetime(
        2026, 7, 6, 0, 0, tzinfo=UTC
    )


def test_a_clock_that_stood_still_for_days_has_one_time_to_tell_behind_it():
    found = [at(f"2026-07-0{day} 12:00") for day in (1, 2, 3)]
    slot = last_slot(Frequency.DAILY, at("2026-07-06 09:00"))
    assert [moment <= slot for moment in found] == [True, True, True]
