"""What happened, who did it, and who is still to be told."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

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

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="entry_subject"),
        ]
        triggers = [append_only("entry_append_only")]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_id}"


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
