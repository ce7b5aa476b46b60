"""What is under seal, and whether the chain is whole."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db.models import Exists, OuterRef

from apps.journal.models import Entry, Link, SubjectKey

#: How many bytes before a sealed text begin its counter (NIST SP 800-38D).
NONCE = 12
#: What the first link follows.
BEGINNING = bytes(32)
#: How many links are walked at once.
BATCH = 1000


def unsealed(entry: Entry) -> dict[str, Any] | None:
    """Return what is sealed in `entry`; None where the key to it is destroyed."""
    if entry.sealed is None:
        return {}
    key = SubjectKey.objects.values_list("key", flat=True).get(
        subject_type=entry.subject_type, subject_id=entry.subject_id
    )
    if key is None:
        return None
    sealed = bytes(entry.sealed)
    text = AESGCM(bytes(key)).decrypt(sealed[:NONCE], sealed[NONCE:], None)
    facts: dict[str, Any] = json.loads(text)
    return facts


@dataclass(frozen=True)
class Break:
    """Where the chain is broken first, and how."""

    position: int
    entry: int
    reason: str


@dataclass(frozen=True)
class Chain:
    """
    What a walk along the chain found.

    Whoever can rewrite the whole chain leaves no break: keep `head` where he cannot reach it.
    """

    links: int
    unlinked: int
    head: str
    first_break: Break | None


def walk_chain(batch: int = BATCH) -> Chain:
    """Walk the chain from its beginning, and say where it breaks first."""
    position, digest = 0, BEGINNING
    first_break = None
    for link, entry in _linked(batch):
        reason = _wrong(link, entry, position + 1, digest)
        if reason is not None:
            first_break = Break(link.position, link.entry_id, reason)
            break
        position, digest = link.position, bytes(link.digest)
    linked = Link.objects.filter(entry_id=OuterRef("pk"))
    return Chain(
        links=Link.objects.count(),
        unlinked=Entry.objects.filter(~Exists(linked)).count(),
        head=digest.hex(),
        first_break=first_break,
    )


def _linked(batch: int) -> Iterator[tuple[Link, Entry | None]]:
    """Yield each link with its entry, and hold no more than `batch` of them at once."""
    position = 0
    while links := list(Link.objects.filter(position__gt=position).order_by("position")[:batch]):
        entries = Entry.objects.in_bulk([link.entry_id for link in links])
        yield from ((link, entries.get(link.entry_id)) for link in links)
        position = links[-1].position


def _wrong(link: Link, entry: Entry | None, position: int, previous: bytes) -> str | None:
    """Say what is wrong with a link that should stand at `position`, if anything is."""
    if link.position != position:
        return "a link before it was removed"
    if entry is None:
        return "the entry was removed"
    if entry.digest_after(previous) != bytes(link.digest):
        return "the entry was changed"
    return None
