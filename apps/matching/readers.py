"""What news means for matches."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from apps.journal.models import Entry
from apps.markets.models import Listing
from apps.matching.models import Attention, Stale, Standing
from apps.pools.models import Commitment
from marketplace.attention import promise_on
from marketplace.calendar import day_of
from marketplace.standing import STANDING_VERBS

#: News of a listing after which it must be matched anew, or no longer.
OF_LISTINGS = frozenset(
    {
        "listing.published",
        "listing.change_published",
        "listing.embedded",
        "listing.paused",
        "listing.resumed",
        "listing.renewed",
        "listing.withdrawn",
        "listing.expired",
        "listing.concluded",
        "listing.spilled",
    }
)
#: News of a pool entry after which the listings that point at it are matched anew.
OF_ENTRIES = frozenset(
    {
        *("talent.change_admitted", "talent.left", "talent.spilled"),
        *("fund.change_admitted", "fund.left", "fund.spilled", "fund.closed"),
        *("project.change_admitted", "project.left", "project.spilled", "project.right_lapsed"),
    }
)
#: News of money set aside, after which the offers of that fund are matched anew.
OF_COMMITMENTS = frozenset({"commitment.made", "commitment.paid", "commitment.released"})
#: News of an organization after which all its listings are matched anew.
OF_ORGANIZATIONS = frozenset(
    {"organization.verified", "organization.vetted", "organization.unvetted"}
)
#: News after which a listing is owed that it is proposed.
BEGINNINGS = frozenset({"listing.published", "listing.resumed"})


def take(entries: list[Entry]) -> None:
    """Ask for new matches of the listings that something happened to."""
    listings = set(_subjects(entries, OF_LISTINGS))
    for entry in entries:
        if entry.verb == "listing.unmatched":
            listings.update(UUID(pk) for pk in entry.facts["lost"])
    pointing = set(_subjects(entries, OF_ENTRIES))
    commitments = list(_subjects(entries, OF_COMMITMENTS))
    if commitments:
        funds = Commitment.objects.filter(pk__in=commitments)
        pointing.update(funds.values_list("fund_id", flat=True))
    standing = Listing.objects.standing()
    if pointing:
        listings.update(standing.of_entries(pointing).values_list("pk", flat=True))
    organizations = list(_subjects(entries, OF_ORGANIZATIONS))
    if organizations:
        theirs = standing.filter(organization__in=organizations)
        listings.update(theirs.values_list("pk", flat=True))
    now = timezone.now()
    Stale.objects.bulk_create(
        [Stale(listing_id=pk, requested_at=now) for pk in sorted(listings)],
        update_conflicts=True,
        unique_fields=["listing_id"],
        update_fields=["requested_at", "claimed_at", "is_in_bulk"],
    )
    _owe_attention(entries)
    deals = [entry for entry in entries if entry.verb in STANDING_VERBS]
    Standing.objects.ask_for(party for entry in deals for party in entry.parties)


def _owe_attention(entries: list[Entry]) -> None:
    """Note what listings are owed from now on, and that there is news for those still owed."""
    begun = {UUID(e.subject_id): e.at for e in entries if e.verb in BEGINNINGS}
    known = set(Attention.objects.filter(pk__in=begun).values_list("pk", flat=True))
    markets = Listing.objects.filter(pk__in=begun).order_by("pk").values_list("pk", "market")
    fresh = []
    for pk, market in markets:
        since = begun[pk]
        due_on = promise_on(day_of(since)).last_day(day_of(since))
        fresh.append(Attention(listing_id=pk, market=market, since=since, due_on=due_on))
    Attention.objects.bulk_create(fresh, ignore_conflicts=True)
    for row in fresh:
        if row.pk in known:
            # One that was taken off the market and comes back has its days anew.
            unsettled = Attention.objects.filter(pk=row.pk, settled_on=None)
            unsettled.update(since=row.since, due_on=row.due_on)
    news = {UUID(pk) for e in entries if e.verb == "listing.matched" for pk in e.facts["won"]}
    news |= {UUID(e.subject_id) for e in entries if e.verb == "listing.matched"} | begun.keys()
    owed = promise_on(day_of(timezone.now())).proposals
    Attention.objects.filter(pk__in=news, proposals__lt=owed).update(
        is_ready=True, looks_again_at=None
    )


def _subjects(entries: Iterable[Entry], verbs: frozenset[str]) -> Iterable[UUID]:
    return (UUID(entry.subject_id) for entry in entries if entry.verb in verbs)
