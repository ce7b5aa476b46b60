"""
How surely an organization answers those who come to it.

The journal tells it: who began a deal with whom, and whether the other side then opened the talks
or said no. To say no is an answer too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import median

STEP = Decimal("0.000001")
#: What is older does not count any more.
WINDOW = timedelta(days=365)
#: For how long an answer may be due before it counts as missing.
PATIENCE = timedelta(days=14)

#: News by which somebody is asked, answers, or is asked no longer; `deal.dropped` is an answer
#: where the one who was asked does it.
ASKING = ("deal.opened", "deal.introduced")
ANSWERING = ("deal.talks_opened", "deal.dropped")
ENDING = ("deal.dropped",)
STANDING_VERBS = frozenset({*ASKING, *ANSWERING, *ENDING})


@dataclass(frozen=True, slots=True)
class Question:
    """That somebody was asked, when he answered, and when it was over, one way or another."""

    asked_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """How often one was asked and answered, how soon, and when that must be reckoned again."""

    asked: int
    answered: int
    #: The median of the times to an answer, in full hours.
    median_hours: int | None
    #: When time alone changes it: a question becomes too old, or has waited for too long.
    again_at: datetime | None


def response(asked: int, answered: int) -> Decimal:
    """
    Return how surely somebody answers who was asked some times: (answered + 1) / (asked + 2).

    Of whom nothing is known it is 0.5; of 8 times asked and 8 answered 0.9; of 8 and none 0.1.
    """
    return (Decimal(answered + 1) / (asked + 2)).quantize(STEP, ROUND_HALF_EVEN)


def record_of(questions: Iterable[Question], now: datetime) -> ResponseRecord:
    """
    Return how the questions of the last 365 days were answered.

    What was answered counts, however late. What was not counts once it has waited for 14 days;
    what was withdrawn before, or whose listing closed, never does:

        answered after 3 hours, answered after 20 days, asked 5 days ago, asked 15 days ago,
        withdrawn after 2 days → asked 3 times, answered 2 times, median 241 hours,
        reckoned again in 9 days, when the third has waited for 14
    """
    asked = 0
    hours: list[float] = []
    turns: list[datetime] = []
    for question in questions:
        if now - question.asked_at >= WINDOW:
            continue
        if question.answered_at is not None:
            hours.append((question.answered_at - question.asked_at) / timedelta(hours=1))
        elif (question.ended_at or now) - question.asked_at < PATIENCE:
            if question.ended_at is None:
                turns.append(question.asked_at + PATIENCE)
            continue
        asked += 1
        turns.append(question.asked_at + WINDOW)
    return ResponseRecord(
        asked=asked,
        answered=len(hours),
        median_hours=int(median(hours)) if hours else None,
        again_at=min(turns, default=None),
    )
