"""Reckon how organizations answer."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.journal.actions import record_many
from apps.matching.models import Standing
from apps.matching.queries.standing import questions_to
from marketplace.actors import Actor, Role
from marketplace.standing import record_of

#: How many organizations are reckoned in one transaction.
STEP = 100


@transaction.atomic
def reckon(*, by: Actor, now: datetime | None = None) -> int:
    """
    Reckon anew how some organizations answer of whom there is news; return how many they were.

    No listing is matched anew for it: it goes into a score when its listing is compared next.
    """
    by.must_have(Role.ADMINISTRATOR)
    now = now or timezone.now()
    rows = Standing.objects.all().claim(STEP, now)
    asked = questions_to([row.pk for row in rows], now=now)
    changed = []
    for row in rows:
        found = record_of(asked[row.pk], now)
        before = (row.asked, row.answered, row.median_hours)
        row.asked, row.answered, row.median_hours = found.asked, found.answered, found.median_hours
        row.is_stale, row.again_at, row.reckoned_at = False, found.again_at, now
        if before != (row.asked, row.answered, row.median_hours):
            changed.append(row)
    Standing.objects.bulk_update(
        rows, ["asked", "answered", "median_hours", "is_stale", "again_at", "reckoned_at"]
    )
    record_many(
        "standing.changed",
        ((row, {"asked": row.asked, "answered": row.answered}) for row in changed),
        by=by,
    )
    return len(rows)
