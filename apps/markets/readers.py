"""What listings learn from the journal."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from apps.journal.models import Entry
from apps.markets.models import Checkup, Doubt, Interest, Listing

#: With these somebody shows interest in a listing, and waits for an answer.
ASKING = frozenset({"deal.opened", "deal.introduced"})
#: These are no answer to it.
NO_ANSWER = frozenset({"deal.broker_assigned"})
#: What listings point at.
POOLS = frozenset({"project", "talent", "fund"})


def take(entries: list[Entry]) -> None:
    """Note who waits for an answer, whose health may be another one, and what may have left."""
    for entry in entries:
        noun, _, deed = entry.verb.partition(".")
        if noun == "deal":
            _take_deal(entry)
        elif noun == "listing" and deed != "asked":
            _check([UUID(entry.subject_id)])
    told = {entry.subject_id for entry in entries if entry.verb.partition(".")[0] in POOLS}
    if told:
        pointing = Listing.objects.standing().of_entries(told).values_list("pk", flat=True)
        now = timezone.now()
        Doubt.objects.bulk_create(
            [Doubt(listing_id=pk, requested_at=now) for pk in pointing], ignore_conflicts=True
        )
        _check(pointing)


def _take_deal(entry: Entry) -> None:
    """An interest waits until something else happens to the deal; what an owner does is a sign."""
    if entry.verb in ASKING:
        keys = [UUID(key) for key in (entry.facts.get("offer"), entry.facts.get("need")) if key]
        asked = Listing.objects.filter(pk__in=keys).exclude(organization=entry.actor_organization)
        Interest.objects.bulk_create(
            [
                Interest(deal_id=UUID(entry.subject_id), listing_id=pk, since=entry.at)
                for pk in asked.values_list("pk", flat=True)
            ],
            ignore_conflicts=True,
        )
        _check(keys)
        return
    if entry.verb in NO_ANSWER:
        return
    waiting = Interest.objects.filter(deal_id=entry.subject_id).select_related("listing")
    for interest in waiting:
        is_sign = interest.listing.organization_id == entry.actor_organization
        _check([interest.listing_id], entry if is_sign else None)
    waiting.delete()


def _check(listings: Iterable[UUID], sign: Entry | None = None) -> None:
    """Ask for the health of `listings`; where the news is a sign of life, with its time."""
    now = timezone.now()
    columns = ["requested_at", "sign_at"] if sign else ["requested_at"]
    Checkup.objects.bulk_create(
        [
            Checkup(listing_id=pk, requested_at=now, sign_at=sign.at if sign else None)
            for pk in sorted(set(listings))
        ],
        update_conflicts=True,
        unique_fields=["listing_id"],
        update_fields=columns,
    )
