"""Listings: what is offered and needed in the three markets, when complete, and for how long."""

from collections.abc import Mapping
from datetime import date
from enum import auto
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.errors import Invalid
from marketplace.lifecycle import Lifecycle, move
from marketplace.pools import PoolKind, band_faults, missing, readiness_faults
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
    },
)

#: In which states the words of a listing can still be changed.
EDITABLE_IN = frozenset({ListingState.DRAFT, ListingState.SENT_BACK})
#: In which states a listing stands on the market, seen or not.
ON_THE_MARKET = frozenset({ListingState.PUBLISHED, ListingState.PAUSED})

#: Field → the first state that requires it, for every listing.
REQUIRED_FROM: dict[str, ListingState] = {
    "title": ListingState.DRAFT,
    "body": ListingState.DRAFT,
    "region": ListingState.DRAFT,
    "field": ListingState.SUBMITTED,
    "valid_until": ListingState.SUBMITTED,
}

#: The same, for listings of one market and side. Without a price, the price is negotiated (面议).
ALSO_REQUIRED_FROM: dict[tuple[Market, Side], dict[str, ListingState]] = {
    (Market.TECHNOLOGY, Side.OFFER): {
        "project": ListingState.SUBMITTED,
        "cooperation": ListingState.SUBMITTED,
    },
    (Market.TECHNOLOGY, Side.NEED): {"cooperation": ListingState.SUBMITTED},
    (Market.TALENT, Side.OFFER): {"talent": ListingState.SUBMITTED},
    (Market.TALENT, Side.NEED): {},
    (Market.CAPITAL, Side.OFFER): {"fund": ListingState.SUBMITTED},
    (Market.CAPITAL, Side.NEED): {},
}

#: Which pool the offers of each market come from.
POOL_OF: dict[Market, PoolKind] = {
    Market.TECHNOLOGY: PoolKind.PROJECT,
    Market.TALENT: PoolKind.TALENT,
    Market.CAPITAL: PoolKind.FUND,
}

#: Which words of a listing its organization writes; market and side stay what they are.
TERMS = (
    "title",
    "body",
    "keywords",
    "field",
    "region",
    "cooperation",
    "readiness",
    "price_from",
    "price_to",
    "confidential",
    "valid_until",
    "external_reference",
    "project",
    "talent",
    "fund",
)

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


def required_of(market: Market, side: Side) -> dict[str, ListingState]:
    """Return which fields a listing must have, and from which state on."""
    return REQUIRED_FROM | ALSO_REQUIRED_FROM[market, side]


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

    A draft may be valid until a day gone by, for drafts lie; what is submitted may not.
    """
    found = [
        *missing(terms, required_of(market, side), stage),
        *band_faults(terms, "price_from", "price_to"),
        *readiness_faults(terms),
        *_misplaced(market, side, terms),
    ]
    if stage is not ListingState.DRAFT and isinstance(until := terms.get("valid_until"), date):
        found += validity_faults(until, today)
    return found


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


def has_run_out(valid_until: date, today: date) -> bool:
    """Say whether the last day of validity has gone by."""
    return valid_until < today


def shows_confidential(by: Actor, organization: UUID) -> bool:
    """Say whether `by` reads the confidential part of a listing, and the notes on it."""
    return by.acts_for(organization) or by.has(Role.REVIEWER)


def _misplaced(market: Market, side: Side, terms: Mapping[str, object]) -> list[Invalid]:
    found = [
        Invalid(
            "A listing of this market and side does not point at this pool.",
            code="wrong_pool",
            field=pool.value,
        )
        for pool in PoolKind
        if pool is not pool_of(market, side) and terms.get(pool.value) is not None
    ]
    if market is not Market.TECHNOLOGY and terms.get("cooperation") is not None:
        found.append(
            Invalid(
                "Only technology has a mode of cooperation.",
                code="wrong_market",
                field="cooperation",
            )
        )
    return found
