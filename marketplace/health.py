"""
The health of a listing: how sure a reader can be that somebody still stands behind it.

A listing starts with 100 and loses points for every sign that nobody does.
"""

from datetime import date, timedelta

WHOLE = 100
#: Below this the owner is asked whether the listing still holds.
ASKED_BELOW = 50

#: After how many days since it was last listed or renewed → how many points are lost.
AGE = ((365, 30), (180, 20), (90, 10))
#: After how many days without a sign of life from its owner.
SILENCE = ((90, 30), (30, 15), (14, 5))
#: After how many days that somebody interested has waited for an answer.
WAIT = ((30, 20), (7, 10))
#: For each interest without an answer, and at most for all of them.
UNANSWERED, UNANSWERED_AT_MOST = 5, 20
LAPSED_RIGHT, CLOSED_CALL, OUTDATED = 25, 40, 30

#: How many days before its end the owner of a listing is reminded.
REMINDERS = (30, 7, 1)
#: For how many days an outdated listing still stands with its label, before it is removed.
GRACE_DAYS = 14


def health(
    *,
    listed_on: date,
    last_sign_on: date,
    today: date,
    unanswered: int = 0,
    longest_wait: int = 0,
    has_lapsed_right: bool = False,
    is_call_closed: bool = False,
    is_outdated: bool = False,
) -> int:
    """
    Return the health of a listing, from 0 to 100; waits are counted in days.

    Listed 200 days ago (-20), the last sign of its owner 40 days ago (-15), two interested without
    an answer (-10), of whom one waits for 10 days (-10): 45. With a lapsed patent (-25) it is 20.
    """
    lost = [
        _lost(AGE, (today - listed_on).days),
        _lost(SILENCE, (today - last_sign_on).days),
        _lost(WAIT, longest_wait),
        min(UNANSWERED * unanswered, UNANSWERED_AT_MOST),
        LAPSED_RIGHT * has_lapsed_right,
        CLOSED_CALL * is_call_closed,
        OUTDATED * is_outdated,
    ]
    return max(WHOLE - sum(lost), 0)


def asks_owner(health: int) -> bool:
    """Say whether the owner of a listing is asked if it still holds: at 49 yes, at 50 no."""
    return health < ASKED_BELOW


def reminder_due(
    valid_until: date, today: date, *, since: date, sent: int | None = None
) -> int | None:
    """
    Return which reminder of the end of a validity is due today: 30, 7 or 1 days before, or None.

    `since` is the day on which this end was set, `sent` the last reminder of it. A reminder that
    the clock missed is caught up on, but only the nearest one. Valid until 2025-03-31, set in 2024:

        2025-03-01 → 30    2025-03-02, 30 sent → None    2025-03-26, none sent → 7
        2025-03-30, 7 sent → 1    2025-04-01 → None

    What is listed on 2025-03-25 until 2025-03-31 is reminded of on 2025-03-30 only.
    """
    if today > valid_until:
        return None
    due = [
        days
        for days in REMINDERS
        if since < valid_until - timedelta(days) <= today and (sent is None or days < sent)
    ]
    return min(due, default=None)


def is_outdated(valid_until: date, today: date) -> bool:
    """Say whether the last day of validity has gone by: until 2025-03-31, from 2025-04-01 on."""
    return valid_until < today


def is_removed(valid_until: date, today: date) -> bool:
    """
    Say whether the days of grace have gone by too, so that the listing leaves the market.

    Valid until 2025-03-31, it stands with its label up to 2025-04-14 and leaves on 2025-04-15.
    """
    return valid_until + timedelta(GRACE_DAYS) < today


def _lost(steps: tuple[tuple[int, int], ...], days: int) -> int:
    """Return the points of the first of `steps`, longest first, that `days` have gone beyond."""
    return next((points for beyond, points in steps if days > beyond), 0)
