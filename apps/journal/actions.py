"""Write the journal, and tell its readers."""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from apps.journal.models import Entry, Untold
from marketplace.actors import Actor

Reader = Callable[[list[Entry]], None]

#: How many entries a reader is handed at once, and for how many seconds one telling may go on.
BATCH = 500
SECONDS = 2.0


def record(
    verb: str,
    subject: models.Model,
    *,
    by: Actor,
    parties: Iterable[UUID | None] = (),
    **facts: object,
) -> Entry:
    """
    Write down that `by` did `verb` to `subject`.

    Call it inside the transaction of the deed itself, so that neither can exist without the other.
    `parties` are the organizations concerned. `facts` hold no personal or confidential text.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A deed and its entry belong to one transaction.")
    entry = Entry.objects.create(
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        actor_user=by.user,
        actor_organization=by.organization,
        actor_task=by.task,
        request_id=by.request_id,
        parties=sorted({party for party in parties if party is not None}),
        facts=facts,
    )
    Untold.objects.bulk_create(
        Untold(entry_id=entry.pk, reader=name) for name in settings.JOURNAL_READERS
    )
    return entry


def tell(name: str, *, batch: int = BATCH, seconds: float = SECONDS) -> int:
    """
    Hand the entries that wait for the reader `name` to it, oldest first, and return how many.

    One teller per reader works at a time, so a reader hears of one subject in the order in which
    things happened to it. What the reader writes and the fact that it was told commit together.
    """
    deadline = time.monotonic() + seconds
    told = 0
    while time.monotonic() < deadline:
        count = _tell_batch(name, batch)
        told += count
        if count < batch:
            break
    return told


@transaction.atomic
def _tell_batch(name: str, batch: int) -> int:
    if not _alone(name):
        return 0
    waiting = list(
        Untold.objects.filter(reader=name, set_aside_at=None).order_by("entry_id")[:batch]
    )
    entries = list(Entry.objects.filter(pk__in=[u.entry_id for u in waiting]).order_by("pk"))
    reader: Reader = import_string(settings.JOURNAL_READERS[name])
    try:
        with transaction.atomic():
            reader(entries)
        done = waiting
    except OperationalError:
        raise  # The database failed, not an entry: another round will tell all of them.
    except Exception:
        done = [u for u, e in zip(waiting, entries, strict=True) if _told_alone(reader, u, e)]
    Untold.objects.filter(pk__in=[u.pk for u in done]).delete()
    return len(waiting)


def _told_alone(reader: Reader, untold: Untold, entry: Entry) -> bool:
    """Tell one entry; where even that fails, set it aside for this reader and say False."""
    try:
        with transaction.atomic():
            reader([entry])
    except OperationalError:
        raise
    except Exception as error:
        untold.set_aside_at = timezone.now()
        untold.error = repr(error)
        untold.save(update_fields=["set_aside_at", "error"])
        return False
    return True


def _alone(name: str) -> bool:
    """Take the lock of the reader `name` for this transaction; say False if another has it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"tell:{name}"]
        )
        row = cursor.fetchone()
    return bool(row and row[0])
