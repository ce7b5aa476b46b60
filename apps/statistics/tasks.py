"""What the clock does with the figures."""

import time

from celery import shared_task

from apps.statistics import actions
from marketplace.actors import Actor

#: For how many seconds one run goes on before it leaves the rest to the next.
SECONDS = 20.0


@shared_task(name="statistics.fold")
def fold(limit: int = actions.BATCH, seconds: float = SECONDS) -> int:
    """Fold what waits, in steps, and return how many entries that were."""
    deadline = time.monotonic() + seconds
    folded = 0
    while time.monotonic() < deadline:
        count = actions.fold(limit, by=Actor.system("statistics.fold"))
        folded += count
        if count < limit:
            break
    return folded


@shared_task(name="statistics.verify")
def verify() -> int:
    """Prove the figures against the ledger, and return how many differ."""
    return actions.verify(by=Actor.system("statistics.verify")).differences
