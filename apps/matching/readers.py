"""What news of listings means for their matches."""

from uuid import UUID

from django.utils import timezone

from apps.journal.models import Entry
from apps.matching.models import Stale

#: News after which the listing itself must be matched anew, or no longer.
VERBS = frozenset(
    {
        "listing.published",
        "listing.change_published",
        "listing.paused",
        "listing.resumed",
        "listing.withdrawn",
        "listing.expired",
        "listing.concluded",
        "listing.spilled",
    }
)


def take(entries: list[Entry]) -> None:
    """Ask for new matches of the listings that something happened to."""
    listings: set[UUID] = set()
    for entry in entries:
        if entry.verb in VERBS:
            listings.add(UUID(entry.subject_id))
        elif entry.verb == "listing.unmatched":
            listings.update(UUID(pk) for pk in entry.facts["lost"])
    now = timezone.now()
    Stale.objects.bulk_create(
        [Stale(listing_id=pk, requested_at=now) for pk in sorted(listings)],
        update_conflicts=True,
        unique_fields=["listing_id"],
        update_fields=["requested_at", "claimed_at"],
    )
