"""What the clock does with imports."""

import time
from datetime import timedelta

import structlog
from celery import shared_task
from django.db import OperationalError, transaction
from django.utils import timezone

from apps.exchange import actions
from apps.exchange.models import Import
from marketplace.actors import Actor
from marketplace.exchange import ImportState

log = structlog.get_logger("exchange")

#: For how many seconds one run works on imports, and for how long one is kept that nobody goes on
#: with.
SECONDS, KEPT = 10.0, timedelta(days=30)
#: Which imports nobody goes on with by themselves.
IDLE = [
    ImportState.UPLOADED,
    ImportState.CHECKED,
    ImportState.FAILED,
    ImportState.CANCELLED,
]


@shared_task(name="exchange.step")
def step() -> int:
    """Work on the imports that wait, the longest waiting one first; return how many steps."""
    deadline = time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < deadline and _step_one():
        count += 1
    return count


@shared_task(name="exchange.forget")
def forget() -> int:
    """Be rid of the rows and files of imports that nobody has gone on with."""
    count = 0
    while _forget_one():
        count += 1
    return count


def _step_one() -> bool:
    """Claim one that nobody else works on, and do its next piece; say False where there is none."""
    by = Actor.system("exchange.step")
    job: Import | None = None
    try:
        with transaction.atomic():
            waiting = Import.objects.running().select_for_update(
                of=("self",), skip_locked=True, no_key=True
            )
            job = waiting.first()
            if job is None:
                return False
            actions.step(job, by=by)
    except OperationalError:
        raise  # The database failed, not the import: another run goes on where this one began.
    except Exception as error:
        if job is None:
            raise
        # Else it would be tried for ever, and hold up all others.
        log.exception("import failed", job=str(job.pk))
        actions.fail(job, failure=type(error).__name__, by=by)
    return True


@transaction.atomic
def _forget_one() -> bool:
    old = Import.objects.filter(
        state__in=IDLE, updated_at__lt=timezone.now() - KEPT, forgotten_at=None
    ).order_by("updated_at")
    job = old.select_for_update(of=("self",), skip_locked=True, no_key=True).first()
    if job is None:
        return False
    actions.forget(job, by=Actor.system("exchange.forget"))
    return True
