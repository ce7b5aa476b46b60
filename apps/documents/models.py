"""What is known of a file; its bytes lie in a store of their own."""

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from apps.accounts.models import Organization, User
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet, life_cycle
from marketplace.actors import Actor, Role
from marketplace.documents import DOCUMENT, LONGEST_NAME, LONGEST_PERSON, DocumentState, MediaType


class DocumentQuerySet(RecordQuerySet["Document"]):
    """Files."""

    def visible_to(self, actor: Actor) -> Self:
        """
        Return what the actor's organization handed in, and all to secrecy officers.

        Who else may read a file, the floors above say, which know what it hangs on.
        """
        if actor.has(Role.SECRECY_OFFICER):
            return self
        return self.filter(organization=actor.organization)

    def readable(self) -> Self:
        """Return the files that have not been destroyed."""
        return self.exclude(state=DocumentState.DESTROYED)

    def to_remove(self) -> Self:
        """Return the destroyed files whose bytes are still in the store."""
        return self.filter(state=DocumentState.DESTROYED, removed_at=None)


class Document(Record):
    """
    A file that somebody handed in for an organization.

    The row is written when the bytes are safely in the store, at `place`, a random name. It is
    destroyed in two steps: the row says so at once, and a task removes the bytes.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="documents")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    #: Only ever shown; empty where the file is destroyed, for a name can tell a secret too.
    name = models.CharField(max_length=LONGEST_NAME, blank=True)
    media_type = TermField(MediaType, max_length=80)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    place = models.CharField(max_length=80)
    #: Who cleared that it holds no state secret, and on which day that was declared.
    cleared_by = models.CharField(max_length=LONGEST_PERSON)
    declared_on = models.DateField()
    state = TermField(DocumentState, default=DOCUMENT.start)
    claimed_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    imported_from = models.CharField(max_length=80, blank=True, default="")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state="stored"), name="document_unclaimed"
            ),
            models.Index(
                fields=["destroyed_at"],
                condition=Q(state="destroyed", removed_at=None),
                name="document_to_remove",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["place"], name="document_place_is_its_own"),
            models.CheckConstraint(
                condition=Q(media_type__in=MediaType.values()), name="document_media_type_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=DocumentState.values()), name="document_state_is_known"
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="document_has_bytes"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="document_sha256_has_its_form"
            ),
            models.CheckConstraint(
                condition=~Q(cleared_by=""), name="document_is_cleared_by_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(state="claimed") | Q(claimed_at__isnull=False),
                name="document_claimed_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="destroyed", destroyed_at__isnull=False, name="")
                | (~Q(state="destroyed") & Q(destroyed_at=None) & ~Q(name="")),
                name="document_destroyed_has_a_time_and_no_name",
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(state="destroyed"),
                name="document_removed_is_destroyed",
            ),
        ]
        triggers = [
            *life_cycle(DOCUMENT, "document"),
            pgtrigger.ReadOnly(
                name="document_bytes_stay",
                fields=["organization", "media_type", "size", "sha256", "place", "declared_on"],
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"SHA-256 {self.sha256[:12]}…"
