"""Listings: what is offered and needed in the three markets, when complete, and for how long."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import auto
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.coach import marking_faults
from marketplace.errors import Invalid
from marketplace.lifecycle import Lifecycle, move
from marketplace.pools import PoolKind, band_faults, missing, readiness_faults
from marketplace.reviews import Purpose
from marketplace.secrecy import DualUse, block_faults, indicator_faults
from marketplace.vocabulary import Term


class Market(Term):
    """Which of the three markets (三市场) a listing is in."""

    TECHNOLOGY = auto()
    TALENT = auto()
    CAPITAL = auto()


class Side(Term):
    """Whether a listing offers or needs something (供给, 需求)."""

    OFFER = auto()
    NEED = auto()


class CooperationMode(Term):
    """In which way technology is to be had (合作方式)."""

    DEVELOPMENT = auto()
    TRANSFER = auto()
    LICENCE = auto()
    EQUITY = auto()
    CONSULTING = auto()
    SERVICE = auto()


class Exclusivity(Term):
    """How far a licence keeps others out (独占, 排他, 普通许可)."""

    EXCLUSIVE = auto()
    SOLE = auto()
    NON_EXCLUSIVE = auto()


class PriceWay(Term):
    """In which way the price comes about (面议, 挂牌, 拍卖, 先用后转)."""

    NEGOTIATED = auto()
    LISTED_PRICE = auto()
    AUCTION = auto()
    FREE_FIRST = auto()


class Engagement(Term):
    """In which way a talent works (全职, 兼职, 校招共用, 顾问, 项目合作)."""

    FULL_TIME = auto()
    PART_TIME = auto()
    JOINT_APPOINTMENT = auto()
    ADVISER = auto()
    PROJECT = auto()


class ListingState(Term):
    """How far a listing has come."""

    DRAFT = auto()
    SUBMITTED = auto()
    SENT_BACK = auto()
    REFUSED = auto()
    PUBLISHED = auto()
    PAUSED = auto()
    WITHDRAWN = auto()
    EXPIRED = auto()
    CONCLUDED = auto()
    #: Closed to everybody, and its words erased, for it held what it must not.
    SEALED = auto()


LISTING = Lifecycle(
    start=ListingState.DRAFT,
    moves={
        "submit": move(ListingState.DRAFT, ListingState.SENT_BACK, to=ListingState.SUBMITTED),
        "publish": move(ListingState.SUBMITTED, to=ListingState.PUBLISHED),
        "send_back": move(ListingState.SUBMITTED, to=ListingState.SENT_BACK),
        "refuse": move(ListingState.SUBMITTED, to=ListingState.REFUSED),
        "pause": move(ListingState.PUBLISHED, to=ListingState.PAUSED),
        "resume": move(ListingState.PAUSED, to=ListingState.PUBLISHED),
        "withdraw": move(ListingState.PUBLISHED, ListingState.PAUSED, to=ListingState.WITHDRAWN),
        "expire": move(ListingState.PUBLISHED, ListingState.PAUSED, to=ListingState.EXPIRED),
        "conclude": move(ListingState.PUBLISHED, ListingState.PAUSED, to=ListingState.CONCLUDED),
        "take_back": move(ListingState.SUBMITTED, to=ListingState.DRAFT),
        "spill": move(
            *(state for state in ListingState if state is not ListingState.SEALED),
            to=ListingState.SEALED,
        ),
    },
)

#: Moves that only the clock makes.
BY_CLOCK = frozenset({"expire"})
#: Moves that change nothing of how far a listing has come.
REQUESTS = ("submit_change", "withdraw_change", "renew")
#: Every move that people can make, in the order in which they are shown.
MOVES = (*(name for name in LISTING.moves if name not in BY_CLOCK), *REQUESTS)

#: In which states the words of a listing can still be changed at once.
EDITABLE_IN = frozenset({ListingState.DRAFT, ListingState.SENT_BACK})
#: In which states a listing stands on the market, seen or not; its changes are reviewed first.
ON_THE_MARKET = frozenset({ListingState.PUBLISHED, ListingState.PAUSED})

#: Which words a listing of each market and side has, and how far it can come without them: `draft`
#: is needed from the draft on, `submit` to be submitted, `may` is never needed, `-` is none of it.
#: Without a price, the price is negotiated (面议).
WORDS_AND_STAGES = """
word                    technology      talent          capital
                        offer   need    offer   need    offer   need
title                   draft   draft   draft   draft   draft   draft
body                    draft   draft   draft   draft   draft   draft
region                  draft   draft   draft   draft   draft   draft
field                   submit  submit  submit  submit  submit  submit
valid_until             submit  submit  submit  submit  submit  submit
project                 submit  may     -       may     -       may
talent                  -       -       submit  -       -       -
fund                    -       -       -       -       submit  -
cooperation_modes       submit  submit  -       -       -       -
keywords                may     may     may     may     may     may
readiness               may     may     may     may     may     may
price_way               may     may     may     may     may     may
price_from              may     may     may     may     may     may
price_to                may     may     may     may     may     may
indicators              may     may     may     may     may     may
blocks                  may     may     may     may     may     may
confidential            may     may     may     may     may     may
dual_use                may     may     may     may     may     may
external_reference      may     may     may     may     may     may
terms.exclusivity       may     may     -       -       -       -
terms.free_months       may     -       -       -       -       -
terms.equity_share      may     -       -       -       -       may
terms.support           may     -       -       -       -       -
terms.needed_by         -       may     -       -       -       -
terms.present_solution  -       may     -       -       -       -
terms.acceptance        -       may     -       -       -       -
terms.engagement        -       -       submit  submit  -       -
terms.share_of_time     -       -       may     may     -       -
terms.available_from    -       -       may     -       -       -
terms.starts_on         -       -       -       may     -       -
terms.headcount         -       -       -       may     -       -
terms.talent_kind       -       -       -       submit  -       -
terms.discipline        -       -       -       may     -       -
terms.duties            -       -       -       may     -       -
terms.stages            -       -       -       -       may     -
terms.most_equity_share -       -       -       -       may     -
terms.term_months       -       -       -       -       may     may
terms.fund_kind         -       -       -       -       -       submit
terms.stage             -       -       -       -       -       may
terms.use_of_money      -       -       -       -       -       submit
terms.security          -       -       -       -       -       may
"""

#: The six kinds of listings, in the order of the columns above.
KINDS = tuple((market, side) for market in Market for side in Side)
_STAGES = {"draft": ListingState.DRAFT, "submit": ListingState.SUBMITTED, "may": None}
_ROWS = [line.split() for line in WORDS_AND_STAGES.strip().splitlines()[2:]]
#: The table, read: kind → word → the first state that requires it, or None.
_TABLE: dict[tuple[Market, Side], dict[str, ListingState | None]] = {
    kind: {word: _STAGES[cells[place]] for word, *cells in _ROWS if cells[place] in _STAGES}
    for place, kind in enumerate(KINDS)
}

#: Which words of a listing its organization writes; market and side stay what they are.
TERMS = (*(word for word, *_cells in _ROWS if not word.startswith("terms.")), "terms")
#: Which further terms a listing has, by market and side; each has a table of its own.
TERMS_OF: dict[tuple[Market, Side], tuple[str, ...]] = {
    kind: tuple(word.removeprefix("terms.") for word in words if word.startswith("terms."))
    for kind, words in _TABLE.items()
}

#: Which pool the offers of each market come from.
POOL_OF: dict[Market, PoolKind] = {
    Market.TECHNOLOGY: PoolKind.PROJECT,
    Market.TALENT: PoolKind.TALENT,
    Market.CAPITAL: PoolKind.FUND,
}

#: Who may list something for the own organization.
AUTHORS = frozenset(
    {
        Role.RESEARCHER,
        Role.COMPANY_AGENT,
        Role.INVESTOR,
        Role.BROKER,
        Role.ORGANIZATION_MANAGER,
    }
)

#: How many characters the texts may have.
LONGEST = {"title": 200, "body": 20_000, "confidential": 20_000, "external_reference": 80}
#: How many keywords there may be, and how long one.
MOST_KEYWORDS, LONGEST_KEYWORD = 20, 40
#: For how many years at most a listing can be valid.
LONGEST_VALIDITY = 3
#: The least and the most of terms that are numbers; shares are per cent.
RANGES: dict[str, tuple[Decimal, Decimal]] = {
    "terms.free_months": (Decimal(1), Decimal(60)),
    "terms.equity_share": (Decimal("0.01"), Decimal(100)),
    "terms.most_equity_share": (Decimal("0.01"), Decimal(100)),
    "terms.share_of_time": (Decimal(1), Decimal(100)),
    "terms.headcount": (Decimal(1), Decimal(9999)),
    "terms.term_months": (Decimal(1), Decimal(600)),
}
#: What a price needs that is made this way; of an auction the price at which bids begin.
NEEDED_FOR_PRICE: dict[PriceWay, str] = {
    PriceWay.LISTED_PRICE: "price_from",
    PriceWay.AUCTION: "price_from",
    PriceWay.FREE_FIRST: "terms.free_months",
}


def required_of(market: Market, side: Side) -> dict[str, ListingState]:
    """Return which words a listing must have, and from which state on; of nested ones the path."""
    return {word: first for word, first in _TABLE[market, side].items() if first is not None}


def words_of_kind(market: Market, side: Side) -> tuple[str, ...]:
    """Return the words that a listing of this market and side can have; of nested ones the path."""
    return tuple(_TABLE[market, side])


def open_moves(
    state: ListingState, waiting: Purpose | None = None, has_proposal: bool = False
) -> list[str]:
    """
    Return which moves are open to people, in a stable order; who may make them is another matter.

    What is on the market can ask to read otherwise, and stays as it is meanwhile:

        open_moves(PUBLISHED) → pause, withdraw, conclude, spill, renew
        open_moves(PUBLISHED, None, True) → … submit_change, withdraw_change, renew
        open_moves(PUBLISHED, CHANGE, True)
        → publish, send_back, refuse, pause, … take_back, spill, withdraw_change, renew
    """
    found = set(LISTING.moves_from(state))
    if state in ON_THE_MARKET:
        found |= {"renew"} | ({"withdraw_change"} if has_proposal else set())
        if waiting is Purpose.CHANGE:
            found |= {"publish", "send_back", "refuse", "take_back"}
        elif has_proposal:
            found |= {"submit_change"}
    return [name for name in MOVES if name in found]


def pool_of(market: Market, side: Side) -> PoolKind:
    """
    Return the only pool that a listing may point at.

    An offer points at the entry it offers; a need, of whatever market, at the project it serves:

        pool_of(Market.CAPITAL, Side.OFFER) → FUND
        pool_of(Market.CAPITAL, Side.NEED)  → PROJECT
    """
    return POOL_OF[market] if side is Side.OFFER else PoolKind.PROJECT


def faults(
    market: Market,
    side: Side,
    terms: Mapping[str, object],
    *,
    stage: ListingState,
    today: date,
) -> list[Invalid]:
    """
    Return everything that is wrong with the `terms` of a listing that is to reach `stage`.

    A draft may be valid until a day gone by, for drafts lie; what is submitted may not. The words
    nested in "terms" are blamed by their path:

        faults(TECHNOLOGY, OFFER, {…, "price_way": FREE_FIRST}, stage=SUBMITTED, today=…)
        → a fault of "terms.free_months"
    """
    nested = _nested(terms)
    flat = {**terms, **{f"terms.{name}": value for name, value in nested.items()}}
    found = [
        *missing(flat, required_of(market, side), stage),
        *band_faults(terms, "price_from", "price_to"),
        *readiness_faults(terms),
        *_misplaced(market, side, flat),
        *_price_faults(market, side, flat, stage),
        *_term_faults(flat),
        *indicator_faults(_list(terms.get("indicators"))),
        *block_faults(_list(terms.get("blocks"))),
        *marking_faults(flat),
    ]
    if stage is not ListingState.DRAFT and isinstance(until := terms.get("valid_until"), date):
        found += validity_faults(until, today)
    return found


def dual_use_faults(own: DualUse | None, entry: DualUse | None) -> list[Invalid]:
    """
    Return a fault unless a listing has the dual use (军民两用) of what it points at.

        dual_use_faults(None, DualUse.MILITARY_TO_CIVIL) → a fault of "dual_use"
        dual_use_faults(DualUse.CIVIL_TO_MILITARY, None) → none
    """
    if entry is None or own is entry:
        return []
    return [
        Invalid(
            "What it points at has a dual use; say the same one here: {kind}.",
            code="dual_use",
            field="dual_use",
            kind=entry,
        )
    ]


def validity_faults(valid_until: date, today: date) -> list[Invalid]:
    """
    Return a fault unless a listing may be valid until the end of `valid_until`.

    On 2025-03-01 the earliest day is 2025-03-02 and the last one is 2028-03-01.
    """
    latest = (today.year + LONGEST_VALIDITY, today.month, today.day)
    if valid_until <= today:
        return [
            Invalid(
                "The last day of validity must be after today.",
                code="validity_is_over",
                field="valid_until",
            )
        ]
    if (valid_until.year, valid_until.month, valid_until.day) > latest:
        return [
            Invalid(
                "A listing is valid for {years} years at most.",
                code="validity_too_long",
                field="valid_until",
                years=LONGEST_VALIDITY,
            )
        ]
    return []


def shows_confidential(by: Actor, organization: UUID) -> bool:
    """Say whether `by` reads the confidential part of a listing, and the notes on it."""
    return by.acts_for(organization) or by.has(Role.REVIEWER)


def _nested(terms: Mapping[str, object]) -> Mapping[str, object]:
    nested = terms.get("terms")
    return nested if isinstance(nested, Mapping) else {}


def _list(value: object) -> Sequence[Mapping[str, object]]:
    return value if isinstance(value, list | tuple) else ()


def _misplaced(market: Market, side: Side, flat: Mapping[str, object]) -> list[Invalid]:
    """Find what is given though a listing of this kind has no such word."""
    given = [name for name, value in flat.items() if value not in (None, "", [])]
    known = {*_TABLE[market, side], "terms"}
    pools = {pool.value for pool in PoolKind}
    return [
        Invalid(
            "A listing of this market and side does not point at this pool.",
            code="wrong_pool",
            field=name,
        )
        if name in pools
        else Invalid(
            "A listing of this market and side has no such word.", code="wrong_market", field=name
        )
        for name in given
        if name not in known
    ]


def _price_faults(
    market: Market, side: Side, flat: Mapping[str, object], stage: ListingState
) -> list[Invalid]:
    """Find what the way in which the price comes about asks for, and is not there."""
    way = flat.get("price_way")
    if way == PriceWay.FREE_FIRST and (market, side) != (Market.TECHNOLOGY, Side.OFFER):
        return [
            Invalid(
                "Only offered technology is used first and paid for later.",
                code="wrong_market",
                field="price_way",
            )
        ]
    needed = NEEDED_FOR_PRICE.get(PriceWay(str(way))) if way else None
    if stage is ListingState.DRAFT or needed is None or flat.get(needed) is not None:
        return []
    return [
        Invalid(
            "This is needed where the price is made this way: {way}.",
            code="missing",
            field=needed,
            way=PriceWay(str(way)),
        )
    ]


def _term_faults(flat: Mapping[str, object]) -> list[Invalid]:
    """Find terms beyond what is possible, and those that say nothing for want of another."""
    found = [
        Invalid(
            "This is a number from {least} to {most}.",
            code="out_of_range",
            field=name,
            least=least,
            most=most,
        )
        for name, (least, most) in RANGES.items()
        if isinstance(number := flat.get(name), int | Decimal) and not least <= number <= most
    ]
    modes: object = flat.get("cooperation_modes")
    is_licensed = isinstance(modes, list | tuple) and CooperationMode.LICENCE in modes
    if flat.get("terms.exclusivity") and not is_licensed:
        found.append(
            Invalid(
                "Only a licence is exclusive or not; licence is none of its modes of cooperation.",
                code="no_licence",
                field="terms.exclusivity",
            )
        )
    return found
