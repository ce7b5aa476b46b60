"""What the clock does for matching."""

import time
from datetime import timedelta

import structlog
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from apps.matching.actions import attention
from apps.matching.actions.bulk import rematch_some
from apps.matching.actions.rematch import rematch as rematch_listing
from apps.matching.actions.standing import STEP as RECKONED
from apps.matching.actions.standing import reckon
from apps.matching.models import Attention, Stale
from apps.retrieval.models import Run
from marketplace.actors import Actor
from marketplace.listings import Market
from marketplace.runs import RunKind

log = structlog.get_logger("matching")

#: How many listings are claimed at once, and for how many seconds one run goes on.
STEP = 10
SECONDS = 20.0
#: For how many seconds what is done at night goes on.
NIGHTLY_SECONDS = 200.0
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
                rematch_listing(row.listing_id, by=Actor.system("rematch"))
            except OperationalError:
                raise  # The database failed, not this listing.
            except Exception:
                # It must not hold up the others; it is tried again when its claim lapses.
                log.exception("not_matched", listing=str(row.listing_id))
            else:
                done += 1
    return done


@shared_task(name="matching.rematch_markets")
def rematch_markets() -> int:
    """Go on with the runs that match whole markets anew, and return how many there are."""
    runs = Run.objects.to_do(RunKind.REMATCH, timezone.now())
    count = 0
    for run in runs:
        rematch_some(run, by=Actor.system("rematch"))
        count += 1
    return count


@shared_task(name="matching.propose")
def propose() -> int:
    """Propose listings to those whom they suit, and return how many were looked at."""
    by = Actor.system("propose")
    deadline = time.monotonic() + SECONDS
    Attention.objects.all().wake(timezone.now())
    count = 0
    # In turns, so that none of the markets waits for another.
    markets = list(Market)
    while markets and time.monotonic() < deadline:
        looked_at = {market: attention.propose(market, by=by) for market in markets}
        count += sum(looked_at.values())
        markets = [market for market in markets if looked_at[market]]
    return count


@shared_task(name="matching.settle_attention")
def settle_attention() -> int:
    """Write down whether listings whose days are over were proposed in time; return how many."""
    deadline = time.monotonic() + NIGHTLY_SECONDS
    count = 0
    while time.monotonic() < deadline:
        settled = attention.settle(by=Actor.system("settle_attention"))
        if not settled:
            break
        count += settled
    return count


@shared_task(name="matching.reckon_standings")
def reckon_standings() -> int:
    """Reckon anew how organizations answer of whom there is news, and return how many they were."""
    deadline = time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < deadline:
        reckoned = reckon(by=Actor.system("reckon_standings"))
        count += reckoned
        if reckoned < RECKONED:
            break
    return count
