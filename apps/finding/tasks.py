"""What the clock does for saved searches: ask what is new, tell of it, and mail it."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from smtplib import SMTPRecipientsRefused
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import OperationalError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override

from apps.base.fields import said
from apps.finding import actions
from apps.finding.models import Alert, Hit, News, SavedSearch
from apps.finding.queries import actor_of, actors_of, facts_of, matching, news_for, possible
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.errors import Conflict, MarketError
from marketplace.finding import pause_after

log = structlog.get_logger("finding")

#: What listings say plainly, by the words of a search.
Facts = Mapping[UUID, Mapping[str, str]]

#: How much news, and how many searches, are brought together in one transaction.
NEWS, SEARCHES = 200, 200
#: For how many seconds one run goes on.
SECONDS = 10.0
#: How many listings one mail names.
MOST_IN_MAIL = 50


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


@shared_task(name="finding.send_mails")
def send_mails() -> int:
    """Send the mails of alerts, and return how many."""
    deadline = time.monotonic() + SECONDS
    count = 0
    with closing(get_connection()) as line:
        while time.monotonic() < deadline:
            alert = Alert.objects.claim(now=timezone.now())
            if alert is None:
                break
            count += _mail(alert, line)
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


# --- mail --------------------------------------------------------------------------------------


def _mail(alert: Alert, line: BaseEmailBackend) -> bool:
    """Send the mail of an alert that was claimed; nothing is locked meanwhile."""
    by = Actor.system("finding.send_mails")
    message = _message(alert)
    try:
        if message is None:
            actions.withhold(alert, by=by)
            return False
        failure = _failure(message, line)
        if failure is None:
            actions.note_sent(alert, by=by)
            return True
        log.warning("not_mailed", alert=str(alert.pk), error=type(failure).__name__)
        if _is_final(failure) or pause_after(alert.mail_attempts) is None:
            actions.give_up(alert, by=by)
    except MarketError:
        pass  # It was removed meanwhile, or another sent it when this took too long.
    return False


def _failure(message: EmailMessage, line: BaseEmailBackend) -> Exception | None:
    """Send a message and return what went wrong, whatever it is: no mail holds up the others."""
    try:
        line.open()
        line.send_messages([message])
    except Exception as error:
        line.close()
        return error
    return None


def _is_final(failure: Exception) -> bool:
    """Say whether every recipient was refused for good."""
    return isinstance(failure, SMTPRecipientsRefused) and all(
        code >= 500 for code, _words in failure.recipients.values()
    )


def _message(alert: Alert) -> EmailMessage | None:
    """
    Return the mail of an alert, or None where there is nobody to tell, or nothing.

    What can be seen is asked a last time. A mail travels in the open: it names only what everybody
    may read, and of the rest it says only that there is more.
    """
    search = alert.search
    actor = actor_of(search)
    if actor is None or not search.is_active or not search.user.email:
        return None
    told = news_for(actor).filter(pk__in=Hit.objects.filter(alert=alert).values("listing"))
    keys = list(told.values_list("pk", flat=True))
    if not keys:
        return None
    open_to_all = Listing.objects.published().visible_to(Actor.anonymous())
    listings = open_to_all.filter(pk__in=keys).select_related("organization")
    named = list(listings.order_by("-listed_at", "-pk")[:MOST_IN_MAIL])
    stop = _address(reverse("stop-alerts", args=[search.stop_key]))
    with override(search.language):
        name = {"name": search.name}
        return EmailMessage(
            subject=gettext("New for your search “{name}”").format(**name),
            body="\n".join(
                [
                    gettext("Your saved search “{name}” found something new:").format(**name),
                    "",
                    *_items(named),
                    *_rest(len(keys) - len(named)),
                    gettext("One click stops these mails: {address}").format(address=stop),
                    "",
                ]
            ),
            to=[search.user.email],
            headers={
                # The same in every attempt, so that mail programs show a second copy once.
                "Message-ID": f"<{alert.pk}@{urlsplit(settings.PUBLIC_ADDRESS).hostname}>",
                "List-Unsubscribe": f"<{stop}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Auto-Submitted": "auto-generated",
            },
        )


def _items(listings: Iterable[Listing]) -> list[str]:
    lines = []
    for number, listing in enumerate(listings, 1):
        kind = f"{said(listing.market)} · {said(listing.side)} · {listing.organization.name}"
        address = _address(reverse("listing-detail", args=[listing.pk]))
        lines += [f"{number}. {' '.join(listing.title.split())}", f"   {kind}", f"   {address}", ""]
    return lines


def _rest(count: int) -> list[str]:
    if not count:
        return []
    address = _address(reverse("alert-list"))
    told = gettext("More of it, to be read after signing in: {count}. {address}")
    return [told.format(count=count, address=address), ""]


def _address(path: str) -> str:
    return settings.PUBLIC_ADDRESS.rstrip("/") + path
