"""The files that hang on reviewed things."""

from typing import Self

from django.db import models
from django.db.models import Q

from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.documents.models import Document
from apps.reviews.models.reviewed import Reviewed
from marketplace.actors import Actor
from marketplace.reviews import (
    REVIEWERS,
    AttachmentPurpose,
    SubjectKind,
)
from marketplace.secrecy import Secrecy, reads


class AttachmentQuerySet(RecordQuerySet["Attachment"]):
    """Attachments."""

    def of(self, subject: Reviewed) -> Self:
        """Return what hangs on `subject` now, in the order in which it came."""
        return self.filter(subject_id=subject.pk, removed_at=None).order_by("id")

    def visible_to(self, actor: Actor) -> Self:
        """Return those of one's own organization; of others the door is the thing itself."""
        if actor.is_system or actor.has(*REVIEWERS):
            return self
        return self.filter(document__organization=actor.organization)

    def readable(self, subject: Reviewed, by: Actor) -> Self:
        """Return what hangs on `subject`, which `by` may know of, and what of it `by` may open."""
        level = subject.level_for(by)
        return self.of(subject).filter(secrecy__in=[s for s in Secrecy if reads(level, s)])


class Attachment(Record):
    """A file that hangs on a thing, and who may open it."""

    subject_kind = TermField(SubjectKind)
    subject_id = models.UUIDField()
    document = models.OneToOneField(Document, models.PROTECT, related_name="attachment")
    #: What it is: an evaluation report, a pre-filing assessment, a test report …
    purpose = TermField(AttachmentPurpose)
    secrecy = TermField(Secrecy)
    removed_at = models.DateTimeField(null=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subject_kind__in=SubjectKind.values()),
                name="attachment_subject_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=AttachmentPurpose.values()),
                name="attachment_purpose_is_known",
            ),
            models.CheckConstraint(
                condition=Q(secrecy__in=Secrecy.values()), name="attachment_secrecy_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject_id", "id"],
                condition=Q(removed_at=None),
                name="attachment_of_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document} on {self.subject_kind} {self.subject_id}"
