"""Large jobs of the index: how they go on, are stopped, taken up again, and say they are stuck."""

from datetime import timedelta
from enum import auto

from marketplace.lifecycle import Lifecycle, move
from marketplace.vocabulary import Term


class RunKind(Term):
    """What a run does."""

    #: Learn anew from the texts of a market how rare its words are, and their vectors.
    REFIT = auto()
    #: Match every listing of a market anew.
    REMATCH = auto()


class RunStep(Term):
    """How far into its work a run is."""

    COUNT = auto()
    LEARN = auto()
    EMBED = auto()
    SWITCH = auto()
    MATCH = auto()


class RunState(Term):
    """Whether a run goes on."""

    WAITING = auto()
    RUNNING = auto()
    #: It cannot go on by itself; the reason says why.
    STUCK = auto()
    CANCELLED = auto()
    DONE = auto()


RUN = Lifecycle(
    start=RunState.WAITING,
    moves={
        "begin": move(RunState.WAITING, to=RunState.RUNNING),
        "finish": move(RunState.RUNNING, to=RunState.DONE),
        "get_stuck": move(RunState.RUNNING, to=RunState.STUCK),
        "cancel": move(RunState.WAITING, RunState.RUNNING, RunState.STUCK, to=RunState.CANCELLED),
        "resume": move(RunState.STUCK, RunState.CANCELLED, to=RunState.WAITING),
    },
)

#: The moves that only the clock makes.
BY_CLOCK = frozenset({"begin", "finish", "get_stuck"})

#: How often in a row vectors may not be had, or learning be broken off, before a run is stuck.
MOST_FAILURES = 3
#: How long to wait after the first failure, and at most; each time twice as long.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
#: Of how many texts one must have changed for a fit to be old, and the age at which it is.
ONE_OF, AGED = 10, timedelta(days=7)
#: How long the clock begins no refit of a market after one was cancelled.
LEFT_ALONE = timedelta(days=1)
#: How many fits of a market are kept.
FITS_KEPT = 8

#: The steps of each kind of run, in order.
STEPS: dict[RunKind, tuple[RunStep, ...]] = {
    RunKind.REFIT: (RunStep.COUNT, RunStep.LEARN, RunStep.EMBED, RunStep.SWITCH),
    RunKind.REMATCH: (RunStep.MATCH,),
}


def next_step(kind: RunKind, step: RunStep) -> RunStep | None:
    """Return the step after `step`, or None after the last: of a refit COUNT is before LEARN."""
    steps = STEPS[kind]
    place = steps.index(step) + 1
    return steps[place] if place < len(steps) else None


def pause_after(failures: int) -> timedelta:
    """
    Return how long to wait before vectors are asked for again, after so many failures in a row.

        pause_after(1) → 5 seconds
        pause_after(3) → 20 seconds
        pause_after(99) → 10 minutes
    """
    return min(FIRST_PAUSE * (1 << min(failures - 1, 20)), LONGEST_PAUSE)


def is_outdated(*, counted: int, new: int, gone: int, age: timedelta) -> bool:
    """
    Say whether a fit should be made anew: a tenth of its texts changed, or it is seven days old.

    Of 1,000 texts that were counted, 60 new ones and 40 that are gone are enough: 100.
    Where nothing at all changed, it stays as it is, however old.
    """
    changed = new + gone
    return changed > 0 and (changed * ONE_OF >= counted or age >= AGED)


def has_doubled(*, counted: int, new: int) -> bool:
    """Say whether as many texts came since a fit as it was made of: 5 and 5 more, but not 4."""
    return new > 0 and new >= counted
