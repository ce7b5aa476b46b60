"""What deals learn from the journal."""

from django.db.models import Q

from apps.deals.models import Deal, Orphan
from apps.journal.models import Entry
from marketplace.deals import DealState

#: After these a listing is off the market for good.
CLOSING = frozenset(
    {
        "listing.withdrawn",
        "listing.expired",
        "listing.concluded",
        "listing.refused",
        "listing.spilled",
    }
)


def take(entries: list[Entry]) -> None:
    """Note the unanswered interests whose listing was closed; those who talk already go on."""
    closed = {entry.subject_id: entry.pk for entry in entries if entry.verb in CLOSING}
    if not closed:
        return
    deals = Deal.objects.filter(Q(offer__in=closed) | Q(need__in=closed), state=DealState.INTEREST)
    Orphan.objects.bulk_create(
        [
            Orphan(
                deal_id=deal.pk,
                entry_id=closed.get(str(deal.offer_id)) or closed[str(deal.need_id)],
            )
            for deal in deals
        ],
        ignore_conflicts=True,
    )
