"""Take files in, keep them, and be rid of them."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Protocol, cast

from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.utils import timezone

from apps.documents.models import Document
from apps.journal.actions import record
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.documents import (
    DOCUMENT,
    LARGEST,
    LONGEST_PERSON,
    DocumentState,
    media_type_of,
    must_fit,
    name_faults,
)
from marketplace.errors import Invalid, Missing, Refused

#: How much of a file is held in memory.
PIECE = 256 * 1024


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none at the end."""


@transaction.atomic
def store(stream: Readable, *, name: str, cleared_by: str, by: Actor) -> Document:
    """
    Take a file in for the organization of `by`; `cleared_by` says that it holds no state secret.

    The bytes are in the store before the row is written: what goes wrong in between leaves bytes
    without a row, which nobody can reach and the clock removes. No row is locked meanwhile.
    """
    if by.user is None or by.organization is None:
        raise Refused("You do not act for an organization that may do this.", code="not_yours")
    Invalid.unless_none([*name_faults(name), *_clearance_faults(cleared_by)])
    with _on_disk(stream) as file:
        size, digest = _measured(file)
        media_type = media_type_of(cast(BinaryIO, file.file), name=name)
        place = _put(file)
    try:
        document = Document.objects.create(
            organization_id=by.organization,
            author_id=by.user,
            name=name,
            media_type=media_type,
            size=size,
            sha256=digest,
            place=place,
            cleared_by=cleared_by,
            declared_on=day_of(timezone.now()),
        )
        record(
            "document.stored",
            document,
            by=by,
            parties=[document.organization_id],
            media_type=media_type.value,
            size=size,
            sha256=digest,
        )
    except Exception:
        with suppress(OSError):
            _bytes().delete(place)
        raise
    return document


@transaction.atomic
def claim(document: Document, *, by: Actor, expected: int | None = None) -> Document:
    """Keep a file because something refers to it; one that nothing claims is soon destroyed."""
    document = Document.objects.locked(document, by=by, expected=expected)
    by.must_act_for(document.organization_id)
    document.state = DOCUMENT.after(document.state, "claim")
    document.claimed_at = document.claimed_at or timezone.now()
    document.store("state", "claimed_at")
    record("document.claimed", document, by=by, parties=[document.organization_id])
    return document


@transaction.atomic
def destroy(document: Document, *, by: Actor, expected: int | None = None) -> Document:
    """
    Make a file unreadable at once and forget its name; the clock removes its bytes.

    What is kept is who handed in what, by its SHA-256, and who destroyed it.
    """
    document = Document.objects.locked(document, by=by, expected=expected)
    if not by.has(Role.SECRECY_OFFICER):
        by.must_act_for(document.organization_id)
    document.state = DOCUMENT.after(document.state, "destroy")
    document.name = ""
    document.destroyed_at = timezone.now()
    document.store("state", "name", "destroyed_at")
    record(
        "document.destroyed",
        document,
        by=by,
        parties=[document.organization_id],
        sha256=document.sha256,
    )
    return document


@transaction.atomic
def note_opening(document: Document, *, by: Actor) -> Document:
    """
    Write down that somebody reads a file, or raise Missing where it is destroyed.

    Whether they may, the caller has decided, which knows what the file hangs on.
    """
    found = Document.objects.readable().filter(pk=document.pk).first()
    if found is None:
        raise Missing
    record("document.opened", found, by=by, parties=[found.organization_id, by.organization])
    return found


@transaction.atomic
def note_removal(document: Document, *, by: Actor) -> Document:
    """Write down that the bytes of a destroyed file are gone; once, if told twice."""
    document = Document.objects.locked(document, by=by)
    if document.state is not DocumentState.DESTROYED or not by.is_system:
        raise Refused("Only the bytes of a destroyed file are removed.", code="not_destroyed")
    if document.removed_at is None:
        document.removed_at = timezone.now()
        document.store("removed_at")
        record("document.removed", document, by=by, parties=[document.organization_id])
    return document


def _bytes() -> Storage:
    return storages["documents"]


def _clearance_faults(cleared_by: str) -> list[Invalid]:
    if cleared_by.strip() and len(cleared_by) <= LONGEST_PERSON:
        return []
    return [
        Invalid(
            "Say who cleared that this holds no state secret.",
            code="not_cleared",
            field="cleared_by",
        )
    ]


def _on_disk(stream: Readable) -> TemporaryUploadedFile:
    """Return `stream` as a file on disk, bounded in size; an upload is one already."""
    if isinstance(stream, TemporaryUploadedFile):
        return stream
    file = TemporaryUploadedFile("stream", "", 0, None)
    size = 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > LARGEST:
            file.close()
            must_fit(size, LARGEST)
        file.write(piece)
    return file


def _measured(file: TemporaryUploadedFile) -> tuple[int, str]:
    """Return how many bytes there are, and their SHA-256."""
    digest = sha256()
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
    return file.tell(), digest.hexdigest()


def _put(file: TemporaryUploadedFile) -> str:
    """
    Put the bytes into the store, for good, and return where they are.

    Each day has a folder, so that who looks for bytes without a row need not list them all.
    """
    file.size = file.seek(0, os.SEEK_END)
    file.seek(0)
    place = f"{datetime.now(UTC):%Y-%m-%d}/{token_hex(24)}"
    if _bytes().save(place, file) != place:
        raise RuntimeError("The store gave a file another name.")
    with suppress(NotImplementedError):  # Only a folder has paths, and may still be in a cache.
        path = Path(_bytes().path(place))
        for each in (path, path.parent, path.parent.parent):
            handle = os.open(each, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    return place
