"""How large jobs go on, and when a fit is made anew."""

from datetime import timedelta

import pytest

from marketplace.errors import Conflict
from marketplace.runs import (
    BY_CLOCK,
    LONGEST_PAUSE,
    RUN,
    STEPS,
    RunKind,
    RunState,
    RunStep,
    has_doubled,
    is_outdated,
    next_step,
    pause_after,
)

DAY = timedelta(days=1)


def test_the_steps_of_a_refit_follow_each_other():
    step: RunStep | None = STEPS[RunKind.REFIT][0]
    found = []
    while step is not None:
        found.append(step)
        step = next_step(RunKind.REFIT, step)
    assert found == [RunStep.COUNT, RunStep.LEARN, RunStep.EMBED, RunStep.SWITCH]
    assert next_step(RunKind.REMATCH, RunStep.MATCH) is None


def test_what_is_cancelled_or_stuck_can_be_resumed_and_what_is_done_cannot():
    for state in (RunState.CANCELLED, RunState.STUCK):
        assert RUN.after(state, "resume") is RunState.WAITING
    for move in RUN.moves:
        with pytest.raises(Conflict):
            RUN.after(RunState.DONE, move)


def test_people_only_cancel_and_resume():
    assert RUN.moves.keys() - BY_CLOCK == {"cancel", "resume"}


def test_pauses_double_up_to_ten_minutes():
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 4)] == [5, 10, 20, 40]
    assert pause_after(99) == LONGEST_PAUSE == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("new", "gone", "age", "answer"),
    [
        (60, 40, DAY, True),
        (60, 39, DAY, False),
        (1, 0, 7 * DAY, True),
        (0, 1, 7 * DAY, True),
        (0, 0, 70 * DAY, False),
        (0, 0, DAY, False),
    ],
)
def test_a_fit_is_old_when_a_tenth_changed_or_after_a_week(new, gone, age, answer):
    assert is_outdated(counted=1000, new=new, gone=gone, age=age) is answer


def test_a_market_has_doubled_when_as_many_came_as_there_were():
    assert has_doubled(counted=5, new=5)
    assert not has_doubled(counted=5, new=4)
    assert has_doubled(counted=0, new=1)
    assert not has_doubled(counted=0, new=0)
