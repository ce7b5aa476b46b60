"""Everything that is done about verdicts."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.queries import organization_of, person_of
from apps.journal.actions import destroy_key, record
from apps.matching.models import Match, Verdict
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.errors import Invalid, Missing, Refused
from marketplace.verdicts import Judgement, VerdictReason, verdict_faults, voice_of

#: What of a verdict another one of the same person replaces.
SAID = (
    *("organization_id", "voice", "judgement", "reason", "note", "given_on"),
    *("score", "method", "contributions"),
)


@transaction.atomic
def judge(
    match: Match, *, judgement: str, reason: str | None = None, note: str = "", by: Actor
) -> tuple[Verdict, bool]:
    """
    Say what a match is worth, as a party to it or as a broker; return it, and whether it is new.

    A second verdict of one person replaces the first; the journal keeps both. Of two at once one is
    the first and the other the second. Only the own house is told, for it is nobody else's
    business who said what.
    """
    person, organization = person_of(by), organization_of(by)
    rows = Match.objects.all_visible_to(by).select_related("offer", "need")
    found = rows.defer("offer__confidential", "need__confidential").filter(pk=match.pk).first()
    if found is None:
        raise Missing
    voice = voice_of(by, offering=found.offer.organization_id, needing=found.need.organization_id)
    if voice is None:
        raise Refused("Your role does not allow this.", code="wrong_role")
    note = note.strip()
    Invalid.unless_none(verdict_faults(judgement, reason, note))
    fresh = Verdict(
        match=found,
        user_id=person,
        organization_id=organization,
        voice=voice,
        judgement=Judgement(judgement),
        reason=VerdictReason(reason) if reason else None,
        note=note,
        given_on=day_of(timezone.now()),
        score=found.score,
        method=found.method,
        contributions={each["part"]: each["contribution"] for each in found.reasons},
    )
    Verdict.objects.bulk_create([fresh], ignore_conflicts=True)
    held = Verdict.objects.select_for_update(of=("self",), no_key=True)
    verdict = held.get(match=found, user=person)
    is_new = verdict.pk == fresh.pk
    facts: dict[str, Any] = {"verdict": verdict.pk, "voice": voice, "judgement": fresh.judgement}
    if not is_new:
        facts["replaced"] = {"judgement": verdict.judgement, "reason": verdict.reason}
        for name in SAID:
            setattr(verdict, name, getattr(fresh, name))
        verdict.store(*(name.removesuffix("_id") for name in SAID))
    facts |= {"reason": verdict.reason, "score": verdict.score, "method": verdict.method}
    sealed = {"note": note} if note else None
    record("match.judged", found, by=by, parties=[organization], sealed=sealed, **facts)
    return verdict, is_new


@transaction.atomic
def erase_notes(listing_id: UUID, *, by: Actor) -> int:
    """Make unreadable what was noted on matches of a listing that was closed for what it held."""
    by.must_have(Role.ADMINISTRATOR)
    noted = Verdict.objects.filter(match__in=Match.objects.of(listing_id).values("pk"))
    for match in Match.objects.filter(pk__in=noted.values("match")).order_by("pk"):
        destroy_key(match, by=by)
    return noted.exclude(note="").update(note="")
