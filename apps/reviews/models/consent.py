"""That owners agree to a wording."""

from typing import Self
from uuid import UUID

import pgtrigger
from django.db import models
from django.db.models import Q

from apps.accounts.models import Organization, User
from apps.accounts.queries import organization_of, person_of
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.reviews.models.reviewed import Reviewed
from marketplace.actors import Actor
from marketplace.reviews import (
    REVIEWERS,
    SubjectKind,
)


class ConsentQuerySet(RecordQuerySet["Consent"]):
    """Consents."""

    def give(self, subject: Reviewed, *, by: Actor) -> "Consent":
        """Note that the manager `by` agrees to the newest wording of `subject`."""
        return self.create(
            subject_kind=subject.kind_of_subject,
            subject_id=subject.pk,
            wording=subject.newest_wording,
            organization_id=organization_of(by),
            asked_by_id=subject.organization_id,
            given_by_id=person_of(by),
        )

    def current(self, subject_id: UUID, wording: int) -> Self:
        """Return those to the wording `wording` that were not taken back."""
        return self.filter(subject_id=subject_id, wording=wording, withdrawn_at=None)

    def visible_to(self, actor: Actor) -> Self:
        """Return those that one's organization gave or asked for, and all to reviewers."""
        if actor.is_system or actor.has(*REVIEWERS):
            return self
        return self.filter(Q(organization=actor.organization) | Q(asked_by=actor.organization))


class Consent(Record):
    """
    That an owner agrees to one wording of an achievement made in the course of duty (职务成果).

    It pins the wording: to any other one it says nothing.
    """

    subject_kind = TermField(SubjectKind)
    subject_id = models.UUIDField()
    wording = models.PositiveIntegerField()
    #: Who owns, or shares in owning, what it is about.
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    #: Whose thing it is.
    asked_by = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "wording", "organization"],
                condition=Q(withdrawn_at=None),
                name="consent_is_given_once",
                violation_error_code="consented_already",
                violation_error_message="Your organization has consented to this wording already.",
            ),
            models.CheckConstraint(
                condition=Q(subject_kind__in=SubjectKind.values()),
                name="consent_subject_kind_is_known",
            ),
        ]
        triggers = [pgtrigger.Protect(name="consent_is_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}, {self.wording}: {self.organization}"
