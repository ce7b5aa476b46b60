"""What the clock does for notices: the daily digest of new matches, and their mails."""

import time

import structlog
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from apps.notifications import actions
from apps.notifications.models import Digest, Posting
from marketplace.actors import Actor
from marketplace.notices import matches_slot

log = structlog.get_logger("notifications")

#: For how many seconds one run goes on, and how many organizations or people it takes at most.
SECONDS, MOST = 20.0, 2000


@shared_task(name="notifications.digest")
def digest() -> int:
    """Tell organizations and brokers of the matches new since yesterday; return how many."""
    deadline = time.monotonic() + SECONDS
    count = 0
    slot = matches_slot(timezone.now())
    for organization in list(Digest.objects.all().due(slot)[:MOST]):
        if time.monotonic() >= deadline:
            break
        try:
            count += actions.digest(organization, by=Actor.system("notifications.digest"))
        except OperationalError:
            raise  # The database failed, not this organization.
        except Exception:
            # It must not hold up the others.
            log.exception("not_digested", organization=str(organization.pk))
    return count


@shared_task(name="notifications.write_mails")
def write_mails() -> int:
    """Queue the mails that tell people of notices, and return how many."""
    deadline = time.monotonic() + SECONDS
    count = 0
    due = Posting.objects.due(timezone.now()).order_by("user")
    for person in list(due.values_list("user", flat=True).distinct()[:MOST]):
        if time.monotonic() >= deadline:
            break
        try:
            count += actions.write(person, by=Actor.system("notifications.write_mails"))
        except OperationalError:
            raise  # The database failed, not this person.
        except Exception:
            # It must not hold up the others.
            log.exception("not_written", person=str(person))
    return count
