"""What the clock does with deals."""

from uuid import UUID

from celery import shared_task
from django.db import transaction

from apps.deals import actions
from apps.deals.models import Deal, Orphan
from marketplace.actors import Actor
from marketplace.deals import DropReason
from marketplace.errors import Conflict


@shared_task(name="deals.drop_orphans")
def drop_orphans() -> int:
    """Drop the unanswered interests whose listing was closed, and return how many."""
    waiting = list(Orphan.objects.order_by("entry_id", "pk").values_list("pk", flat=True))
    return sum(_drop_orphan(pk) for pk in waiting)


@transaction.atomic
def _drop_orphan(pk: UUID) -> bool:
    orphan = Orphan.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if orphan is None:
        return False
    deal = Deal.objects.get(pk=pk)
    try:
        actions.drop(deal, reason=DropReason.LISTING_CLOSED, by=Actor.system("drop_orphans"))
        dropped = True
    except Conflict:
        dropped = False  # The two sides talk already, or it has ended: it is no orphan any more.
    orphan.delete()
    return dropped
