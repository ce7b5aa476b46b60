"""Published listings of few words, and the round of news and clock that matches them."""

from typing import Any

from apps.journal.models import Entry
from apps.markets.models import Listing
from apps.matching import readers, tasks
from apps.matching.actions.rematch import rematch
from apps.pools.models import Project
from marketplace.actors import Actor
from tests.build import markets, pools

#: What a listing is without, so that only its title is compared unless a test says otherwise.
BARE: dict[str, Any] = {
    "keywords": [],
    "readiness": None,
    "price_from": None,
    "price_to": None,
    "confidential": "",
}


def offer(
    title: str, body: str = "可转让。", *, by: Actor, reviewer: Actor, **terms: Any
) -> Listing:
    """Return a published offer of the technology market."""
    project = Project.objects.admitted().filter(organization=by.organization).first()
    project = project or pools.project(by=by, reviewer=reviewer)
    terms = BARE | {"title": title, "body": body, "project": project.pk} | terms
    return markets.offer(by=by, reviewer=reviewer, **terms)


def need(title: str, body: str = "求购。", *, by: Actor, reviewer: Actor, **terms: Any) -> Listing:
    """Return a published need of the technology market."""
    terms = BARE | {"title": title, "body": body} | terms
    return markets.need(by=by, reviewer=reviewer, **terms)


def news() -> None:
    """Tell the reader everything that has happened."""
    readers.take(list(Entry.objects.order_by("pk")))


def caught_up() -> int:
    """Tell all news, let the clock come round, and return how many listings it matched."""
    news()
    return tasks.rematch()


def rematch_all() -> None:
    """Match every published listing anew."""
    for key in Listing.objects.published().order_by("pk").values_list("pk", flat=True):
        rematch(key, by=Actor.system("test"))
