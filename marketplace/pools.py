"""The three pools: what can be in them, when an entry is complete, and who decides on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import auto
from typing import TypeVar

from marketplace.actors import Role
from marketplace.calendar import month_of
from marketplace.errors import Invalid
from marketplace.lifecycle import Lifecycle, move
from marketplace.reviews import Purpose
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
    #: Scientists and engineers who work as one (科学家+工程师队伍).
    TEAM = auto()


class Rank(Term):
    """The rank of a title or of a technology manager (初级, 中级, 高级)."""

    JUNIOR = auto()
    INTERMEDIATE = auto()
    SENIOR = auto()


class Reform(Term):
    """Which reform a project is under: 单列管理, 赋予所有权, 赋予长期使用权."""

    SEPARATE_MANAGEMENT = auto()
    OWNERSHIP_GRANTED = auto()
    LONG_TERM_USE_GRANTED = auto()


class MilestoneKind(Term):
    """How far a firm that grew out of a project has come (登高, 升规, 晋位, 上市)."""

    FOUNDED = auto()
    HIGH_TECHNOLOGY = auto()
    ABOVE_SCALE = auto()
    PROMOTED = auto()
    LISTED = auto()


class CommitmentState(Term):
    """What became of money that was set aside from a fund."""

    RESERVED = auto()
    PAID = auto()
    RELEASED = auto()


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
    #: Closed to everybody, and its words erased, for it held what it must not.
    SEALED = auto()


POOL_ENTRY = Lifecycle(
    start=PoolState.DRAFT,
    moves={
        "submit": move(PoolState.DRAFT, PoolState.SENT_BACK, to=PoolState.SUBMITTED),
        "admit": move(PoolState.SUBMITTED, to=PoolState.ADMITTED),
        "send_back": move(PoolState.SUBMITTED, to=PoolState.SENT_BACK),
        "refuse": move(PoolState.SUBMITTED, to=PoolState.REFUSED),
        "take_back": move(PoolState.SUBMITTED, to=PoolState.DRAFT),
        "release": move(PoolState.ADMITTED, to=PoolState.LEFT),
        "spill": move(*(s for s in PoolState if s is not PoolState.SEALED), to=PoolState.SEALED),
    },
)

COMMITMENT = Lifecycle(
    start=CommitmentState.RESERVED,
    moves={
        "pay": move(CommitmentState.RESERVED, to=CommitmentState.PAID),
        "release": move(CommitmentState.RESERVED, to=CommitmentState.RELEASED),
    },
)

#: Moves that change nothing of how far an entry has come, only what of it is submitted.
REQUESTS = ("submit_change", "withdraw_change", "leave")
#: Every move that there is, in the order in which they are shown.
MOVES = (*POOL_ENTRY.moves, *REQUESTS)

#: In which states the words of an entry can still be changed.
EDITABLE_IN = frozenset({PoolState.DRAFT, PoolState.SENT_BACK})

#: Every word of an entry that its organization writes → the first state that requires it; None
#: where it may always be left out. First those of all pools, then those of each.
WORDS: dict[str, PoolState | None] = {
    "title": PoolState.DRAFT,
    "summary": PoolState.SUBMITTED,
    "field": PoolState.SUBMITTED,
    "region": PoolState.DRAFT,
    "blocks": None,
    "external_reference": None,
    "dual_use": None,
}
WORDS_OF: dict[PoolKind, dict[str, PoolState | None]] = {
    PoolKind.TALENT: {
        **WORDS,
        "kind": PoolState.DRAFT,
        "discipline": None,  # see BESIDES
        "professional_title": None,
        "rank": None,  # see BESIDES
        "certificate": None,  # see BESIDES
        "specialities": None,
        "achievements": None,
        "languages": None,
        "employments": None,
        "available_from": None,
        "available_share": None,
        "members": None,  # see BESIDES
    },
    PoolKind.FUND: {
        **WORDS,
        "kind": PoolState.DRAFT,
        "product": PoolState.SUBMITTED,
        "smallest_ticket": None,
        "largest_ticket": PoolState.SUBMITTED,
        "quota": None,
        "stages": None,
        "fields": None,
        "regions": None,
        "conditions": None,
        "opens_on": None,  # see BESIDES
        "closes_on": None,
    },
    PoolKind.PROJECT: {
        **WORDS,
        "readiness": PoolState.SUBMITTED,
        "readiness_evidence": PoolState.SUBMITTED,
        "intellectual_property": PoolState.SUBMITTED,
        "is_service_invention": None,
        "owners": PoolState.SUBMITTED,
        "inventors": None,  # see BESIDES
        "rights": None,  # see BESIDES
        "applications": None,
        "indicators": None,
        "reforms": None,
        "chains": None,
    },
}

#: Talents with a discipline, and those with a rank and a certificate.
PEOPLE = (TalentKind.SCIENTIST, TalentKind.ENGINEER)
MANAGER = TalentKind.TECHNOLOGY_MANAGER
#: Kinds of intellectual property without a number: technical secrets (技术秘密), and none at all.
UNREGISTERED = frozenset({"01", "08"})


@dataclass(frozen=True, slots=True)
class Besides:
    """What is required besides, and from which state on, where `applies` to the words."""

    pool: PoolKind
    word: str
    first: PoolState
    applies: Callable[[Mapping[str, object]], bool]


BESIDES = (
    Besides(PoolKind.TALENT, "discipline", PoolState.SUBMITTED, lambda w: w.get("kind") in PEOPLE),
    Besides(PoolKind.TALENT, "rank", PoolState.SUBMITTED, lambda w: w.get("kind") == MANAGER),
    Besides(
        PoolKind.TALENT, "certificate", PoolState.SUBMITTED, lambda w: w.get("kind") == MANAGER
    ),
    Besides(
        PoolKind.TALENT, "members", PoolState.SUBMITTED, lambda w: w.get("kind") == TalentKind.TEAM
    ),
    # A quota is there from a day on: before it nothing can be set aside.
    Besides(PoolKind.FUND, "opens_on", PoolState.SUBMITTED, lambda w: w.get("quota") is not None),
    # What is granted is granted to inventors (赋权), so it must be said who they are.
    Besides(PoolKind.PROJECT, "inventors", PoolState.SUBMITTED, lambda w: bool(w.get("reforms"))),
    Besides(
        PoolKind.PROJECT,
        "rights",
        PoolState.SUBMITTED,
        lambda w: bool(code := w.get("intellectual_property")) and code not in UNREGISTERED,
    ),
)

#: Which words of an entry its organization writes, in each pool.
TERMS_OF: dict[PoolKind, tuple[str, ...]] = {pool: tuple(words) for pool, words in WORDS_OF.items()}

#: How many characters the texts may have.
LONGEST = {
    "title": 200,
    "summary": 20_000,
    "external_reference": 80,
    "professional_title": 80,
    "certificate": 200,
    "achievements": 20_000,
    "readiness_evidence": 5_000,
}
#: How many words the lists may have, and how many characters each word.
MOST = {
    "specialities": (20, 40),
    "languages": (20, 2),
    "stages": (6, 40),
    "fields": (50, 40),
    "regions": (50, 40),
    "applications": (20, 200),
    "reforms": (3, 40),
    "chains": (20, 40),
}
#: How long the purpose of a commitment, the name of a firm and the evidence for it may be.
LONGEST_PURPOSE, LONGEST_FIRM, LONGEST_EVIDENCE = 200, 200, 400

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


def missing(terms: Mapping[str, object], required: Mapping[str, T], stage: T) -> list[Invalid]:
    """
    Return a fault for every field that `required` demands at `stage` and `terms` leave empty.

    The states of a vocabulary stand in the order of their stages. A project with a title and a
    region is a whole draft; to be submitted it lacks six things:

        given = {"title": "A", "region": "610100"}
        missing(given, required_of(PoolKind.PROJECT, given), PoolState.SUBMITTED)
        → summary, field, readiness, readiness_evidence, intellectual_property, owners
    """
    order = list(type(stage))
    return [
        Invalid("This is needed before it can be {stage}.", code="missing", field=name, stage=stage)
        for name, first in required.items()
        if order.index(first) <= order.index(stage) and terms.get(name) in (None, "", [])
    ]


def required_of(pool: PoolKind, words: Mapping[str, object] | None = None) -> dict[str, PoolState]:
    """
    Return which words an entry of `pool` must have, and from which state on, given its `words`.

    Without words, those that every entry of the pool must have.

    A technology manager needs a rank and a certificate, a team its members, a patent its number:

        required_of(PoolKind.TALENT, {"kind": "team"})["members"] → SUBMITTED
        "rights" in required_of(PoolKind.PROJECT, {"intellectual_property": "01"}) → no
    """
    besides = {
        each.word: each.first for each in BESIDES if each.pool is pool and each.applies(words or {})
    }
    return {
        word: first
        for word, always in WORDS_OF[pool].items()
        if (first := always or besides.get(word)) is not None
    }


def open_moves(state: PoolState, waiting: Purpose | None, has_proposal: bool) -> list[str]:
    """
    Return which moves are open to an entry, in a stable order; who may make them is another matter.

    What is in the pool can ask to read otherwise or to go out, and stays as it is meanwhile:

        open_moves(ADMITTED, None, False) → leave, spill
        open_moves(ADMITTED, None, True) → submit_change, withdraw_change, leave, spill
        open_moves(ADMITTED, CHANGE, True) → admit, send_back, refuse, take_back, withdraw_change …
        open_moves(ADMITTED, EXIT, False) → release, refuse, take_back, spill
    """
    found = set(POOL_ENTRY.moves_from(state)) - {"release"}
    if state is PoolState.ADMITTED:
        match waiting:
            case Purpose.CHANGE:
                found |= {"admit", "send_back", "refuse", "take_back"}
            case Purpose.EXIT:
                found |= {"release", "refuse", "take_back"}
            case _:
                found |= {"leave"} | ({"submit_change"} if has_proposal else set())
        found |= {"withdraw_change"} if has_proposal and waiting is not Purpose.EXIT else set()
    return [name for name in MOVES if name in found]


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


@dataclass(frozen=True, slots=True)
class Month:
    """What came into a pool and what left it in a month, and what was in it at the end."""

    month: date
    entered: int
    left: int
    stock: int


def flows(
    *, entered: Mapping[date, int], left: Mapping[date, int], since: date, until: date
) -> list[Month]:
    """
    Return the stock and the flow of a pool for the months from `since` to before `until`.

    `entered` and `left` count by first days of months, from the beginning on. Three that came in
    January and one that left in March are, from February to before April:

        2026-02: 0 came, 0 left, 3 in stock    2026-03: 0 came, 1 left, 2 in stock
    """
    first = month_of(since)
    stock = sum(n for month, n in entered.items() if month < first)
    stock -= sum(n for month, n in left.items() if month < first)
    found = []
    month = first
    while month < until:
        stock += entered.get(month, 0) - left.get(month, 0)
        found.append(Month(month, entered.get(month, 0), left.get(month, 0), stock))
        month = (month + timedelta(days=31)).replace(day=1)
    return found
