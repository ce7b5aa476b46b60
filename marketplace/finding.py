"""Saved searches: how often they tell of what is new."""

from datetime import datetime, time, timedelta
from enum import auto

from marketplace.calendar import SHANGHAI
from marketplace.vocabulary import Term


class Frequency(Term):
    """How often a saved search tells of what is new (提醒频率)."""

    INSTANT = auto()
    DAILY = auto()
    WEEKLY = auto()


#: How many searches one person can keep, and how long their names may be.
MOST_SEARCHES, LONGEST_NAME = 50, 80
#: The time of day, in Asia/Shanghai, and the day of the week (Monday) of digests.
DIGEST_AT, DIGEST_WEEKDAY = time(8), 0


def last_slot(frequency: Frequency, now: datetime) -> datetime:
    """
    Return the last time up to `now` at which a search of this frequency was to tell.

    In Asia/Shanghai, on Wednesday 2026-07-01:

        last_slot(INSTANT, 07:59:59) → 07:59:59
        last_slot(DAILY, 07:59:59)   → Tuesday 2026-06-30 08:00
        last_slot(DAILY, 08:00)      → Wednesday 2026-07-01 08:00
        last_slot(WEEKLY, 08:00)     → Monday 2026-06-29 08:00
    """
    if frequency is Frequency.INSTANT:
        return now
    local = now.astimezone(SHANGHAI)
    day = local.date() if local.time() >= DIGEST_AT else local.date() - timedelta(days=1)
    if frequency is Frequency.WEEKLY:
        day -= timedelta(days=(day.weekday() - DIGEST_WEEKDAY) % 7)
    return datetime.combine(day, DIGEST_AT, SHANGHAI)


def due_at(frequency: Frequency, found_at: datetime) -> datetime:
    """
    Return when a search of this frequency is to tell of what was found at `found_at`.

    In Asia/Shanghai, on Sunday 2026-07-05:

        due_at(INSTANT, 23:59:59) → 23:59:59
        due_at(DAILY, 23:59:59)   → Monday 2026-07-06 08:00
        due_at(WEEKLY, 23:59:59)  → Monday 2026-07-06 08:00
        due_at(WEEKLY, Monday 2026-07-06 08:00:01) → Monday 2026-07-13 08:00

    What was found is told with all that is found until then; a clock that stood still for days
    tells of it all at once.
    """
    last = last_slot(frequency, found_at)
    if last == found_at:
        return last
    return last + timedelta(days=7 if frequency is Frequency.WEEKLY else 1)
