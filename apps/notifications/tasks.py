"""What the clock does for notices: the daily digest of new matches."""

import time

import structlog
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from apps.notifications import actions
from apps.notifications.models import Digest
from marketplace.actors import Actor
from marketplace.finding import Frequency, last_slot

log = structlog.get_logger("notifications")

#: For how many seconds one run goes on, and how many organizations it takes at most.
SECONDS, MOST = 20.0, 2000


@shared_task(name="notifications.digest")
def digest() -> int:
    """Tell organizations and brokers of the matches new since yesterday; return how many."""
    deadline = time.monotonic() + SECONDS
    count = 0
    slot = last_slot(Frequency.DAILY, timezone.now())
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
