"""What the clock notices in the pools."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from apps.pools import actions
from apps.pools.models import Fund, Project
from apps.pools.queries import just_closed
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Conflict


@shared_task(name="pools.notice_lapsed_rights")
def notice_lapsed_rights() -> int:
    """Show of each project in the pool that one of its rights has run out, where one has."""
    by = Actor.system("pools.notice_lapsed_rights")
    due = Project.objects.with_lapsed_right(day_of(timezone.now()))
    return _noticed(Project, due, lambda project: actions.note_lapsed_right(project, by=by))


@shared_task(name="pools.notice_closed_funds")
def notice_closed_funds() -> int:
    """Say of each fund in the pool that its last day has gone by, once."""
    by = Actor.system("pools.notice_closed_funds")
    due = just_closed(day_of(timezone.now()))
    return _noticed(Fund, due, lambda fund: actions.note_closing(fund, by=by))


def _noticed(table: Any, due: Any, act: Callable[[Any], object]) -> int:
    """Act on each row that is due, in a transaction of its own; return on how many."""
    # All are looked for at once: looking again after each would read the table as often.
    return sum(_noticed_one(table, key, act) for key in due.values_list("pk", flat=True))


@transaction.atomic
def _noticed_one(table: Any, key: UUID, act: Callable[[Any], object]) -> bool:
    """Claim a row unless another holds it; say False where there is nothing to do any more."""
    row = table.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=key).first()
    if row is None:
        return False
    try:
        act(row)
    except Conflict:  # Somebody was faster.
        return False
    return True
