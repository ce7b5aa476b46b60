"""What the clock does to files."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog
from celery import shared_task
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from apps.documents import actions
from apps.documents.models import Document
from marketplace.actors import Actor
from marketplace.documents import DocumentState

log = structlog.get_logger("documents")

#: For how long a file may wait for something to refer to it.
UNCLAIMED = timedelta(days=2)
#: For how many days back bytes without a row are looked for.
LOOKED_BACK = 30
#: How many files are taken up at once, and how many bytes are removed in one run.
BATCH, RUN = 500, 200


@shared_task(name="documents.sweep")
def sweep() -> int:
    """Destroy what nothing has claimed, and remove the bytes of what is destroyed."""
    while _destroy_one():
        pass
    by = Actor.system("documents.sweep")
    count = 0
    for document in Document.objects.to_remove().order_by("destroyed_at")[:RUN]:
        try:
            storages["documents"].delete(document.place)
        except Exception:
            # The store does not answer: the row still says what is to be done.
            log.exception("not removed", document=str(document.pk))
            continue
        actions.note_removal(document, by=by)
        count += 1
    return count


@shared_task(name="documents.sweep_orphans")
def sweep_orphans() -> int:
    """
    Remove bytes that no row knows of: what was handed in was refused, or the process died.

    Only days that have ended more than a day ago are looked at, for the row follows its bytes.
    """
    store = storages["documents"]
    today = datetime.now(UTC).date()
    count = 0
    for back in range(2, LOOKED_BACK + 1):
        folder = f"{today - timedelta(days=back):%Y-%m-%d}"
        try:
            names = iter(store.listdir(folder)[1])
        except FileNotFoundError:
            continue
        for places in _batches(f"{folder}/{name}" for name in names):
            known = Document.objects.filter(place__in=places).values_list("place", flat=True)
            for place in set(places) - set(known):
                store.delete(place)
                log.warning("orphan removed", place=place)
                count += 1
    return count


@transaction.atomic
def _destroy_one() -> bool:
    """Claim one that nobody else holds; say False where there is none left."""
    due = Document.objects.filter(
        state=DocumentState.STORED, created_at__lt=timezone.now() - UNCLAIMED
    ).order_by("created_at")
    document = due.select_for_update(skip_locked=True, no_key=True).first()
    if document is None:
        return False
    actions.destroy(document, by=Actor.system("documents.sweep"))
    return True


def _batches(places: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(places, BATCH)):
        yield batch
