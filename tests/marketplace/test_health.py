"""The health of listings and the reminders of their end, without a clock."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.health import (
    GRACE_DAYS,
    REMINDERS,
    asks_owner,
    health,
    is_outdated,
    is_removed,
    reminder_due,
)

TODAY = date(2025, 6, 30)
END = date(2025, 3, 31)
LONG_AGO = date(2024, 5, 1)

days = st.integers(min_value=0, max_value=2000)


def ago(count: int) -> date:
    return TODAY - timedelta(count)


def test_each_sign_that_nobody_stands_behind_a_listing_takes_its_points():
    facts = {"listed_on": ago(200), "last_sign_on": ago(40), "today": TODAY}
    waiting = facts | {"unanswered": 2, "longest_wait": 10}
    assert health(**facts) == 65
    assert health(**waiting) == 45
    assert health(**waiting, has_lapsed_right=True) == 20
    assert health(**waiting, has_lapsed_right=True, is_call_closed=True) == 0


def test_what_is_new_and_answered_is_whole():
    assert health(listed_on=TODAY, last_sign_on=TODAY, today=TODAY) == 100


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ({"listed_on": ago(90)}, 100),
        ({"listed_on": ago(91)}, 90),
        ({"listed_on": ago(366)}, 70),
        ({"last_sign_on": ago(14)}, 100),
        ({"last_sign_on": ago(15)}, 95),
        ({"last_sign_on": ago(91)}, 70),
        ({"longest_wait": 7}, 100),
        ({"longest_wait": 8}, 90),
        ({"longest_wait": 31}, 80),
        ({"unanswered": 9}, 80),
        ({"is_outdated": True}, 70),
        ({"is_call_closed": True}, 60),
    ],
)
def test_one_sign_alone(facts, left):
    assert health(**{"listed_on": TODAY, "last_sign_on": TODAY, "today": TODAY} | facts) == left


def test_the_owner_is_asked_below_50():
    assert asks_owner(49)
    assert not asks_owner(50)


@given(days, days, days, days, st.integers(0, 100), st.booleans(), st.booleans())
def test_health_stays_between_0_and_100_and_time_never_heals(
    age, silence, wait, later, unanswered, lapsed, closed
):
    def at(extra: int) -> int:
        return health(
            listed_on=ago(age),
            last_sign_on=ago(silence),
            today=TODAY + timedelta(extra),
            unanswered=unanswered,
            longest_wait=wait + extra,
            has_lapsed_right=lapsed,
            is_call_closed=closed,
        )

    assert 0 <= at(later) <= at(0) <= 100


@pytest.mark.parametrize(
    ("today", "sent", "due"),
    [
        (date(2025, 2, 28), None, None),
        (date(2025, 3, 1), None, 30),
        (date(2025, 3, 2), 30, None),
        (date(2025, 3, 2), None, 30),
        (date(2025, 3, 24), 30, 7),
        (date(2025, 3, 26), None, 7),
        (date(2025, 3, 26), 7, None),
        (date(2025, 3, 30), 7, 1),
        (date(2025, 3, 31), 7, 1),
        (date(2025, 3, 31), 1, None),
        (date(2025, 4, 1), None, None),
    ],
)
def test_a_reminder_comes_on_its_day_or_the_nearest_one_later(today, sent, due):
    assert reminder_due(END, today, since=LONG_AGO, sent=sent) == due


def test_nobody_is_reminded_of_an_end_that_was_just_set():
    listed = date(2025, 3, 25)
    found = {
        day: reminder_due(END, day, since=listed)
        for day in (listed, date(2025, 3, 29), date(2025, 3, 30))
    }
    assert list(found.values()) == [None, None, 1]


@given(st.integers(2, 400), st.lists(st.booleans(), min_size=420, max_size=420))
def test_however_often_the_clock_stands_still_each_reminder_comes_once_at_most(length, runs):
    since = END - timedelta(length)
    sent, said = None, []
    for position, is_running in enumerate(runs):
        if not is_running:
            continue
        due = reminder_due(END, since + timedelta(position), since=since, sent=sent)
        if due is not None:
            sent = due
            said.append(due)
    assert said == sorted(set(said), reverse=True)
    assert set(said) <= set(REMINDERS)
    if all(runs):
        assert said == [days for days in REMINDERS if days < length]


def test_an_outdated_listing_stands_with_its_label_for_14_days():
    assert GRACE_DAYS == 14
    assert [is_outdated(END, END), is_outdated(END, date(2025, 4, 1))] == [False, True]
    assert [is_removed(END, date(2025, 4, 14)), is_removed(END, date(2025, 4, 15))] == [False, True]
