"""Mails: how far one has come, how one that failed is tried again, and what it says."""

from dataclasses import dataclass
from datetime import timedelta
from enum import auto

from marketplace.lifecycle import Lifecycle, move
from marketplace.vocabulary import Term


class Language(Term):
    """In which language a person is written to."""

    CHINESE = "zh-hans"
    ENGLISH = "en"


class MailState(Term):
    """How far a mail has come."""

    WAITING = auto()
    SENT = auto()
    #: It was tried often enough, or refused for good.
    FAILED = auto()
    #: There was nobody to send it to, or nothing left to say.
    WITHHELD = auto()


class MailFailure(Term):
    """Why a mail was given up."""

    #: The server of the recipient takes no mail for this address, now or later.
    REFUSED_FOR_GOOD = auto()
    TRIED_OFTEN_ENOUGH = auto()


MAIL = Lifecycle(
    start=MailState.WAITING,
    moves={
        "send": move(MailState.WAITING, to=MailState.SENT),
        "give_up": move(MailState.WAITING, to=MailState.FAILED),
        "withhold": move(MailState.WAITING, to=MailState.WITHHELD),
    },
)

#: How long to wait after the first, second, … attempt to send a mail; after the last one no more.
PAUSES = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, and the address at which one click stops mails of its kind (RFC 8058)."""

    subject: str
    body: str
    stop: str


def pause_after(attempts: int) -> timedelta | None:
    """
    Return how long to wait after so many attempts to send a mail; None where that is the end.

        pause_after(1) → 2 minutes
        pause_after(7) → None
    """
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None


def failure_after(attempts: int, *, is_final: bool) -> MailFailure | None:
    """
    Return why a mail is given up after so many failed attempts; None where it is tried again.

        failure_after(1, is_final=False) → None
        failure_after(1, is_final=True)  → REFUSED_FOR_GOOD
        failure_after(7, is_final=False) → TRIED_OFTEN_ENOUGH
    """
    if is_final:
        return MailFailure.REFUSED_FOR_GOOD
    return None if pause_after(attempts) else MailFailure.TRIED_OFTEN_ENOUGH
