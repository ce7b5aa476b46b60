"""What the clock keeps, so that listings stay alive: reminders, interest, and work to be done."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Count, Min

from apps.base.models import append_only
from apps.markets.models.listing import Listing


class Reminder(models.Model):
    """That an owner was told how many days a listing is still valid; 0 where it has run out."""

    id = models.BigAutoField(primary_key=True)
    listing = models.ForeignKey(Listing, models.PROTECT, related_name="reminders")
    #: The end that was told of: a renewal sets another one.
    valid_until = models.DateField()
    days = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listing", "valid_until", "days"], name="reminder_is_sent_once"
            ),
        ]
        triggers = [append_only("reminder_stands")]

    def __str__(self) -> str:
        return f"{self.listing}: {self.days} days before {self.valid_until}"


class InterestQuerySet(models.QuerySet["Interest"]):
    """Interests."""

    def waits(self, listings: Iterable[UUID]) -> dict[UUID, tuple[int, datetime]]:
        """Return for each listing how many wait for an answer, and since when the longest one."""
        rows = self.filter(listing__in=list(listings)).values("listing_id")
        found = rows.annotate(count=Count("id"), first=Min("since"))
        return {row["listing_id"]: (row["count"], row["first"]) for row in found}


class Interest(models.Model):
    """That somebody interested in a listing waits for an answer; gone once there is one."""

    id = models.BigAutoField(primary_key=True)
    deal_id = models.UUIDField()
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="interests")
    since = models.DateTimeField()

    objects = InterestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal_id", "listing"], name="interest_is_once"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} in {self.listing_id}"


class Checkup(models.Model):
    """A listing whose health must be seen to; a work row, gone when that is done."""

    listing_id = models.UUIDField(primary_key=True)
    requested_at = models.DateTimeField()
    #: When its organization last did something, where that is the news.
    sign_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["requested_at"], name="checkup_oldest_first")]

    def __str__(self) -> str:
        return str(self.listing_id)


class Doubt(models.Model):
    """A listing that may point at what left its pool; a work row, gone when that is settled."""

    listing_id = models.UUIDField(primary_key=True)
    requested_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.listing_id)
