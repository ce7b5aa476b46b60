"""What saved searches learn from the journal."""

from uuid import UUID

from apps.finding.models import News
from apps.journal.models import Entry

#: After these, a listing may be what somebody looks for, and was not before. A renewal is not
#: among them: whoever looks for it was told when it was published.
VERBS = frozenset({"listing.published", "listing.change_published", "listing.resumed"})


def take(entries: list[Entry]) -> None:
    """Note the listings that may be news to somebody."""
    News.objects.bulk_create(
        [
            News(entry_id=entry.pk, listing_id=UUID(entry.subject_id))
            for entry in entries
            if entry.verb in VERBS
        ],
        ignore_conflicts=True,
    )
