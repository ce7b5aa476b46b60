"""Verdicts, given by the action itself, as of another day."""

from datetime import date

from apps.matching.actions.verdicts import judge
from apps.matching.models import Match, Verdict
from marketplace.actors import Actor


def judged(
    match: Match, judgement: str, reason: str | None = None, *, on: date, by: Actor
) -> Verdict:
    """Return a verdict that was given on a day."""
    verdict, _is_new = judge(match, judgement=judgement, reason=reason, by=by)
    Verdict.objects.filter(pk=verdict.pk).update(given_on=on)
    verdict.refresh_from_db()
    return verdict
