"""What the clock does for saved searches: ask what is new, and tell of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import structlog
from celery import shared_task
from django.db import OperationalError, transaction
from django.utils import timezone

from apps.finding import actions
from apps.finding.models import Hit, News, SavedSearch
from apps.finding.queries import actors_of, facts_of, matching, possible
from marketplace.actors import Actor
from marketplace.errors import Conflict

log = structlog.get_logger("finding")

#: What listings say plainly, by the words of a search.
Facts = Mapping[UUID, Mapping[str, str]]

#: How much news, and how many searches, are brought together in one transaction.
NEWS, SEARCHES = 200, 200
#: For how many seconds one run goes on.
SECONDS = 10.0


@shared_task(name="finding.match_news")
def match_news() -> int:
    """Ask every saved search about what is new, and return how many hits there were."""
    deadline = time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < deadline and (found := _match_step()) is not None:
        count += found
    return count


@shared_task(name="finding.send_alerts")
def send_alerts() -> int:
    """Tell of what saved searches found, where it is time, and return how many alerts there are."""
    deadline = time.monotonic() + SECONDS
    count = 0
    due = SavedSearch.objects.due(timezone.now()).order_by("pk").values_list("pk", flat=True)
    for key in list(due):
        if time.monotonic() >= deadline:
            break
        try:
            count += _alert(key)
        except OperationalError:
            raise  # The database failed, not this search.
        except Exception:
            log.exception("not_alerted", search=str(key))  # It must not hold up the others.
    return count


# --- what is new -------------------------------------------------------------------------------


@transaction.atomic
def _match_step() -> int | None:
    """
    Ask some searches about some news; return how many hits there are, and None without any news.

    How far the searches were asked is kept with the news, so that a step stays short however many
    there are, and whoever dies in one loses only that step.
    """
    waiting = News.objects.select_for_update(skip_locked=True).order_by("pk")
    first = waiting.first()
    if first is None:
        return None
    news = list(waiting.filter(asked_until=first.asked_until)[:NEWS])
    facts = facts_of({row.listing_id for row in news})
    rows = SavedSearch.objects.active().order_by("pk")
    if first.asked_until is not None:
        rows = rows.filter(pk__gt=first.asked_until)
    searches = list(rows[:SEARCHES]) if facts else []
    count = Hit.objects.find(_found(searches, facts), now=timezone.now())
    told = News.objects.filter(pk__in=[row.pk for row in news])
    if len(searches) < SEARCHES:
        told.delete()
    else:
        told.update(asked_until=searches[-1].pk)
    return count


def _found(searches: Sequence[SavedSearch], facts: Facts) -> list[tuple[UUID, UUID]]:
    """Return which of `searches` find which of the listings of `facts`."""
    try:
        with transaction.atomic():
            return list(_asked(searches, facts))
    except OperationalError:
        raise
    except Exception:
        if len(searches) == 1:
            # It must not hold up the others, and finds nothing.
            log.exception("not_matched", search=str(searches[0].pk))
            return []
    return [pair for search in searches for pair in _found([search], facts)]


def _asked(searches: Sequence[SavedSearch], facts: Facts) -> Iterator[tuple[UUID, UUID]]:
    actors = actors_of(searches)
    for search in searches:
        actor = actors.get(search.pk)
        among = possible(search.criteria, facts, by=actor) if actor else []
        if actor and among:
            for listing in matching(search.criteria, by=actor, among=among):
                yield search.pk, listing


@transaction.atomic
def _alert(key: UUID) -> bool:
    waiting = SavedSearch.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    search = waiting.filter(pk=key).first()
    if search is None:
        return False
    try:
        return actions.alert(search, by=Actor.system("finding.send_alerts")) is not None
    except Conflict:
        return False  # Another told of it already, or it was stopped.
