"""The three pools: what can be in them, when an entry is complete, and who decides on it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import auto
from typing import TypeVar
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.errors import Invalid, Refused
from marketplace.lifecycle import Lifecycle, move
from marketplace.vocabulary import Term

T = TypeVar("T", bound=Term)


class PoolKind(Term):
    """Which of the three pools (三池) an entry is in."""

    TALENT = auto()
    FUND = auto()
    PROJECT = auto()


class TalentKind(Term):
    """What a talent is (人才类别)."""

    SCIENTIST = auto()
    ENGINEER = auto()
    TECHNOLOGY_MANAGER = auto()


class FundKind(Term):
    """In which form money is given (资金类别)."""

    EQUITY = auto()
    LOAN = auto()
    SUBSIDY = auto()
    INSURANCE = auto()


class PoolState(Term):
    """How far an entry has come."""

    DRAFT = auto()
    SUBMITTED = auto()
    SENT_BACK = auto()
    ADMITTED = auto()
    REFUSED = auto()
    LEFT = auto()


POOL_ENTRY = Lifecycle(
    start=PoolState.DRAFT,
    moves={
        "submit": move(PoolState.DRAFT, PoolState.SENT_BACK, to=PoolState.SUBMITTED),
        "admit": move(PoolState.SUBMITTED, to=PoolState.ADMITTED),
        "send_back": move(PoolState.SUBMITTED, to=PoolState.SENT_BACK),
        "refuse": move(PoolState.SUBMITTED, to=PoolState.REFUSED),
        "leave": move(PoolState.ADMITTED, to=PoolState.LEFT),
    },
)

#: In which states the words of an entry can still be changed.
EDITABLE_IN = frozenset({PoolState.DRAFT, PoolState.SENT_BACK})

#: Field → the first state that requires it, for every entry.
REQUIRED_FROM: dict[str, PoolState] = {
    "title": PoolState.DRAFT,
    "region": PoolState.DRAFT,
    "summary": PoolState.SUBMITTED,
    "field": PoolState.SUBMITTED,
}

#: The same, for the entries of one pool.
ALSO_REQUIRED_FROM: dict[PoolKind, dict[str, PoolState]] = {
    PoolKind.TALENT: {"kind": PoolState.DRAFT, "discipline": PoolState.SUBMITTED},
    PoolKind.FUND: {"kind": PoolState.DRAFT, "largest_ticket": PoolState.SUBMITTED},
    PoolKind.PROJECT: {
        "readiness": PoolState.SUBMITTED,
        "intellectual_property": PoolState.SUBMITTED,
    },
}

#: Which words of an entry its organization writes, in every pool and in each.
TERMS = ("title", "summary", "field", "region")
TERMS_OF: dict[PoolKind, tuple[str, ...]] = {
    PoolKind.TALENT: (*TERMS, "kind", "discipline"),
    PoolKind.FUND: (*TERMS, "kind", "smallest_ticket", "largest_ticket"),
    PoolKind.PROJECT: (*TERMS, "readiness", "intellectual_property", "is_service_invention"),
}

#: Who may enter something into a pool, for the own organization.
AUTHORS: dict[PoolKind, frozenset[Role]] = {
    PoolKind.TALENT: frozenset(
        {Role.RESEARCHER, Role.COMPANY_AGENT, Role.BROKER, Role.ORGANIZATION_MANAGER}
    ),
    PoolKind.FUND: frozenset({Role.INVESTOR, Role.ORGANIZATION_MANAGER}),
    PoolKind.PROJECT: frozenset(
        {Role.RESEARCHER, Role.COMPANY_AGENT, Role.BROKER, Role.ORGANIZATION_MANAGER}
    ),
}

#: Who decides on what others submit.
REVIEWERS = (Role.REVIEWER, Role.ADMINISTRATOR)


def missing(terms: Mapping[str, object], required: Mapping[str, T], stage: T) -> list[Invalid]:
    """
    Return a fault for every field that `required` demands at `stage` and `terms` leave empty.

    The states of a vocabulary stand in the order of their stages. A project with a title and a
    region is a whole draft; to be submitted it lacks four things:

        given = {"title": "A", "region": "610100"}
        missing(given, required_of(PoolKind.PROJECT), PoolState.SUBMITTED)
        → summary, field, readiness, intellectual_property
    """
    order = list(type(stage))
    return [
        Invalid("This is needed before it can be {stage}.", code="missing", field=name, stage=stage)
        for name, first in required.items()
        if order.index(first) <= order.index(stage) and terms.get(name) in (None, "", [])
    ]


def required_of(pool: PoolKind) -> dict[str, PoolState]:
    """Return which fields an entry of `pool` must have, and from which state on."""
    return REQUIRED_FROM | ALSO_REQUIRED_FROM[pool]


def faults(pool: PoolKind, terms: Mapping[str, object], *, stage: PoolState) -> list[Invalid]:
    """Return everything that is wrong with the `terms` of an entry that is to reach `stage`."""
    return [
        *missing(terms, required_of(pool), stage),
        *band_faults(terms, "smallest_ticket", "largest_ticket"),
        *readiness_faults(terms),
    ]


def band_faults(terms: Mapping[str, object], lowest: str, highest: str) -> list[Invalid]:
    """
    Return what is wrong with a band of amounts: neither end is negative, and it goes upwards.

    An open end is None. 0 to 50,000.00 is a band, "up to 50,000.00" is one; 50,000.00 to 10.00 is
    none.
    """
    found = [
        Invalid("An amount cannot be negative.", code="negative_amount", field=name)
        for name in (lowest, highest)
        if isinstance(amount := terms.get(name), Decimal) and amount < 0
    ]
    low, high = terms.get(lowest), terms.get(highest)
    if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
        found.append(
            Invalid("The lower amount is above the higher one.", code="band_order", field=lowest)
        )
    return found


def readiness_faults(terms: Mapping[str, object]) -> list[Invalid]:
    """Return a fault unless the readiness level is one of the nine of GB/T 22900, or not given."""
    level = terms.get("readiness")
    if level is None or (isinstance(level, int) and 1 <= level <= 9):
        return []
    return [Invalid("Readiness levels go from 1 to 9.", code="readiness", field="readiness")]


def must_decide(
    by: Actor, *, author: UUID, organization: UUID, memberships: Sequence[UUID]
) -> UUID:
    """
    Return the person who decides on what `author` submitted for `organization`, or raise Refused.

    A decision is made by a person who is reviewer or administrator, is not the author, and has no
    membership in the organization, whichever one they act for right now.
    """
    by.must_have(*REVIEWERS)
    if by.user is None:
        raise Refused("A decision is made by a person.", code="no_person")
    if by.user == author:
        raise Refused("Nobody decides on what they wrote themselves.", code="own_work")
    if organization == by.organization or organization in memberships:
        raise Refused(
            "Nobody decides on what their own organization submitted.", code="own_organization"
        )
    return by.user


def shows_review(by: Actor, organization: UUID) -> bool:
    """Say whether `by` sees who wrote and who reviewed an entry, and the notes on it."""
    return by.acts_for(organization) or by.has(*REVIEWERS)


def must_give_reason(reason: str) -> None:
    """Raise Invalid unless there are words for why something is turned down."""
    if not reason.strip():
        raise Invalid("Say why, so that it can be put right.", code="missing", field="reason")
