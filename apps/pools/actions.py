"""What can be done to the entries of the pools besides what is done to every reviewed thing."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Organization, User
from apps.accounts.queries import person_of
from apps.journal.actions import record
from apps.pools.models import ERASED, Commitment, Fund, Milestone, PoolEntry, Project, Talent
from apps.pools.queries import known, plain, unknown_members
from apps.reviews.models import Submission
from apps.reviews.queries import Rules, decided, own
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.entries import faults
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.funding import is_open, must_fit
from marketplace.pools import (
    COMMITMENT,
    LONGEST_EVIDENCE,
    LONGEST_FIRM,
    LONGEST_PURPOSE,
    POOL_ENTRY,
    MilestoneKind,
    PoolState,
)
from marketplace.reviews import Purpose, Verdict, must_give_reason
from marketplace.rights import lapsed

E = TypeVar("E", bound=PoolEntry)


class EntryRules(Rules[PoolEntry]):
    """What sets the entries of the pools apart from other reviewed things."""

    reference_taken = "Your organization has an entry of this reference."

    def known(
        self, rows: Sequence[Mapping[str, Any]], organization: UUID
    ) -> list[tuple[dict[str, Any], list[Invalid]]]:
        return known(rows, organization, on=day_of(timezone.now()))

    def faults(
        self, subject: PoolEntry, words: Mapping[str, Any], stage: PoolState
    ) -> list[Invalid]:
        return faults(subject.pool, plain(words), stage=stage, today=day_of(timezone.now()))

    def proposed(self, subject: PoolEntry, worded: PoolEntry) -> list[str]:
        _must_keep_to_its_commitments(worded)
        if not isinstance(subject, Project) or not isinstance(worded, Project):
            return []
        # Whose consent the proposed words need, beside those who own it now.
        worded.new_owners = []
        subject.new_owners = sorted(worded.owning()) if worded.needs_consent() else []
        return ["new_owners"]

    def unready(self, worded: PoolEntry) -> list[Invalid]:
        return unknown_members(worded) if isinstance(worded, Talent) else []

    def accepted(self, subject: PoolEntry, worded: PoolEntry) -> list[str]:
        _must_keep_to_its_commitments(worded)
        today = day_of(timezone.now())
        columns = []
        if subject.state is not PoolState.ADMITTED:
            worded.admitted_on = today
            columns.append("admitted_on")
        if isinstance(worded, Project):
            worded.has_lapsed_right = bool(lapsed(worded.rights, today))
            columns.append("has_lapsed_right")
        if isinstance(subject, Fund) and isinstance(worded, Fund):
            if subject.closes_on != worded.closes_on:
                worded.closed_noticed_on = None
            columns.append("closed_noticed_on")
        return columns

    def erase(self, subject: PoolEntry) -> list[str]:
        Milestone.objects.filter(project_id=subject.pk).update(
            firm=ERASED, evidence="", removed_at=timezone.now()
        )
        Commitment.objects.filter(fund_id=subject.pk).update(purpose=ERASED)
        return []


# --- exit -------------------------------------------------------------------------------------


@transaction.atomic
def leave(entry: E, *, reason: str, by: Actor, expected: int | None = None) -> E:
    """Ask for an entry to be let out of the pool, in which it stays meanwhile."""
    entry = own(entry, by=by, expected=expected, move="leave")
    must_give_reason(reason)
    person = User.objects.get(pk=person_of(by))
    # Nothing comes in by this: who asks stands for it.
    name = person.name or person.username
    Submission.objects.begin(entry, Purpose.EXIT, cleared_by=name, what_changed=reason, by=by)
    entry.store("waiting")
    record(f"{entry.pool}.exit_submitted", entry, by=by, parties=[entry.organization_id])
    return entry


@transaction.atomic
def release(entry: E, *, note: str = "", by: Actor, expected: int | None = None) -> E:
    """Let an entry out of the pool, as its organization asked."""
    entry, reviewer = decided(entry, "release", by=by, expected=expected)
    entry.state = POOL_ENTRY.after(entry.state, "release")
    entry.left_on = day_of(timezone.now())
    Submission.objects.decide(entry, Verdict.ACCEPTED, decided_by=reviewer, note=note)
    entry.store("state", "waiting", "left_on", *entry.drop_proposal())
    parties = [entry.organization_id]
    record(f"{entry.pool}.left", entry, by=by, parties=parties, left_on=entry.left_on)
    return entry


# --- money ------------------------------------------------------------------------------------


@transaction.atomic
def commit(
    fund: Fund,
    *,
    amount: Decimal,
    beneficiary: UUID,
    purpose: str,
    by: Actor,
    expected: int | None = None,
) -> Commitment:
    """Set an amount aside from the quota of a fund; whoever comes first is served first."""
    fund = Fund.objects.locked(fund, by=by, expected=expected)
    _must_give_money(fund, by)
    if fund.state is not PoolState.ADMITTED:
        raise Conflict(
            "This is {state} now; nothing is set aside from it.",
            code="wrong_state",
            state=fund.state,
        )
    if not is_open(fund.opens_on, fund.closes_on, day_of(timezone.now())):
        raise Conflict("The fund is not open today.", code="fund_closed")
    found = _text_faults("purpose", purpose, LONGEST_PURPOSE)
    if amount <= 0:
        found.append(Invalid("The amount must be above nought.", code="no_amount", field="amount"))
    found += _unverified("beneficiary", beneficiary)
    Invalid.unless_none(found)
    must_fit(amount, quota=fund.quota, committed=fund.committed)
    fund.committed += amount
    fund.store("committed")
    commitment = Commitment(
        fund=fund, beneficiary_id=beneficiary, amount=amount, purpose=purpose.strip()
    )
    commitment.save(force_insert=True)
    return _record("commitment.made", commitment, by=by)


@transaction.atomic
def pay(commitment: Commitment, *, by: Actor, expected: int | None = None) -> Commitment:
    """Note that what was set aside has been paid."""
    commitment, _fund = _held(commitment, by=by, expected=expected)
    commitment.state = COMMITMENT.after(commitment.state, "pay")
    commitment.store("state")
    return _record("commitment.paid", commitment, by=by)


@transaction.atomic
def release_commitment(
    commitment: Commitment, *, by: Actor, expected: int | None = None
) -> Commitment:
    """Give what was set aside back to the quota."""
    commitment, fund = _held(commitment, by=by, expected=expected)
    commitment.state = COMMITMENT.after(commitment.state, "release")
    commitment.store("state")
    fund.committed -= commitment.amount
    fund.store("committed")
    return _record("commitment.released", commitment, by=by)


# --- milestones -------------------------------------------------------------------------------


@transaction.atomic
def note_milestone(
    project: Project,
    *,
    kind: MilestoneKind,
    firm: str,
    reached_on: date,
    organization: UUID | None = None,
    evidence: str = "",
    by: Actor,
    expected: int | None = None,
) -> Milestone:
    """Note how far a firm has come that grew out of a project in the pool."""
    project = Project.objects.locked(project, by=by, expected=expected)
    _must_manage(project, by)
    if project.state is not PoolState.ADMITTED:
        raise Conflict(
            "This is {state} now; nothing is added to it.", code="wrong_state", state=project.state
        )
    found = _text_faults("firm", firm, LONGEST_FIRM)
    if len(evidence) > LONGEST_EVIDENCE:
        found += _text_faults("evidence", evidence, LONGEST_EVIDENCE)
    if reached_on > day_of(timezone.now()):
        found.append(Invalid("This day is still to come.", code="day_to_come", field="reached_on"))
    found += _unverified("organization", organization)
    Invalid.unless_none(found)
    milestone = Milestone(
        project=project,
        kind=kind,
        firm=firm.strip(),
        organization_id=organization,
        reached_on=reached_on,
        evidence=evidence,
    )
    milestone.save(force_insert=True)
    parties = [project.organization_id, organization]
    facts: dict[str, Any] = {"project": project.pk, "kind": kind, "reached_on": reached_on}
    record("milestone.noted", milestone, by=by, parties=parties, **facts)
    return milestone


@transaction.atomic
def remove_milestone(milestone: Milestone, *, by: Actor, expected: int | None = None) -> Milestone:
    """Take back that a milestone was reached."""
    milestone = Milestone.objects.locked(milestone, by=by, expected=expected)
    project = milestone.project
    _must_manage(project, by)
    milestone.removed_at = timezone.now()
    milestone.store("removed_at")
    parties = [project.organization_id, milestone.organization_id]
    record("milestone.removed", milestone, by=by, parties=parties, project=project.pk)
    return milestone


# --- what the clock notices -------------------------------------------------------------------


@transaction.atomic
def note_lapsed_right(project: Project, *, by: Actor, expected: int | None = None) -> Project:
    """Show that one of the rights of a project has run out; only the clock does."""
    project = Project.objects.locked(project, by=by, expected=expected)
    _must_be_the_clock(by)
    if project.has_lapsed_right or not lapsed(project.rights, day_of(timezone.now())):
        raise Conflict("None of its rights has run out since.", code="nothing_lapsed")
    project.has_lapsed_right = True
    project.store("has_lapsed_right")
    record("project.right_lapsed", project, by=by, parties=[project.organization_id])
    return project


@transaction.atomic
def note_closing(fund: Fund, *, by: Actor, expected: int | None = None) -> Fund:
    """Say that the last day of a fund has gone by; only the clock does."""
    fund = Fund.objects.locked(fund, by=by, expected=expected)
    _must_be_the_clock(by)
    today = day_of(timezone.now())
    if fund.closed_noticed_on or fund.closes_on is None or fund.closes_on >= today:
        raise Conflict("Its last day has not gone by.", code="still_open")
    fund.closed_noticed_on = today
    fund.store("closed_noticed_on")
    parties = [fund.organization_id]
    record("fund.closed", fund, by=by, parties=parties, closes_on=fund.closes_on)
    return fund


# --- what they have in common -----------------------------------------------------------------


def _record(verb: str, commitment: Commitment, *, by: Actor) -> Commitment:
    parties = [commitment.fund.organization_id, commitment.beneficiary_id]
    facts: dict[str, Any] = {"fund": commitment.fund_id, "amount": commitment.amount}
    record(verb, commitment, by=by, parties=parties, **facts)
    return commitment


def _must_be_the_clock(by: Actor) -> None:
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")


def _must_manage(project: Project, by: Actor) -> None:
    by.must_act_for(project.organization_id)
    by.must_have(Role.ORGANIZATION_MANAGER)


def _must_give_money(fund: Fund, by: Actor) -> None:
    by.must_act_for(fund.organization_id)
    by.must_have(*fund.authors())


def _held(commitment: Commitment, *, by: Actor, expected: int | None) -> tuple[Commitment, Fund]:
    """Hold a fund, then what was set aside from it: all do in this order."""
    fund = Fund.objects.select_for_update(no_key=True).get(pk=commitment.fund_id)
    commitment = Commitment.objects.locked(commitment, by=by, expected=expected)
    _must_give_money(fund, by)
    return commitment, fund


def _text_faults(field: str, text: str, longest: int) -> list[Invalid]:
    if not text.strip():
        return [Invalid("This is needed.", code="missing", field=field)]
    if len(text) > longest:
        return [
            Invalid("At most {length} characters.", code="too_long", field=field, length=longest)
        ]
    return []


def _unverified(field: str, organization: UUID | None) -> list[Invalid]:
    """Return a fault for an organization that is named but not there, or not verified."""
    verified = Organization.objects.filter(verified_at__isnull=False)
    if organization is None or verified.filter(pk=organization).exists():
        return []
    return [
        Invalid("There is no such verified organization.", code="unknown_organization", field=field)
    ]


def _must_keep_to_its_commitments(worded: PoolEntry) -> None:
    """Raise Conflict where a fund would have a quota below what is already set aside from it."""
    if not isinstance(worded, Fund) or worded.quota is None or worded.quota >= worded.committed:
        return
    raise Conflict(
        "{committed} of the quota are set aside already; it cannot be less.",
        code="quota_committed",
        committed=f"{worded.committed:f}",
    )
