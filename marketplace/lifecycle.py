"""The states a thing passes through, and the moves that take it there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from marketplace.errors import Conflict
from marketplace.vocabulary import Term

S = TypeVar("S", bound=Term)


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """A named step from any of some states to one."""

    sources: frozenset[S]
    target: S


class Lifecycle(Generic[S]):
    """
    A table of moves.

    The action, the database trigger, the API and the documentation all read the same one.
    """

    def __init__(self, start: S, moves: Mapping[str, Move[S]]) -> None:
        self.start = start
        self.moves = dict(moves)

    def after(self, state: S, move: str) -> S:
        """Return the state that `move` leads to, or raise Conflict."""
        step = self.moves[move]
        if state not in step.sources:
            raise Conflict(
                "This is {state} now; “{move}” is not possible.",
                code="wrong_state",
                state=state,
                move=move,
            )
        return step.target

    def moves_from(self, state: S) -> list[str]:
        """Return the names of the moves open from `state`."""
        return [name for name, move in self.moves.items() if state in move.sources]

    def pairs(self) -> list[tuple[str, str]]:
        """Return every (from, to) pair there is, in a stable order."""
        return sorted({(s.value, m.target.value) for m in self.moves.values() for s in m.sources})


def move(*sources: S, to: S) -> Move[S]:
    """Return the step from any of `sources` to `to`."""
    return Move(frozenset(sources), to)
