"""Propose listings to those whom they suit, and write down whether that was done in time."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from apps.journal.actions import record, record_many
from apps.markets.models import Listing
from apps.matching.models import Attention, Proposal, Unproposed
from apps.matching.queries.attention import Suited, loads_of, proposed_so_far, suited
from marketplace.actors import Actor, Role
from marketplace.attention import (
    Counterpart,
    Loads,
    Promise,
    Wanting,
    assign,
    promise_on,
    shortage_of,
)
from marketplace.calendar import SHANGHAI, day_of
from marketplace.listings import Market

#: How many listings are looked at, and how many settled, in one transaction.
STEP, SETTLED = 40, 500
#: A listing for which nothing can be done now is looked at again after this time.
REST = timedelta(days=1)


@transaction.atomic
def propose(market: Market, *, by: Actor) -> int:
    """
    Look whom the worst-off listings of a market suit, propose them, and return how many they were.

    One works at a time: how much an organization was sent counts over all markets. Whoever comes
    next reads it only when this one is done, so that nobody is sent too much.
    """
    by.must_have(Role.ADMINISTRATOR)
    _alone()
    now = timezone.now()
    today = day_of(now)
    promise = promise_on(today)
    # News of a row that is held waits until what is found here is written, and is not lost.
    queue = Attention.objects.ready(market).select_for_update(skip_locked=True)
    rows, up_to = _step(list(queue[: STEP + 1]), promise)
    listings = _published(rows)
    sent = proposed_so_far(listings)
    found = suited(listings.values(), by=by)
    loads = loads_of(found.all, promise, today)
    wanting = [
        Wanting(row.pk, sent.get(row.pk, 0), row.since) for row in rows if row.pk in listings
    ]
    chosen = assign(wanting, found.by_listing, loads, up_to=up_to)
    _tell(chosen, found, today, by=by)
    told = set(found.matches) & {(pk, other.listing) for pk, other in chosen}
    for row in rows:
        row.is_ready, row.looks_again_at = False, None
        if row.pk not in listings:
            continue  # It is ready again with the news that it stands on the market.
        left = [x for x in found.by_listing.get(row.pk, []) if (row.pk, x.listing) not in told]
        row.proposals = sent.get(row.pk, 0) + sum(pk == row.pk for pk, _other in told)
        if row.proposals >= promise.proposals:
            continue
        if row.proposals >= up_to:
            row.is_ready = True
            continue
        row.looks_again_at = now + REST
        if today > row.due_on:
            _explain(listings[row.pk], row.proposals, left, loads, now, by=by)
        else:
            row.looks_again_at = min(row.looks_again_at, _end_of(row.due_on))
    explained = [row.pk for row in rows if row.looks_again_at is None and not row.is_ready]
    Unproposed.objects.filter(pk__in=explained).delete()
    Attention.objects.bulk_update(rows, ["proposals", "is_ready", "looks_again_at"])
    return len(rows)


@transaction.atomic
def settle(*, by: Actor) -> int:
    """
    Write down whether the promise was kept to listings whose days are over; return how many.

    What stands on the market no more is owed nothing: should it come back, it is promised anew.
    """
    by.must_have(Role.ADMINISTRATOR)
    today = day_of(timezone.now())
    over = Attention.objects.looked_at().over(today).order_by("due_on", "listing")
    rows = list(over.select_for_update(of=("self",), skip_locked=True)[:SETTLED])
    listings = _published(rows)
    Attention.objects.filter(pk__in=[row.pk for row in rows if row.pk not in listings]).delete()
    why = dict(Unproposed.objects.filter(pk__in=listings).values_list("pk", "shortage"))
    settled = [row for row in rows if row.pk in listings]
    for row in settled:
        times = proposed_so_far([row.pk], until=row.due_on).get(row.pk, 0)
        row.settled_on = today
        row.in_time = times >= promise_on(day_of(row.since)).proposals
        row.shortage = None if row.in_time else why.get(row.pk)
    Attention.objects.bulk_update(settled, ["settled_on", "in_time", "shortage"])
    told = [(listings[row.pk], {"in_time": row.in_time}) for row in settled]
    record_many("listing.attention_settled", told, by=by)
    return len(rows)


def _step(rows: list[Attention], promise: Promise) -> tuple[list[Attention], int]:
    """
    Return which rows to look at now, and up to how many proposals each.

    Whoever comes after them must not be overtaken: they are brought to where that one is, and from
    there one further.
    """
    if len(rows) <= STEP:
        return rows, promise.proposals
    *step, following = rows
    is_behind = step[0].proposals < following.proposals
    return step, min(following.proposals + (not is_behind), promise.proposals)


def _published(rows: Iterable[Attention]) -> dict[UUID, Listing]:
    """Return the listings of `rows` that stand on the market now."""
    found = Listing.objects.published().filter(pk__in=[row.pk for row in rows])
    return {each.pk: each for each in found.only("market", "side", "organization")}


def _tell(
    chosen: Sequence[tuple[UUID, Counterpart]], found: Suited, today: date, *, by: Actor
) -> None:
    """Write proposals down, and tell those to whom they are made."""
    rows = [
        Proposal(
            match_id=found.matches[listing, other.listing],
            proposed_id=listing,
            to_id=other.listing,
            receiver_id=other.organization,
            proposed_on=today,
        )
        for listing, other in chosen
    ]
    Proposal.objects.bulk_create(rows)
    for row, (_listing, other) in zip(rows, chosen, strict=True):
        record(
            "listing.proposed",
            Listing(pk=other.listing),
            by=by,
            parties=[other.organization],
            match=row.match_id,
            proposal=row.pk,
        )


def _explain(
    listing: Listing,
    proposals: int,
    left: list[Counterpart],
    loads: Loads,
    now: datetime,
    *,
    by: Actor,
) -> None:
    """Tell the owner why a listing was not proposed often enough, each reason once."""
    shortage = shortage_of(proposals, left=left, loads=loads)
    if shortage is None:
        return
    known = Unproposed.objects.filter(pk=listing.pk).first()
    is_news = known is None or known.shortage != shortage
    row = known or Unproposed(listing=listing)
    row.shortage, row.proposals, row.found_at = shortage, proposals, now
    row.save()
    if is_news:
        parties = [listing.organization_id]
        record("listing.unproposed", listing, by=by, parties=parties, shortage=shortage)


def _end_of(day: date) -> datetime:
    """Return when the business day `day` is over."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def _alone() -> None:
    """Wait until nobody else proposes, and keep the others waiting until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('attention', 0))")
