"""Every round of review, and how it ended."""

from collections.abc import Mapping, Sequence
from typing import Self
from uuid import UUID

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import Organization, User
from apps.accounts.queries import person_of
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.reviews.models.reviewed import Reviewed
from apps.reviews.models.wording import Wording
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Conflict
from marketplace.reviews import (
    LONGEST_NAME,
    REVIEWERS,
    Purpose,
    SubjectKind,
    Verdict,
    changed,
)

#: Of what was decided, a spill may erase what was said, and nothing else.
ERASED = " AND ".join(
    [
        *("NEW.what_changed = ''", "NEW.note = ''", "NEW.findings = '[]'::jsonb"),
        *(
            f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}"
            for column in ("verdict", "decided_by_id", "decided_at", "wording", "subject_id")
        ),
    ]
)


class SubmissionQuerySet(RecordQuerySet["Submission"]):
    """Submissions."""

    def erase(self, subject: Reviewed) -> None:
        """Erase what was said in the rounds of review of a thing that held what it must not."""
        self.filter(subject_id=subject.pk).update(what_changed="", note="", findings=[])

    def open(self) -> Self:
        """Return those that wait for a verdict."""
        return self.filter(verdict=None)

    def of(self, subject: Reviewed) -> Self:
        """Return those of `subject`, the newest first."""
        return self.filter(subject_id=subject.pk).order_by("-id")

    def visible_to(self, actor: Actor) -> Self:
        """Return those of one's organization, and all to reviewers."""
        if actor.is_system or actor.has(*REVIEWERS):
            return self
        return self.filter(organization=actor.organization)

    def begin(
        self,
        subject: Reviewed,
        purpose: Purpose,
        *,
        cleared_by: str,
        what_changed: str = "",
        by: Actor,
    ) -> "Submission":
        """
        Open a round of review of `subject`, held by the caller; and set what it waits for.

        What is submitted is the proposed wording of a change, else the live one; what differs from
        the wording that was last decided on is said with it.
        """
        number = subject.newest_wording if purpose is Purpose.CHANGE else subject.wording
        last = self.of(subject).exclude(verdict=Verdict.WITHDRAWN).first()
        wanted = {number, last.wording if last else number}
        kept = {w.number: w.words for w in Wording.objects.of(subject).filter(number__in=wanted)}
        before, after = kept.get(last.wording) if last else None, kept.get(number, {})
        subject.waiting = purpose
        return self.create(
            subject_kind=subject.kind_of_subject,
            subject_id=subject.pk,
            organization_id=subject.organization_id,
            purpose=purpose,
            wording=number,
            what_changed=what_changed,
            changed_fields=changed(before, after) if before is not None else [],
            submitted_by_id=person_of(by),
            cleared_by=cleared_by.strip(),
            declared_on=day_of(timezone.now()),
        )

    def end(self, subject: Reviewed, *, by: Actor) -> list[str]:
        """End the round that is open, if any, give up what is proposed, and name the columns."""
        if subject.waiting is not None:
            self.decide(subject, Verdict.WITHDRAWN, decided_by=by.user)
        return ["waiting", *subject.drop_proposal()]

    def decide(
        self,
        subject: Reviewed,
        verdict: Verdict,
        *,
        decided_by: UUID | None,
        note: str = "",
        findings: Sequence[Mapping[str, str]] = (),
        cleared_by: str = "",
    ) -> "Submission":
        """Give the open submission of `subject`, held by the caller, its one verdict."""
        submission = self.open().of(subject).select_for_update(no_key=True).first()
        if submission is None:
            raise Conflict("Nothing of this waits for a decision.", code="nothing_submitted")
        subject.waiting = None
        submission.verdict = verdict
        submission.decided_by_id = decided_by  # type: ignore[assignment]
        submission.decided_at = timezone.now()
        submission.note = note
        submission.findings = [dict(finding) for finding in findings]
        submission.decision_cleared_by = cleared_by.strip()
        submission.store(
            *("verdict", "decided_by", "decided_at", "note", "findings", "decision_cleared_by")
        )
        return submission


class Submission(Record):
    """
    One round of review: who asked for what on which wording, and how it ended.

    It carries the declarations that no state secret (国家秘密) is in it: that of who submits, and
    that of who lets it in.
    """

    subject_kind = TermField(SubjectKind)
    subject_id = models.UUIDField()
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    purpose = TermField(Purpose)
    #: The number of the wording that is decided on.
    wording = models.PositiveIntegerField()
    what_changed = models.TextField(blank=True, default="")
    changed_fields = ArrayField(models.CharField(max_length=60), default=list)
    submitted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    cleared_by = models.CharField(max_length=LONGEST_NAME)
    declared_on = models.DateField()
    verdict: TermField[Verdict | None] = TermField(Verdict, null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, default="")
    findings = models.JSONField(default=list)
    decision_cleared_by = models.CharField(max_length=LONGEST_NAME, blank=True, default="")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id"],
                condition=Q(verdict=None),
                name="submission_is_open_once",
                violation_error_code="submitted_already",
                violation_error_message="This is submitted already.",
            ),
            models.CheckConstraint(
                condition=Q(subject_kind__in=SubjectKind.values()),
                name="submission_subject_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=Purpose.values()), name="submission_purpose_is_known"
            ),
            models.CheckConstraint(
                condition=Q(verdict=None) | Q(verdict__in=Verdict.values()),
                name="submission_verdict_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(cleared_by=""), name="submission_is_cleared_by_somebody"
            ),
            models.CheckConstraint(
                condition=Q(verdict=None, decided_at=None)
                | Q(verdict__isnull=False, decided_at__isnull=False),
                name="submission_verdict_has_its_time",
            ),
            models.CheckConstraint(
                # A check passes on NULL, so that there is a verdict must be said too.
                condition=Q(verdict=None)
                | ~Q(verdict__in=["accepted", "sent_back", "refused"])
                | Q(decided_by__isnull=False),
                name="submission_is_decided_by_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=F("submitted_by")) | Q(verdict="withdrawn"),
                name="submission_is_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(verdict=None)
                | ~Q(verdict="accepted")
                | Q(purpose="exit")
                | ~Q(decision_cleared_by=""),
                name="submission_is_let_in_with_a_declaration",
            ),
        ]
        indexes = [models.Index(fields=["subject_id", "-id"], name="submission_of_subject")]
        triggers = [
            pgtrigger.Protect(
                name="submission_verdict_stands",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"OLD.verdict IS NOT NULL AND NOT ({ERASED})"),
            ),
            pgtrigger.Protect(name="submission_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.subject_kind} {self.subject_id}"
