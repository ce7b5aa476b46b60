"""That each published listing is proposed to somebody whom it suits, or its owner hears why not."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from apps.accounts.models import Organization
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.markets.models import Listing
from apps.matching.models.match import SEES_ALL, Match
from marketplace.actors import Actor
from marketplace.attention import Shortage
from marketplace.listings import Market

#: How many listings are let be looked at again at once.
WOKEN = 5000


class AttentionQuerySet(models.QuerySet["Attention"]):
    """What listings are owed, and what there is to be done about it."""

    def ready(self, market: Market) -> Self:
        """Return those to be looked at, worst-off first."""
        return self.filter(market=market, is_ready=True).order_by("proposals", "since", "listing")

    def wake(self, now: datetime) -> int:
        """Let those be looked at again whose time has come, and return how many."""
        resting = self.filter(looks_again_at__lte=now).order_by("looks_again_at")
        # Whoever holds a row is at work on it: waiting for one while holding another is no good.
        with transaction.atomic():
            free = resting.select_for_update(skip_locked=True).values_list("pk", flat=True)
            keys = list(free[:WOKEN])
            return self.filter(pk__in=keys).update(is_ready=True, looks_again_at=None)

    def looked_at(self) -> Self:
        """Return those of which it is known how it went so far: all was done, or why it was not."""
        explained = Exists(Unproposed.objects.filter(pk=OuterRef("pk")))
        return self.filter(Q(looks_again_at=None) | explained, is_ready=False)

    def over(self, today: date) -> Self:
        """Return those whose days are over, of which it is not written down yet how it went."""
        return self.filter(settled_on=None, due_on__lt=today)


class Attention(models.Model):
    """
    What a listing is owed since it was listed, and whether it was given in time.

    It is a work row as well: while the listing was not proposed often enough, it is looked at when
    there is news, and once a day. How it went is written once and stays, so that a published figure
    does not change when listings close.
    """

    # A reader of news writes this, and must wait for nobody who is at work on the listing.
    listing = models.OneToOneField(
        Listing,
        models.CASCADE,
        primary_key=True,
        db_constraint=False,
        related_name="attention",
    )
    market = TermField(Market)
    since = models.DateTimeField()
    #: The last business day on which the promise is kept in time.
    due_on = models.DateField()
    #: How often it was proposed when it was last looked at.
    proposals = models.PositiveSmallIntegerField(default=0)
    #: Whether somebody should look whom it suits; if not, when that is to be done.
    is_ready = models.BooleanField(default=True)
    looks_again_at = models.DateTimeField(null=True)
    #: When it was written down how it went, whether the promise was kept, and else why not.
    settled_on = models.DateField(null=True)
    in_time = models.BooleanField(null=True)
    #: None where it was not kept in time, but later.
    shortage: TermField[Shortage | None] = TermField(Shortage, null=True)

    objects = AttentionQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "attention"
        constraints = [
            models.CheckConstraint(
                condition=Q(market__in=Market.values()), name="attention_market_is_known"
            ),
            models.CheckConstraint(
                condition=Q(shortage=None) | Q(shortage__in=Shortage.values()),
                name="attention_shortage_is_known",
            ),
            models.CheckConstraint(
                condition=Q(settled_on=None, in_time=None, shortage=None)
                | Q(settled_on__isnull=False, in_time=True, shortage=None)
                | Q(settled_on__isnull=False, in_time=False),
                name="attention_is_settled_at_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["market", "proposals", "since", "listing"],
                condition=Q(is_ready=True),
                name="attention_worst_off_first",
            ),
            models.Index(
                fields=["looks_again_at"],
                condition=Q(looks_again_at__isnull=False),
                name="attention_resting",
            ),
            models.Index(
                fields=["due_on"], condition=Q(settled_on=None), name="attention_unsettled"
            ),
            models.Index(
                fields=["due_on", "market", "in_time", "shortage"],
                condition=Q(settled_on__isnull=False),
                name="attention_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.proposals}"


class ProposalQuerySet(RecordQuerySet["Proposal"]):
    """Proposals."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those made to one's own organization, and all to those who broker."""
        seen = self.filter(match__in=Match.objects.all_visible_to(actor).values("pk"))
        if actor.has(*SEES_ALL):
            return seen
        return seen.filter(receiver=actor.organization) if actor.organization else self.none()

    def of(self, listing: UUID) -> Self:
        """Return those in which a listing was proposed to others."""
        return self.filter(proposed=listing)


class Proposal(Record):
    """That a listing was proposed to the owner of a counterpart, once for ever."""

    match = models.ForeignKey(Match, models.PROTECT, related_name="proposals")
    #: What was proposed, and for which listing of the other side.
    proposed = models.ForeignKey(Listing, models.CASCADE, related_name="+")
    to = models.ForeignKey(Listing, models.CASCADE, related_name="+")
    #: To whom that listing belongs, so that what an organization was sent is counted by an index.
    receiver = models.ForeignKey(Organization, models.PROTECT, related_name="+", db_index=False)
    #: The business day.
    proposed_on = models.DateField()

    objects = ProposalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["match", "to"], name="proposal_is_once"),
            models.CheckConstraint(
                condition=~Q(proposed=models.F("to")), name="proposal_is_of_another_listing"
            ),
        ]
        indexes = [
            models.Index(fields=["proposed", "proposed_on"], name="proposal_of_listing"),
            models.Index(fields=["to", "proposed_on"], name="proposal_to_listing"),
            models.Index(fields=["receiver", "proposed_on"], name="proposal_to_organization"),
            models.Index(fields=["receiver", "-id"], name="proposal_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.proposed_id} to {self.to_id}"


class Unproposed(models.Model):
    """Why a published listing was not proposed often enough; gone when it was."""

    listing = models.OneToOneField(
        Listing, models.CASCADE, primary_key=True, related_name="unproposed"
    )
    shortage = TermField(Shortage)
    #: How often it was proposed within the time that counts.
    proposals = models.PositiveSmallIntegerField()
    found_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unproposed"
        constraints = [
            models.CheckConstraint(
                condition=Q(shortage__in=Shortage.values()), name="unproposed_shortage_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.shortage}"
