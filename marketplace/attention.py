"""
Fair attention: each published listing is proposed to some whom it suits, and nobody is flooded.

A proposal tells the owner of one listing of another one that suits it. Who has been proposed least
comes first, and nobody is sent more proposals than can be looked at.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import auto
from uuid import UUID

from marketplace.statistics import Definition
from marketplace.vocabulary import Term


class Shortage(Term):
    """Why a listing was not proposed often enough."""

    #: Nothing on the other side fits it well enough.
    NOTHING_FITS = auto()
    #: Fewer fit than it should be proposed to, and all of them know of it.
    FEW_FIT = auto()
    #: All whom it suits have been proposed as much as they can look at.
    ALL_BUSY = auto()
    #: What fits it may not be proposed, for the two are related.
    CONFLICTS = auto()


#: Each shortage as its owner reads it, and what helps; the keys of their translations.
WHY: Mapping[Shortage, str] = {
    Shortage.NOTHING_FITS: "Nothing on the other side of the market fits this listing at present.",
    Shortage.FEW_FIT: "Only few listings fit this one at present, and all of them know of it.",
    Shortage.ALL_BUSY: "Those whom it suits have been sent as much as they can look at.",
    Shortage.CONFLICTS: "What fits this listing belongs to organizations related to yours.",
}
HELP: Mapping[Shortage, str] = {
    Shortage.NOTHING_FITS: (
        "Say more plainly what it is, in the words that the other side uses, and look at what its "
        "matches say keeps others away."
    ),
    Shortage.FEW_FIT: (
        "Wider terms, such as region, readiness or price, may bring more; what is new is proposed "
        "by itself."
    ),
    Shortage.ALL_BUSY: "Nothing is to be done: it is proposed to them as soon as they have room.",
    Shortage.CONFLICTS: (
        "They are not proposed by themselves; you may turn to them yourself, or end a declared "
        "relation that no longer holds."
    ),
}

#: How the figures are counted, with the numbers of the promise to be filled in.
DEFINITIONS = (
    Definition(
        "due",
        "A listing is due when {days} days have gone by since it was published, or came back to"
        " the market before that, and it still stands there. It is counted once, in the month of"
        " the last of these days in Asia/Shanghai.",
    ),
    Definition(
        "in_time",
        "It was in time if by the end of that day it had been proposed to at least {proposals}"
        " counterparts that it suits. The rate is the share of these among all that were due.",
    ),
    Definition("late", "What was proposed to as many counterparts only later is counted as late."),
    Definition(
        "reasons",
        "For all others the reason is counted that held when it was written down, in the night"
        " after these days.",
    ),
)


@dataclass(frozen=True, slots=True)
class Promise:
    """What every published listing is promised, and how much others can be sent."""

    valid_from: date
    #: To how many counterparts it is proposed, and within how many days of being listed.
    proposals: int
    days: int
    #: How many proposals one listing, and one organization, is sent at most in seven days.
    weekly_to_listing: int
    weekly_to_organization: int

    def last_day(self, listed_on: date) -> date:
        """
        Return the last day on which the promise can be kept.

        With 7 days, what is listed on 2026-12-01 is to be proposed by the end of 2026-12-08.
        """
        return listed_on + timedelta(days=self.days)


#: The promises by the day from which they hold, oldest first.
PROMISES = (Promise(date(2026, 11, 1), 3, 7, 5, 20),)

#: Loads are counted over so many days, today among them.
LOAD_DAYS = 7


def promise_on(day: date) -> Promise:
    """Return the promise that holds on a day; before there was any, the first one."""
    return next((each for each in reversed(PROMISES) if each.valid_from <= day), PROMISES[0])


@dataclass(frozen=True, slots=True)
class Wanting:
    """A listing that was not proposed often enough yet."""

    listing: UUID
    #: To how many it has been proposed so far, and since when it waits.
    proposals: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A listing that another one suits and was not proposed to yet."""

    listing: UUID
    organization: UUID
    score: Decimal
    #: Whether something stands between the two, so that a person must decide.
    is_related: bool = False


class Loads:
    """How many proposals listings and organizations were sent in the days that count."""

    def __init__(
        self, promise: Promise, listings: Mapping[UUID, int], organizations: Mapping[UUID, int]
    ) -> None:
        self.promise = promise
        self.listings = Counter(listings)
        self.organizations = Counter(organizations)

    def has_room(self, other: Counterpart) -> bool:
        """Say whether one more can be sent: to a listing that was sent 4 of 5 yes, 5 of 5 no."""
        return (
            self.listings[other.listing] < self.promise.weekly_to_listing
            and self.organizations[other.organization] < self.promise.weekly_to_organization
        )

    def add(self, other: Counterpart) -> None:
        """Count one proposal more."""
        self.listings[other.listing] += 1
        self.organizations[other.organization] += 1


def assign(
    wanting: Iterable[Wanting],
    suited: Mapping[UUID, Collection[Counterpart]],
    loads: Loads,
    *,
    up_to: int | None = None,
) -> list[tuple[UUID, Counterpart]]:
    """
    Return which listings are proposed to whom, in this order, and add it to `loads`.

    In every round the listing with the fewest proposals comes first; among equals the one that has
    waited longest, then the lower key. It gets the best of those in `suited` who still have room
    and are not related to it; of equal scores the lower key. None is proposed more often than
    promised, or than `up_to`.

    A (no proposals) and B (one proposal) both suit x (score 60, room for one) and y (score 40, room
    for two). A comes first and gets x; now both have one proposal, and A has waited longer: it gets
    y; then comes B, for whom only y is left.
    """
    most = loads.promise.proposals if up_to is None else min(up_to, loads.promise.proposals)
    queue = [(each.proposals, each.since, each.listing) for each in wanting]
    heapq.heapify(queue)
    # Room only shrinks, so whoever was passed over is not asked again.
    best = {
        listing: iter(sorted(suited.get(listing, ()), key=lambda x: (-x.score, x.listing)))
        for _, _, listing in queue
    }
    proposed: list[tuple[UUID, Counterpart]] = []
    while queue:
        proposals, since, listing = heapq.heappop(queue)
        if proposals >= most:
            continue
        for other in best[listing]:
            if not other.is_related and loads.has_room(other):
                loads.add(other)
                proposed.append((listing, other))
                heapq.heappush(queue, (proposals + 1, since, listing))
                break
    return proposed


def shortage_of(proposals: int, *, left: Collection[Counterpart], loads: Loads) -> Shortage | None:
    """
    Return why a listing was proposed only so often, where `left` suit it and do not know of it.

    None where it was proposed as often as promised, or where somebody in `left` has room. Of three
    promised:

        none proposed, none left                     → NOTHING_FITS
        1 proposed, none left                        → FEW_FIT
        1 proposed, 2 left without room              → ALL_BUSY
        1 proposed, 1 left without room, 2 related   → CONFLICTS, the greater part
        1 proposed, 1 left without room, 1 related   → ALL_BUSY, for room comes by itself
    """
    if proposals >= loads.promise.proposals:
        return None
    related = sum(other.is_related for other in left)
    open_ = [other for other in left if not other.is_related]
    if any(loads.has_room(other) for other in open_):
        return None
    if not left:
        return Shortage.FEW_FIT if proposals else Shortage.NOTHING_FITS
    return Shortage.CONFLICTS if related > len(open_) else Shortage.ALL_BUSY


def rate(due: int, kept: int) -> Decimal | None:
    """
    Return how many of a hundred promises were kept, to one decimal; None where none was due.

        rate(3, 2) → 66.7
        rate(8, 5) → 62.5
        rate(0, 0) → None
    """
    if not due:
        return None
    return (Decimal(100 * kept) / due).quantize(Decimal("0.1"), ROUND_HALF_UP)
