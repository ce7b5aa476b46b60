"""What reviewed things share: every wording is kept, and every round of review is a row."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import Organization, User
from apps.accounts.queries import organization_of, person_of
from apps.base.fields import IdField, TermField, WordsField
from apps.base.models import Record, RecordQuerySet
from apps.documents.models import Document
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.errors import Conflict
from marketplace.lifecycle import Lifecycle
from marketplace.reviews import (
    LONGEST_NAME,
    REVIEWERS,
    AttachmentPurpose,
    Purpose,
    SubjectKind,
    Verdict,
    changed,
)
from marketplace.secrecy import DualUse, Secrecy, level_of, reads
from marketplace.vocabulary import Term


class Reviewed(Record):
    """
    A thing whose words others decide on before they stand.

    Its columns are the live words. An edit of a thing that is live waits as the wording numbered
    `proposed_wording`, while the live words stay as they are.
    """

    #: What it is called where it is one of several kinds.
    kind_of_subject: ClassVar[SubjectKind]
    #: The states that it passes through, those in which its words are live, and the move by which
    #: a reviewer lets it in.
    cycle: ClassVar[Lifecycle[Any]]
    live_in: ClassVar[Collection[Term]]
    accepts: ClassVar[str]
    #: Words that a spill leaves: they come from closed lists, and the table needs them.
    left_by_spill: ClassVar[Collection[str]]
    #: Its state: a word of its own life cycle.
    state: TermField[Any]
    #: When the proposed words were written, where these are read in the place of the live ones.
    proposed_at: datetime

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    #: The number of the live words.
    wording = models.PositiveIntegerField(default=1, db_default=1)
    proposed_wording = models.PositiveIntegerField(null=True)
    #: What an open submission asks for.
    waiting: TermField[Purpose | None] = TermField(Purpose, null=True)
    #: Only vetted organizations know of what has a dual use (军民两用).
    dual_use: TermField[DualUse | None] = TermField(DualUse, null=True)
    imported_from = models.CharField(max_length=80, blank=True, default="")
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    review_note = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(waiting=None) | Q(waiting__in=Purpose.values()),
                name="%(class)s_waits_for_something_known",
            ),
            models.CheckConstraint(
                condition=Q(dual_use=None) | Q(dual_use__in=DualUse.values()),
                name="%(class)s_dual_use_is_known",
            ),
            models.CheckConstraint(
                # A check passes on NULL, so that it waits at all must be said too.
                condition=Q(state="submitted", waiting="entry", waiting__isnull=False)
                | ~Q(state="submitted") & (Q(waiting=None) | ~Q(waiting="entry")),
                name="%(class)s_is_submitted_while_it_waits_to_enter",
            ),
            models.CheckConstraint(
                condition=Q(waiting=None)
                | ~Q(waiting="change")
                | Q(proposed_wording__isnull=False),
                name="%(class)s_change_has_a_proposed_wording",
            ),
            models.CheckConstraint(
                condition=Q(proposed_wording=None) | Q(proposed_wording__gt=F("wording")),
                name="%(class)s_proposed_wording_is_newer",
            ),
            models.CheckConstraint(
                condition=~Q(reviewed_by=F("author")), name="%(class)s_author_is_not_reviewer"
            ),
        ]

    def authors(self) -> Collection[Role]:
        """Return who may write its words, for its organization."""
        raise NotImplementedError

    def open_moves(self) -> list[str]:
        """Return which moves are open to people; who may make them is another matter."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Return what the journal says of it when it begins and when it is let in."""
        return {}

    def fill_in(self) -> None:
        """Put into a new draft what goes without saying."""

    def word_columns(self) -> Sequence[str]:
        """Return the names of its words that are columns of its own table."""
        raise NotImplementedError

    def word_names(self) -> Sequence[str]:
        """Return the names of all words that it can have; of nested ones the path."""
        return self.word_columns()

    def all_words(self) -> dict[str, Any]:
        """Return all its words as they are kept."""
        return self.words(self.word_columns())

    def with_words(self, words: Mapping[str, Any]) -> Self:
        """Return a copy of it as it would be with these words; nothing is stored."""
        worded = copy(self)
        worded.take_words(words)
        return worded

    def erase_words(self) -> list[str]:
        """Empty the words, and return the names of the columns."""
        columns = {column.name: column for column in self._meta.concrete_fields}
        erased = [name for name in self.word_columns() if name not in self.left_by_spill]
        for name in erased:
            column = columns[name]
            setattr(self, column.attname, None if column.null else column.get_default())
        return erased

    @property
    def newest_wording(self) -> int:
        """Return the number of the proposed words, or of the live ones where none are proposed."""
        return self.proposed_wording or self.wording

    def drop_proposal(self) -> list[str]:
        """Give up what is proposed, and return the names of the columns."""
        self.proposed_wording = None
        return ["proposed_wording"]

    def needs_consent(self) -> bool:
        """Say whether its owners must agree to the wording before it is submitted."""
        return False

    def owning(self) -> set[UUID]:
        """Return the organizations that own what it is about."""
        return {self.organization_id}

    def level_for(self, by: Actor) -> Secrecy:
        """Return up to which secrecy `by` reads this; who must consent to it reads it whole."""
        is_manager = by.has(Role.ORGANIZATION_MANAGER) and by.organization is not None
        if is_manager and self.needs_consent() and by.organization in self.owning():
            return Secrecy.UNDER_NDA
        return level_of(by, self.organization_id)

    def words(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the live words `names` as columns hold them; of a foreign key the key."""
        columns = {column.name: column.attname for column in self._meta.concrete_fields}
        return {name: getattr(self, columns[name]) for name in names}

    def take_words(self, words: Mapping[str, Any]) -> list[str]:
        """Put kept words into the columns, and return the names of the columns."""
        columns = {column.name: column for column in self._meta.concrete_fields}
        for name, value in words.items():
            column = columns[name]
            target: Any = column.target_field if column.is_relation else column  # type: ignore[attr-defined]
            # A kept word is JSON; the column knows what of it is a day or an amount.
            setattr(self, column.attname, None if value is None else target.to_python(value))
        return list(words)


class WordingQuerySet(models.QuerySet["Wording"]):
    """Wordings."""

    def of(self, subject: Reviewed) -> Self:
        """Return those of `subject`, the newest first."""
        return self.filter(subject_id=subject.pk).order_by("-number")

    def keep_first(self, subjects: Iterable[Reviewed], *, by: Actor) -> None:
        """Keep the words with which things of one kind begin."""
        self.bulk_create(
            Wording(
                subject_kind=subject.kind_of_subject,
                subject_id=subject.pk,
                number=subject.wording,
                words=subject.all_words(),
                author_id=by.user,
            )
            for subject in subjects
        )

    def keep(
        self, subject: Reviewed, words: Mapping[str, Any], *, number: int, by: Actor
    ) -> "Wording":
        """Keep `words` as the wording `number` of `subject`."""
        return self.create(
            subject_kind=subject.kind_of_subject,
            subject_id=subject.pk,
            number=number,
            words=dict(words),
            author_id=by.user,
        )


class Wording(models.Model):
    """
    What a thing says, said or would say: one of its wordings, by number.

    Wordings are never changed and never removed, save that a spill erases their words.
    """

    id = IdField()
    subject_kind = TermField(SubjectKind)
    subject_id = models.UUIDField()
    number = models.PositiveIntegerField()
    words = WordsField()
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WordingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "number"], name="wording_has_its_number"),
            models.CheckConstraint(
                condition=Q(subject_kind__in=SubjectKind.values()),
                name="wording_subject_kind_is_known",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="wording_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="wording_stands",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.words <> '{}'::jsonb"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}, {self.number}"


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
