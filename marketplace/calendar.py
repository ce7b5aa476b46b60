"""Days, months and years as the market counts them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def day_of(moment: datetime) -> date:
    """
    Return the business day on which `moment` falls in Asia/Shanghai.

    2024-12-31T15:59:59Z is the last second of 2024 there; one second later it is 2025-01-01.
    """
    if moment.tzinfo is None:
        raise ValueError("A moment has a time zone.")
    return moment.astimezone(SHANGHAI).date()


def month_of(day: date) -> date:
    """Return the first day of the month of `day`; a month is the half-open time to the next one."""
    return day.replace(day=1)
