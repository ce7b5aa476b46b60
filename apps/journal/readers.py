"""What the journal itself makes of its news: a chain."""

from apps.journal.models import Entry, Link
from apps.journal.queries import BEGINNING


def take(entries: list[Entry]) -> None:
    """Link `entries` to the chain; as one teller works at a time, it never forks."""
    last = Link.objects.order_by("-position").first()
    end, digest = (last.position, bytes(last.digest)) if last else (0, BEGINNING)
    links = []
    for position, entry in enumerate(entries, end + 1):
        digest = entry.digest_after(digest)
        links.append(Link(position=position, entry_id=entry.pk, digest=digest))
    Link.objects.bulk_create(links)
