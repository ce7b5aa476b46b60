"""Saved searches and what comes of them, by the actions and the clock."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.finding import actions, tasks
from apps.finding.models import Alert, Hit, SavedSearch
from apps.journal.actions import tell
from marketplace.actors import Actor
from marketplace.finding import Frequency
from marketplace.mail import Language


def search(*, by: Actor, mail: str = "agent@example.org", **words: Any) -> SavedSearch:
    """Return an instant search of `by` for technology offers, who is written to at `mail`."""
    User.objects.filter(pk=by.user).update(email=mail)
    given: dict[str, Any] = {
        "name": "轴承钢",
        "criteria": {"market": "technology", "side": "offer"},
        "frequency": Frequency.INSTANT,
        "language": Language.CHINESE,
    }
    return actions.keep(**given | words, by=by)


def match() -> int:
    """Let the news come in, and be matched; return how many hits there were."""
    tell("finding")
    return tasks.match_news()


def found_earlier(**ago: float) -> None:
    """Let everything found have been found some time ago."""
    Hit.objects.update(found_at=timezone.now() - timedelta(**ago))


def alert(search: SavedSearch) -> Alert:
    """Match, tell, and return the only alert of a search."""
    match()
    tasks.send_alerts()
    return Alert.objects.get(search=search)
