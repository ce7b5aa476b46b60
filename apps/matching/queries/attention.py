"""Whom a listing suits, how much others were sent, and how often the promise was kept."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from apps.markets.models import Listing
from apps.matching.models import Attention, Match, Proposal, Unproposed, Verdict
from apps.matching.models.match import MatchQuerySet
from apps.matching.queries.conflicts import related
from marketplace.actors import Actor
from marketplace.attention import (
    LOAD_DAYS,
    Counterpart,
    Loads,
    Promise,
    Shortage,
    promise_on,
    rate,
)
from marketplace.calendar import day_of, month_of
from marketplace.listings import Market, Side
from marketplace.matching import LEAST_SCORE
from marketplace.verdicts import Judgement

#: How many counterparts of one listing are looked at, best first.
MOST_LOOKED_AT = 100
#: How many proposals of one listing are shown, the latest ones.
MOST_SHOWN = 50
#: Of how many months the figures are shown.
MONTHS = 24


@dataclass(frozen=True, slots=True)
class Suited:
    """Whom listings suit who were not proposed them yet, and by which match."""

    by_listing: dict[UUID, list[Counterpart]]
    #: By the wanting listing and its counterpart.
    matches: dict[tuple[UUID, UUID], UUID]

    @property
    def all(self) -> list[Counterpart]:
        """Return all counterparts, each as often as something suits it."""
        return [each for found in self.by_listing.values() for each in found]


def suited(listings: Iterable[Listing], *, by: Actor) -> Suited:
    """
    Return whom `listings` suit now and who were not proposed them yet.

    Both must stand on the market, and each be open to the organization of the other; nobody may
    have called the match wrong.
    """
    found: list[tuple[UUID, UUID, UUID, Decimal, UUID, UUID]] = []
    for listing in listings:
        mine, theirs = ("offer", "need") if listing.side == Side.OFFER else ("need", "offer")
        proposed = Proposal.objects.filter(match=OuterRef("pk"), to=OuterRef(theirs))
        rows = proposable(Match.objects.visible_to(by)).filter(~Exists(proposed), **{mine: listing})
        names = (f"{theirs}_id", "pk", "score", f"{theirs}__organization_id")
        best = rows.order_by("-score", "pk").values_list(*names)[:MOST_LOOKED_AT]
        found += [
            (listing.pk, other, match, score, listing.organization_id, organization)
            for other, match, score, organization in best
        ]
    apart = related({(own, other) for *_, own, other in found})
    by_listing: dict[UUID, list[Counterpart]] = {}
    for pk, other, _match, score, own, organization in found:
        is_related = (own, organization) in apart
        by_listing.setdefault(pk, []).append(Counterpart(other, organization, score, is_related))
    return Suited(by_listing, {(pk, other): match for pk, other, match, *_ in found})


def proposable(matches: MatchQuerySet) -> MatchQuerySet:
    """Return those of `matches` that are good enough, and of which both sides may know."""
    wrong = Verdict.objects.filter(match=OuterRef("pk"), judgement=Judgement.WRONG)
    return matches.filter(
        ~Exists(wrong),
        # What has a dual use exists for vetted organizations only.
        Q(offer__dual_use=None) | Q(need__organization__vetted_at__isnull=False),
        Q(need__dual_use=None) | Q(offer__organization__vetted_at__isnull=False),
        score__gte=LEAST_SCORE,
    )


def loads_of(counterparts: Collection[Counterpart], promise: Promise, today: date) -> Loads:
    """Return how much the counterparts and their organizations were sent in the days that count."""
    sent = Proposal.objects.filter(proposed_on__gt=today - timedelta(days=LOAD_DAYS))
    listings = sent.filter(to__in={each.listing for each in counterparts})
    organizations = sent.filter(receiver__in={each.organization for each in counterparts})
    return Loads(
        promise,
        dict(listings.values_list("to").annotate(Count("pk")).order_by()),
        dict(organizations.values_list("receiver").annotate(Count("pk")).order_by()),
    )


def proposed_so_far(listings: Collection[UUID], *, until: date | None = None) -> dict[UUID, int]:
    """Return how often each listing was proposed, where it was, by the end of a day."""
    rows = Proposal.objects.filter(proposed__in=listings)
    if until is not None:
        rows = rows.filter(proposed_on__lte=until)
    return dict(rows.values_list("proposed").annotate(Count("pk")).order_by())


@dataclass(frozen=True, slots=True)
class Made:
    """That a listing was proposed on a day, and to which one, where it can be seen."""

    proposed_on: date
    to: Listing | None


@dataclass(frozen=True, slots=True)
class Proposals:
    """How often a listing was proposed, and what it is owed."""

    promise: Promise
    due_on: date | None
    count: int
    made: list[Made]
    because: Unproposed | None


def proposals_of(listing: Listing, *, by: Actor) -> Proposals:
    """Return to whom a listing was proposed, as far as `by` may know of them now."""
    rows = Proposal.objects.of(listing.pk)
    latest = list(rows.order_by("-pk").values_list("proposed_on", "to", "match")[:MOST_SHOWN])
    matches = Match.objects.all_visible_to(by).filter(pk__in=[match for *_, match in latest])
    seen = set(matches.values_list("pk", flat=True))
    shown = Listing.objects.filter(pk__in=[to for _, to, match in latest if match in seen])
    listings = {each.pk: each for each in shown.select_related("organization")}
    attention = Attention.objects.filter(pk=listing.pk).first()
    since = attention.since if attention else timezone.now()
    return Proposals(
        promise=promise_on(day_of(since)),
        due_on=attention.due_on if attention else None,
        count=rows.count(),
        made=[Made(day, listings.get(to)) for day, to, _ in latest],
        because=Unproposed.objects.filter(pk=listing.pk).first(),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """How often the promise was kept to what had to be proposed by a day of one month."""

    market: Market
    month: date
    due: int
    in_time: int
    #: Kept as well, but too late.
    late: int
    reasons: dict[Shortage, int]

    @property
    def rate(self) -> Decimal | None:
        """Return how many of a hundred were proposed often enough in time."""
        return rate(self.due, self.in_time)


def kept_by_month(today: date) -> list[Kept]:
    """Return how often the promise was kept, by market and month, the newest month first."""
    first = month_of(today)
    for _ in range(MONTHS - 1):
        first = month_of(first - timedelta(days=1))
    rows = (
        Attention.objects.filter(settled_on__isnull=False, due_on__gte=first)
        .annotate(month=TruncMonth("due_on"))
        .values_list("month", "market", "in_time", "shortage")
        .annotate(Count("pk"))
        .order_by()
    )
    counts: dict[tuple[date, Market], dict[tuple[bool, Shortage | None], int]] = {}
    for month, market, in_time, shortage, count in rows:
        counts.setdefault((month, market), {})[in_time, shortage] = count
    order = list(Market)
    found = sorted(counts.items(), key=lambda row: (-row[0][0].toordinal(), order.index(row[0][1])))
    return [
        Kept(
            market=market,
            month=month,
            due=sum(found.values()),
            in_time=found.get((True, None), 0),
            late=found.get((False, None), 0),
            reasons={each: found.get((False, each), 0) for each in Shortage},
        )
        for (month, market), found in found
    ]
