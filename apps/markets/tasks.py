"""What the clock does to listings."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from apps.markets import actions
from apps.markets.models import Listing
from marketplace.actors import Actor
from marketplace.calendar import day_of


@shared_task(name="markets.expire_listings")
def expire_listings() -> int:
    """End every listing whose last day has gone by, each in a transaction of its own."""
    count = 0
    while _expire_one():
        count += 1
    return count


@transaction.atomic
def _expire_one() -> bool:
    """Claim one that nobody else holds; say False where there is none left."""
    due = Listing.objects.run_out(day_of(timezone.now())).order_by("pk")
    listing = due.select_for_update(skip_locked=True, no_key=True).first()
    if listing is None:
        return False
    actions.expire(listing, by=Actor.system("markets.expire_listings"))
    return True
