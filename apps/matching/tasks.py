"""What the clock does for matching."""

import time
from datetime import timedelta

import structlog
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from apps.matching import actions
from apps.matching.models import Stale
from marketplace.actors import Actor

log = structlog.get_logger("matching")

#: How many listings are claimed at once, and for how many seconds one run goes on.
STEP = 10
SECONDS = 20.0
#: After which time a claim lapses. A run claims no more than it does in a fraction of it.
PATIENCE = timedelta(minutes=2)


@shared_task(name="matching.rematch")
def rematch() -> int:
    """Match anew the listings that something happened to, and return how many."""
    deadline = time.monotonic() + SECONDS
    done = 0
    while time.monotonic() < deadline:
        claimed = Stale.objects.all().claim(STEP, now=timezone.now(), patience=PATIENCE)
        if not claimed:
            break
        for row in claimed:
            try:
                actions.rematch(row.listing_id, by=Actor.system("rematch"))
            except OperationalError:
                raise  # The database failed, not this listing.
            except Exception:
                # It must not hold up the others; it is tried again when its claim lapses.
                log.exception("not_matched", listing=str(row.listing_id))
            else:
                done += 1
    return done
