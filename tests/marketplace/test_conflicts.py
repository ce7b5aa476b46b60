"""Conflicts of interest, and how surely somebody answers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.actors import Actor, Role
from marketplace.conflicts import (
    CONFLICTS,
    Conflict,
    Party,
    conflicts,
    house_of,
    in_order,
    relation_faults,
)
from marketplace.standing import PATIENCE, WINDOW, Question, ResponseRecord, record_of, response

INSTITUTE, WORKS, HOUSE = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("offer", "need", "relations", "house", "found"),
    [
        (Party(INSTITUTE), Party(WORKS), set(), None, []),
        (Party(INSTITUTE), Party(INSTITUTE), set(), None, [Conflict.SAME_ORGANIZATION]),
        (
            Party(INSTITUTE, is_confirmed=False),
            Party(WORKS),
            set(),
            None,
            [Conflict.UNCONFIRMED_IDENTITY],
        ),
        (
            Party(INSTITUTE),
            Party(WORKS),
            {(WORKS, INSTITUTE)},
            None,
            [Conflict.DECLARED_RELATION],
        ),
        (Party(INSTITUTE), Party(WORKS), {(HOUSE, INSTITUTE)}, None, []),
        (Party(HOUSE), Party(WORKS), set(), HOUSE, [Conflict.OWN_HOUSE]),
        (Party(HOUSE), Party(WORKS), set(), None, []),
        (
            Party(HOUSE),
            Party(WORKS, is_confirmed=False),
            {(HOUSE, WORKS)},
            WORKS,
            [Conflict.UNCONFIRMED_IDENTITY, Conflict.DECLARED_RELATION, Conflict.OWN_HOUSE],
        ),
    ],
)
def test_what_stands_between_two_sides(offer, need, relations, house, found):
    assert conflicts(offer, need, relations, house) == found
    # Which of the two is the offer makes no difference.
    assert conflicts(need, offer, relations, house) == found


def test_every_conflict_has_its_sentence():
    assert set(CONFLICTS) == set(Conflict)


def test_only_a_broker_has_a_house_of_his_own():
    people = {"user": uuid4(), "organization": HOUSE}
    assert house_of(Actor(**people, roles=frozenset({Role.BROKER}))) == HOUSE
    assert house_of(Actor(**people, roles=frozenset({Role.COMPANY_AGENT}))) is None
    assert house_of(Actor.system("propose")) is None


@given(st.uuids(), st.uuids())
def test_a_pair_is_one_whoever_is_named_first(one, other):
    assert in_order(one, other) == in_order(other, one)
    assert [fault.code for fault in relation_faults(one, one)] == ["same_organization"]
    assert one == other or relation_faults(one, other) == []


# --- answers ----------------------------------------------------------------------------------


def asked(days: float, *, answered: float | None = None, ended: float | None = None) -> Question:
    """Return a question of so many days ago, answered or over so many days after it."""
    at = NOW - timedelta(days=days)
    return Question(
        at,
        None if answered is None else at + timedelta(days=answered),
        None if ended is None else at + timedelta(days=ended),
    )


def test_of_whom_nothing_is_known_half_is_expected():
    assert response(0, 0) == Decimal("0.500000")
    assert response(8, 8) == Decimal("0.900000")
    assert response(8, 0) == Decimal("0.100000")
    assert str(response(1, 0)) == "0.333333"


def test_nobody_was_asked():
    assert record_of([], NOW) == ResponseRecord(0, 0, None, None)


def test_the_example_of_the_rule():
    questions = [
        asked(100, answered=3 / 24),
        asked(90, answered=20),
        asked(5),
        asked(15),
        asked(30, ended=2),
    ]
    assert record_of(questions, NOW) == ResponseRecord(3, 2, 241, NOW + timedelta(days=9))


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        (asked(13.99), (0, 0)),
        (asked(14), (1, 0)),
        (asked(1, answered=0.5), (1, 1)),
        (asked(40, ended=13.99), (0, 0)),
        (asked(40, ended=14), (1, 0)),
        (asked(364.99, answered=30), (1, 1)),
        (asked(365, answered=30), (0, 0)),
    ],
)
def test_what_counts(question, counts):
    found = record_of([question], NOW)
    assert (found.asked, found.answered) == counts


DAYS = st.floats(0, 400, allow_nan=False)
QUESTIONS = st.lists(
    st.builds(
        asked, DAYS, answered=st.none() | st.floats(0, 60), ended=st.none() | st.floats(0, 60)
    ),
    max_size=8,
)


@given(QUESTIONS)
def test_nothing_changes_before_the_time_that_is_told(questions):
    found = record_of(questions, NOW)
    assert 0 <= found.answered <= found.asked <= len(questions)
    assert found.again_at is None or NOW < found.again_at <= NOW + max(PATIENCE, WINDOW)
    until = found.again_at or NOW + 2 * WINDOW
    later = record_of(questions, until - timedelta(microseconds=1))
    assert (later.asked, later.answered) == (found.asked, found.answered)
