"""What can go wrong in the market, apart from bugs."""

from collections.abc import Sequence
from typing import Self


class MarketError(Exception):
    """
    Something the market does not allow.

    `code` is for programs and never changes; `message` is for people, may change, is the English
    text and at the same time the key of its translation, and may name facts in braces. `field` is
    the input that is to blame, as a dotted path; `causes` are the single faults of several.
    """

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str = "",
        causes: Sequence["MarketError"] = (),
        **facts: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.causes = tuple(causes)
        self.facts = facts

    def __str__(self) -> str:
        words = self.message.format(**self.facts)
        return " ".join([words, *(f"{cause.field}: {cause}" for cause in self.causes)])


class Missing(MarketError):
    """There is no such thing, or the actor may not know of it: both look the same."""

    code = "not_found"

    def __init__(self, message: str = "There is nothing here that you may see.") -> None:
        super().__init__(message)


class Refused(MarketError):
    """The actor may not do this."""

    code = "refused"


class Conflict(MarketError):
    """The thing is no longer in a state that allows this."""

    code = "conflict"


class Stale(MarketError):
    """The actor decided on an older version of the thing than there is now."""

    code = "stale"

    def __init__(self, *, expected: int, version: int) -> None:
        super().__init__(
            "You saw version {expected}, but version {version} is current. Read it again.",
            expected=expected,
            version=version,
        )


class Invalid(MarketError):
    """What was given breaks a rule of the market."""

    code = "invalid"

    @classmethod
    def unless_none(cls, causes: Sequence[MarketError]) -> None:
        """Raise one error that names all `causes`, if there are any."""
        if causes:
            raise cls._of(causes)

    @classmethod
    def _of(cls, causes: Sequence[MarketError]) -> Self:
        return cls("Some of what you gave is not right.", causes=causes)


class Unsafe(MarketError):
    """The request lacks what makes it safe to repeat or to decide on."""

    code = "precondition_required"
