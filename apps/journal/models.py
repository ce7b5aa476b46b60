"""What happened, who did it, who is still to be told, and the seals on both."""

import json
from datetime import UTC
from hashlib import sha256
from typing import Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from apps.base.models import append_only
from marketplace.actors import Actor, Role


class EntryQuerySet(models.QuerySet["Entry"]):
    """Journal entries."""

    def visible_to(self, actor: Actor) -> Self:
        """Return what concerns the actor's organization; administrators see all."""
        if actor.has(Role.ADMINISTRATOR):
            return self
        if actor.organization is None:
            return self.none()
        return self.filter(parties__contains=[actor.organization])


class Entry(models.Model):
    """
    One thing that happened.

    Entries are never changed and never removed. They hold bare ids and no foreign keys, for a
    record of the past must not hang on rows of the present; names are joined when shown.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=80)
    actor_user = models.UUIDField(null=True)
    actor_organization = models.UUIDField(null=True)
    #: Which clockwork acted, where it was no person.
    actor_task = models.CharField(max_length=60, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    parties = ArrayField(models.UUIDField(), default=list)
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    #: Sensitive facts, encrypted with the key of the subject.
    sealed = models.BinaryField(null=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="entry_subject"),
        ]
        triggers = [append_only("entry_append_only")]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_id}"

    def digest_after(self, previous: bytes) -> bytes:
        """Return the digest of this entry as it follows the one with the digest `previous`."""
        words = {
            "id": self.pk,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "verb": self.verb,
            "subject": [self.subject_type, self.subject_id],
            "actor": [
                self.actor_user and str(self.actor_user),
                self.actor_organization and str(self.actor_organization),
                self.actor_task,
            ],
            "request_id": self.request_id,
            "parties": [str(party) for party in self.parties],
            "facts": self.facts,
            "sealed": None if self.sealed is None else bytes(self.sealed).hex(),
        }
        text = json.dumps(words, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return sha256(previous + text.encode()).digest()


class Untold(models.Model):
    """
    An entry that one reader has yet to be told of.

    There is no foreign key to the entry, so that entries can be partitioned by id.
    """

    id = models.BigAutoField(primary_key=True)
    entry_id = models.BigIntegerField()
    reader = models.CharField(max_length=40)
    #: Set when the reader failed on this very entry: the news goes on without it.
    set_aside_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "untold"
        constraints = [
            models.UniqueConstraint(fields=["reader", "entry_id"], name="untold_once_per_reader"),
        ]
        indexes = [
            models.Index(
                fields=["reader", "entry_id"],
                condition=models.Q(set_aside_at=None),
                name="untold_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reader}: {self.entry_id}"


class SubjectKey(models.Model):
    """
    The key to the sealed facts of one subject; once destroyed it never comes back.

    So what was said of the subject can be made unreadable, and no entry is touched.
    """

    id = models.BigAutoField(primary_key=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=80)
    #: For AES-256-GCM.
    key = models.BinaryField(max_length=32, null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"], name="subject_has_one_key"
            ),
            models.CheckConstraint(
                condition=Q(key__isnull=False, destroyed_at=None)
                | Q(key=None, destroyed_at__isnull=False),
                name="subject_key_is_there_or_destroyed",
            ),
            models.CheckConstraint(
                condition=Q(key=None) | Q(Exact(Length("key"), 32)), name="subject_key_has_256_bits"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="subject_key_stays", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="subject_key_is_only_destroyed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=(
                    "IF OLD.key IS NULL OR NEW.key IS NOT NULL OR OLD.id <> NEW.id"
                    " OR OLD.subject_type <> NEW.subject_type"
                    " OR OLD.subject_id <> NEW.subject_id THEN"
                    " RAISE EXCEPTION 'A key is never changed, and never brought back';"
                    " END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id}"


class Link(models.Model):
    """
    One link of the chain that shows whether entries were changed or removed.

    Its digest covers the entry and the digest of the link before it. Entries are linked in the
    order in which they were told, not in that of their ids: those commit in another order.
    """

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    #: SHA-256.
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(Exact(Length("digest"), 32)), name="link_digest_has_256_bits"
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1), name="link_positions_begin_at_one"
            ),
        ]
        triggers = [append_only("link_append_only")]

    def __str__(self) -> str:
        return f"{self.position}: {self.entry_id}"
