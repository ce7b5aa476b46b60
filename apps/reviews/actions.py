"""
The common life of reviewed things: drafted, submitted, decided on, changed while live, sealed.

What sets one kind of thing apart from the others stands in its own app, as Rules.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.base.models import StoredAnswer
from apps.documents import actions as documents
from apps.documents.models import Document
from apps.journal.actions import destroy_key, record, record_many
from apps.reviews.models import Attachment, Consent, Reviewed, Submission, Wording
from apps.reviews.queries import (
    begun,
    decided,
    hanging,
    held,
    is_reference_taken,
    must_be_fit,
    must_take_file,
    next_wording,
    owing,
    own,
    pointing_at,
    rules_of,
    with_proposal,
)
from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.reviews import (
    LET_IN,
    AttachmentPurpose,
    Purpose,
    Verdict,
    changed,
    finding_faults,
    merged,
    must_be_cleared,
    must_give_reason,
)
from marketplace.secrecy import Secrecy

S = TypeVar("S", bound=Reviewed)
Words = Mapping[str, Any]
Findings = Sequence[Mapping[str, str]]

#: What a verdict on a thing that is not live yet changes of it.
DECIDED = ("state", "waiting", "reviewed_by", "review_note")


# --- words ------------------------------------------------------------------------------------


@transaction.atomic
def draft(table: type[S], terms: Words, *, by: Actor, imported_from: str = "", **kind: Any) -> S:
    """Begin a thing of the actor's organization; `kind` is what else it is from the beginning."""
    [subject] = _enter(begun(table, {"": terms}, imported_from, kind, by=by), by=by)
    return _record("drafted", subject, by=by, **subject.facts())


@transaction.atomic
def draft_many(
    table: type[S], rows: Sequence[Words], *, by: Actor, imported_from: str = "", **kind: Any
) -> list[S]:
    """Begin many things of one kind, or none; what is wrong with the third is at "2.title"."""
    given = {f"{position}.": terms for position, terms in enumerate(rows)}
    subjects = _enter(begun(table, given, imported_from, kind, by=by), by=by)
    told = ((subject, subject.facts()) for subject in subjects)
    verb = f"{table.kind_of_subject}.drafted"
    record_many(verb, told, by=by, parties=[by.organization])
    return subjects


@transaction.atomic
def change(subject: S, terms: Words, *, by: Actor, expected: int | None = None) -> S:
    """
    Write other words: into a draft at once; of what is live, beside the live ones.

    The latter is a proposal, which builds on the one before it and becomes live when a reviewer
    has accepted it. Words that are the same leave everything as it is.
    """
    subject = own(subject, by=by, expected=expected)
    is_live, cycle = subject.state in subject.live_in, subject.cycle
    if not is_live and subject.state not in cycle.moves["submit"].sources:
        raise Conflict(
            "This is {state} now; its words stand.", code="wrong_state", state=subject.state
        )
    if subject.waiting is not None:
        raise Conflict(
            "This is submitted; take it back before you change it.", code="submitted_already"
        )
    rules, newest = rules_of(subject), with_proposal(subject)
    [(found, unknown)] = rules.known([terms], subject.organization_id)
    before, number = newest.all_words(), next_wording(subject)
    words = merged(before, found)
    Invalid.unless_none([*unknown, *rules.faults(subject, words, cycle.start)])
    worded = newest.with_words(words)
    after = worded.all_words()
    if not (names := changed(before, after)):
        return subject
    Wording.objects.keep(subject, after, number=number, by=by)
    if is_live:
        subject.proposed_wording = number
        columns = rules.proposed(subject, worded)
        subject.store("proposed_wording", *rules.signs, *columns)
    else:
        subject = worded
        subject.wording = number
        subject.store("wording", *rules.signs, *subject.word_columns())
        rules.written([subject])
    # Which words were changed stands in the clear; what they say only under seal.
    differing = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    deed = "change_proposed" if is_live else "changed"
    return _record(deed, subject, by=by, sealed=differing, fields=names, wording=number)


# --- what its organization asks for -----------------------------------------------------------


@transaction.atomic
def submit(
    subject: S, *, cleared_by: str, what_changed: str = "", by: Actor, expected: int | None = None
) -> S:
    """Ask for a thing to be let in; `cleared_by` declares that it holds no state secret."""
    subject = own(subject, by=by, expected=expected)
    subject.state = subject.cycle.after(subject.state, "submit")
    _submit(subject, subject, Purpose.ENTRY, cleared_by, what_changed, by=by)
    subject.reviewed_by = None
    subject.store("state", "waiting", "reviewed_by", *rules_of(subject).signs)
    return _record("submitted", subject, by=by, wording=subject.wording)


@transaction.atomic
def submit_change(
    subject: S, *, cleared_by: str, what_changed: str = "", by: Actor, expected: int | None = None
) -> S:
    """Ask for the proposed words to take the place of the live ones, which stand meanwhile."""
    subject = own(subject, by=by, expected=expected, move="submit_change")
    rules, worded = rules_of(subject), with_proposal(subject)
    columns = rules.proposed(subject, worded)
    if is_reference_taken(worded):
        raise Conflict(rules.reference_taken, code="external_reference_taken")
    submission = _submit(subject, worded, Purpose.CHANGE, cleared_by, what_changed, by=by)
    subject.store("waiting", *rules.signs, *columns)
    facts: dict[str, Any] = {"fields": submission.changed_fields, "wording": submission.wording}
    return _record("change_submitted", subject, by=by, **facts)


@transaction.atomic
def take_back(subject: S, *, by: Actor, expected: int | None = None) -> S:
    """Take back what was submitted before it is decided on; proposed words stay proposed."""
    subject = own(subject, by=by, expected=expected, move="take_back")
    purpose = subject.waiting
    if purpose is Purpose.ENTRY:
        subject.state = subject.cycle.after(subject.state, "take_back")
    Submission.objects.decide(subject, Verdict.WITHDRAWN, decided_by=by.user)
    subject.store("state", "waiting", *rules_of(subject).signs)
    return _record("taken_back", subject, by=by, purpose=purpose)


@transaction.atomic
def withdraw_change(subject: S, *, by: Actor, expected: int | None = None) -> S:
    """Drop the proposed words, submitted or not; the live ones stay."""
    subject = own(subject, by=by, expected=expected, move="withdraw_change")
    number = subject.proposed_wording
    columns = Submission.objects.end(subject, by=by)
    subject.store(*columns, *rules_of(subject).signs)
    return _record("change_withdrawn", subject, by=by, wording=number)


# --- what reviewers decide --------------------------------------------------------------------


@transaction.atomic
def accept(
    subject: S, *, cleared_by: str, note: str = "", by: Actor, expected: int | None = None
) -> S:
    """Let a thing in, or its proposed words take the place of the live ones."""
    subject, reviewer = decided(subject, subject.accepts, by=by, expected=expected)
    must_be_cleared(cleared_by)
    rules, worded = rules_of(subject), with_proposal(subject)
    is_change = subject.waiting is Purpose.CHANGE
    columns = rules.accepted(subject, worded)
    if is_change:
        worded.wording = subject.proposed_wording or 0
        columns += [*worded.word_columns(), "wording", *worded.drop_proposal()]
    else:
        worded.state = worded.cycle.after(worded.state, worded.accepts)
    Submission.objects.decide(
        worded, Verdict.ACCEPTED, decided_by=reviewer, note=note, cleared_by=cleared_by
    )
    worded.reviewed_by_id, worded.review_note = reviewer, note
    worded.store(*DECIDED, *columns)
    if is_change:
        rules.written([worded])
    deed = LET_IN[worded.accepts]
    deed = f"change_{deed}" if is_change else deed
    return _record(deed, worded, by=by, wording=worded.wording, **worded.facts())


@transaction.atomic
def send_back(
    subject: S, *, findings: Findings, note: str = "", by: Actor, expected: int | None = None
) -> S:
    """Give a thing, or a change of it, back to be put right; the live words stand."""
    subject, reviewer = decided(subject, "send_back", by=by, expected=expected)
    Invalid.unless_none(finding_faults(findings, subject.word_names()))
    is_change = subject.waiting is Purpose.CHANGE
    Submission.objects.decide(
        subject, Verdict.SENT_BACK, decided_by=reviewer, note=note, findings=findings
    )
    if not is_change:
        subject.state = subject.cycle.after(subject.state, "send_back")
        subject.reviewed_by_id, subject.review_note = reviewer, note
    subject.store(*DECIDED)
    return _record("change_sent_back" if is_change else "sent_back", subject, by=by)


@transaction.atomic
def refuse(subject: S, *, reason: str, by: Actor, expected: int | None = None) -> S:
    """Keep a thing out for good; or refuse a change, or the exit, of one that is in."""
    subject, reviewer = decided(subject, "refuse", by=by, expected=expected)
    must_give_reason(reason)
    purpose = subject.waiting
    Submission.objects.decide(subject, Verdict.REFUSED, decided_by=reviewer, note=reason)
    if purpose is Purpose.ENTRY:
        subject.state = subject.cycle.after(subject.state, "refuse")
        subject.reviewed_by_id, subject.review_note = reviewer, reason
    dropped = subject.drop_proposal() if purpose is Purpose.CHANGE else []
    subject.store(*DECIDED, *dropped)
    deed = "refused" if purpose is Purpose.ENTRY else f"{purpose}_refused"
    return _record(deed, subject, by=by)


@transaction.atomic
def spill(subject: S, *, reason: str, by: Actor, expected: int | None = None) -> S:
    """
    Close a thing to everybody and erase what it said, for it held what it must not.

    What points at it and may repeat its words is sealed with it, at once. What is gone: the words
    and all earlier ones, the files, what the journal keeps of it under seal, and the answers that
    show it. What stays is that it was there, and who sealed it and why.
    """
    by.must_have(Role.SECRECY_OFFICER)
    must_give_reason(reason)
    # They are held before what they point at, as by everybody.
    pointing = [spill(each, reason=reason, by=by) for each in pointing_at(subject)]
    subject = held(subject, by=by, expected=expected)
    rules = rules_of(subject)
    subject.state = subject.cycle.after(subject.state, "spill")
    columns = [
        *Submission.objects.end(subject, by=by),
        *subject.erase_words(),
        *rules.erase(subject),
    ]
    subject.review_note = reason
    subject.store("state", "review_note", *columns)
    rules.written([subject])
    Submission.objects.erase(subject)
    Wording.objects.of(subject).update(words={})
    destroy_files(subject, by=by)
    destroy_key(subject, by=by)
    StoredAnswer.objects.filter(body__contains=str(subject.pk)).delete()
    if pointing:
        _record("listings_spilled", subject, by=by, listings=[each.pk for each in pointing])
    return _record("spilled", subject, by=by)


# --- consents and files -----------------------------------------------------------------------


@transaction.atomic
def consent(subject: S, *, by: Actor, expected: int | None = None) -> S:
    """Agree, as an owner's manager, to the newest wording of a thing made in the course of duty."""
    subject = held(subject, by=by, expected=expected)
    by.must_have(Role.ORGANIZATION_MANAGER)
    if not subject.needs_consent():
        raise Conflict("This needs nobody's consent.", code="no_consent_needed")
    if by.organization not in subject.owning():
        raise Refused("Only its owners consent to it.", code="not_an_owner")
    Consent.objects.give(subject, by=by)
    number = subject.newest_wording
    return _record("consented", subject, by=by, parties=[by.organization], wording=number)


@transaction.atomic
def withdraw_consent(subject: S, *, by: Actor, expected: int | None = None) -> S:
    """Take back the consent of the own organization; what was submitted with it stays so."""
    subject = held(subject, by=by, expected=expected)
    by.must_have(Role.ORGANIZATION_MANAGER)
    number = subject.newest_wording
    given = Consent.objects.current(subject.pk, number).filter(organization=by.organization)
    row = given.select_for_update(no_key=True).first()
    if row is None:
        raise Conflict("Your organization has not consented to this wording.", code="no_consent")
    row.withdrawn_at = timezone.now()
    row.store("withdrawn_at")
    return _record("consent_withdrawn", subject, by=by, parties=[by.organization], wording=number)


@transaction.atomic
def attach(
    subject: Reviewed,
    document: Document,
    *,
    purpose: AttachmentPurpose,
    secrecy: Secrecy,
    by: Actor,
    expected: int | None = None,
) -> Attachment:
    """Hang a file of the own organization on its thing."""
    subject = held(subject, by=by, expected=expected)
    by.must_act_for(subject.organization_id)
    must_take_file(subject)
    document = documents.claim(document, by=by)
    attachment = Attachment(
        subject_kind=subject.kind_of_subject,
        subject_id=subject.pk,
        document=document,
        purpose=purpose,
        secrecy=secrecy,
    )
    attachment.save(force_insert=True)
    facts: dict[str, Any] = {"purpose": purpose, "secrecy": secrecy, "sha256": document.sha256}
    _record("file_attached", subject, by=by, document=document.pk, **facts)
    return attachment


@transaction.atomic
def detach(attachment: Attachment, subject: Reviewed, *, by: Actor) -> Attachment:
    """Take a file off the thing on which it hangs; its bytes are destroyed."""
    subject = held(subject, by=by)
    by.must_act_for(subject.organization_id)
    attachment = hanging(attachment, subject)
    attachment.removed_at = timezone.now()
    attachment.store("removed_at")
    documents.destroy(attachment.document, by=by)
    _record("file_removed", subject, by=by, document=attachment.document_id)
    return attachment


@transaction.atomic
def destroy_files(subject: Reviewed, *, by: Actor) -> None:
    """Destroy every file that ever hung on a thing that held what it must not."""
    rows = Attachment.objects.filter(subject_id=subject.pk).select_related("document")
    for attachment in rows.filter(removed_at=None).order_by("id"):
        attachment.removed_at = timezone.now()
        attachment.store("removed_at")
        documents.destroy(attachment.document, by=by)
    _record("files_destroyed", subject, by=by)


# --- what they have in common -----------------------------------------------------------------


def _record(
    deed: str, subject: S, *, by: Actor, parties: Sequence[UUID | None] = (), **facts: Any
) -> S:
    """Write down what was done to a thing, with its organization among the parties."""
    verb = f"{subject.kind_of_subject}.{deed}"
    record(verb, subject, by=by, parties=[subject.organization_id, *parties], **facts)
    return subject


def _enter(subjects: list[S], *, by: Actor) -> list[S]:
    """Store new drafts of one kind with their first wording."""
    for first in subjects[:1]:
        type(first)._default_manager.bulk_create(subjects)
        rules_of(first).written(subjects)
    Wording.objects.keep_first(subjects, by=by)
    return subjects


def _submit(
    subject: S, worded: S, purpose: Purpose, cleared_by: str, what_changed: str, *, by: Actor
) -> Submission:
    """Open a round of review of the words of `worded`, unless something keeps them from it."""
    must_be_cleared(cleared_by)
    # A manager of an owner who submits something consents to it by that.
    consenting = rules_of(subject).consenting(subject, worded)
    if by.has(Role.ORGANIZATION_MANAGER) and by.organization in owing(consenting):
        Consent.objects.give(consenting, by=by)
        number = consenting.newest_wording
        _record("consented", consenting, by=by, parties=[by.organization], wording=number)
    must_be_fit(subject, worded, consenting, what_changed)
    return Submission.objects.begin(
        subject, purpose, cleared_by=cleared_by, what_changed=what_changed, by=by
    )
