"""Write the journal, and tell its readers."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from secrets import token_bytes
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from apps.journal.models import Entry, SubjectKey, Untold
from apps.journal.queries import NONCE
from marketplace.actors import Actor

Reader = Callable[[list[Entry]], None]

#: How many entries a reader is handed at once, and for how many seconds one telling may go on.
BATCH = 500
SECONDS = 2.0
#: How many entries are written at once.
CHUNK = 1000


def record(
    verb: str,
    subject: models.Model,
    *,
    by: Actor,
    parties: Iterable[UUID | None] = (),
    sealed: Mapping[str, object] | None = None,
    **facts: object,
) -> Entry:
    """
    Write down that `by` did `verb` to `subject`.

    Call it inside the transaction of the deed itself, so that neither can exist without the other.
    `parties` are the organizations concerned. `facts` hold no personal or confidential text: that
    goes into `sealed`, kept encrypted with a key of the subject. Once the key is destroyed, what is
    sealed is kept no more.
    """
    _must_be_part_of_a_deed()
    entry = _entry(verb, subject, facts, by=by, parties=_sorted(parties))
    if sealed:
        entry.sealed = _sealed(subject, sealed)
    entry.save(force_insert=True)
    _wait_for_readers([entry])
    return entry


def record_many(
    verb: str,
    rows: Iterable[tuple[models.Model, Mapping[str, object]]],
    *,
    by: Actor,
    parties: Iterable[UUID | None] = (),
) -> int:
    """Write down that `by` did `verb` to each subject, with its facts, and return how many."""
    _must_be_part_of_a_deed()
    concerned = _sorted(parties)
    waiting, count = iter(rows), 0
    while chunk := list(islice(waiting, CHUNK)):
        entries = Entry.objects.bulk_create(
            _entry(verb, subject, facts, by=by, parties=concerned) for subject, facts in chunk
        )
        _wait_for_readers(entries)
        count += len(entries)
    return count


@transaction.atomic
def destroy_key(subject: models.Model, *, by: Actor) -> None:
    """Make everything sealed about `subject` unreadable for ever, and seal nothing from now on."""
    held = _held_key(subject)
    if held.destroyed_at is not None:
        return
    held.key, held.destroyed_at = None, timezone.now()
    held.save(update_fields=["key", "destroyed_at"])
    record("key.destroyed", subject, by=by)


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


def _must_be_part_of_a_deed() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("A deed and its entry belong to one transaction.")


def _sorted(parties: Iterable[UUID | None]) -> list[UUID]:
    return sorted({party for party in parties if party is not None})


def _entry(
    verb: str,
    subject: models.Model,
    facts: Mapping[str, object],
    *,
    by: Actor,
    parties: list[UUID],
) -> Entry:
    return Entry(
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        actor_user=by.user,
        actor_organization=by.organization,
        actor_task=by.task,
        request_id=by.request_id,
        parties=parties,
        facts=dict(facts),
    )


def _wait_for_readers(entries: list[Entry]) -> None:
    """Write down that every reader is to be told of `entries`; in SQL, for they may be many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_untold (entry_id, reader, error)"
            " SELECT entry, reader, ''"
            " FROM unnest(%s::bigint[]) AS entry, unnest(%s::text[]) AS reader"
            " ORDER BY entry",
            [[entry.pk for entry in entries], list(settings.JOURNAL_READERS)],
        )


def _sealed(subject: models.Model, facts: Mapping[str, object]) -> bytes | None:
    """Return `facts` encrypted with the key of `subject`; None where that is destroyed."""
    key = _held_key(subject).key
    if key is None:
        return None
    nonce = token_bytes(NONCE)
    text = json.dumps(dict(facts), cls=DjangoJSONEncoder, ensure_ascii=False)
    return nonce + AESGCM(bytes(key)).encrypt(nonce, text.encode(), None)


def _held_key(subject: models.Model) -> SubjectKey:
    """
    Return the key of `subject`, made where there is none, held until the transaction ends.

    Held, for whoever seals must not finish after another has destroyed.
    """
    name = {"subject_type": subject._meta.label_lower, "subject_id": str(subject.pk)}
    held = SubjectKey.objects.select_for_update(no_key=True).filter(**name)
    found = held.first()
    if found is None:
        fresh = SubjectKey(**name, key=AESGCM.generate_key(256))
        SubjectKey.objects.bulk_create([fresh], ignore_conflicts=True)
        found = held.get()
    return found
