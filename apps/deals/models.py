"""Deals, and those whose listing was closed."""

from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from apps.accounts.models import Organization, User
from apps.base.fields import TermField, said
from apps.base.models import Record, RecordQuerySet, life_cycle
from apps.markets.models import Listing
from apps.matching.models import Match
from marketplace.actors import Actor, Role
from marketplace.deals import DEAL, OPEN_STATES, PRICED_STATES, DealState, DropReason, Table

OPEN = Q(state__in=[state.value for state in OPEN_STATES])
PRICED = Q(state__in=[state.value for state in PRICED_STATES])
ALREADY_OPEN = gettext_noop("The two sides have an open deal about this already.")


class DealQuerySet(RecordQuerySet["Deal"]):
    """Deals."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's organization's deals, those one is broker of, and to administrators all."""
        if actor.has(Role.ADMINISTRATOR):
            return self
        if actor.user is None or actor.organization is None:
            return self.none()
        as_broker = Q(broker_organization=actor.organization)
        if not actor.has(Role.ORGANIZATION_MANAGER):
            as_broker &= Q(broker=actor.user)
        return self.filter(Q(owner=actor.organization) | Q(taker=actor.organization) | as_broker)

    def open(self) -> Self:
        """Return the deals that are neither contracted nor dropped."""
        return self.filter(OPEN)

    def about_the_same(self, deal: "Deal") -> Self:
        """Return the deals of the same two sides about the same listings, of which one is open."""
        return self.filter(
            offer=deal.offer_id, need=deal.need_id, owner=deal.owner_id, taker=deal.taker_id
        )


class Deal(Record):
    """Two organizations, and perhaps a broker, on their way to a contract."""

    offer = models.ForeignKey(Listing, models.PROTECT, null=True, related_name="+")
    need = models.ForeignKey(Listing, models.PROTECT, null=True, related_name="+")
    match = models.ForeignKey(Match, models.SET_NULL, null=True, related_name="+")
    owner = models.ForeignKey(Organization, models.PROTECT, related_name="deals_as_owner")
    taker = models.ForeignKey(Organization, models.PROTECT, related_name="deals_as_taker")
    broker = models.ForeignKey(User, models.PROTECT, null=True, related_name="deals_as_broker")
    #: The organization the broker worked for when the deal was entrusted to him.
    broker_organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="deals_as_broker"
    )
    state = TermField(DealState, default=DEAL.start)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    #: Whom the opener acted for: one of the sides, or the broker's organization.
    opened_for = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    price_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    price_currency = models.CharField(max_length=3, blank=True, default="")
    price_proposed_by = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    agreed_on = models.DateField(null=True)
    drop_reason: TermField[DropReason | None] = TermField(DropReason, null=True)
    #: What the one who dropped it tells the other; only those at the deal see it.
    drop_note = models.CharField(max_length=1000, blank=True, default="")
    imported_from = models.CharField(max_length=80, blank=True, default="")

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=DealState.values()), name="deal_state_is_known"
            ),
            models.CheckConstraint(condition=~Q(owner=F("taker")), name="deal_has_two_sides"),
            models.CheckConstraint(
                condition=Q(offer__isnull=False) | Q(need__isnull=False),
                name="deal_is_about_a_listing",
            ),
            models.CheckConstraint(
                condition=Q(opened_for=F("owner"))
                | Q(opened_for=F("taker"))
                | Q(broker_organization__isnull=False, opened_for=F("broker_organization")),
                name="deal_is_opened_by_one_at_the_table",
            ),
            # A check passes on NULL, so below each column that must be filled is said to be.
            models.CheckConstraint(
                condition=Q(broker=None, broker_organization=None)
                | (
                    Q(broker__isnull=False, broker_organization__isnull=False)
                    & ~Q(broker_organization=F("owner"))
                    & ~Q(broker_organization=F("taker"))
                ),
                name="deal_broker_stands_between",
            ),
            models.CheckConstraint(
                condition=Q(price_amount=None, price_currency="", price_proposed_by=None)
                | (
                    Q(
                        price_amount__isnull=False,
                        price_amount__gte=0,
                        price_currency__regex=r"^[A-Z]{3}$",
                        price_proposed_by__isnull=False,
                    )
                    & (Q(price_proposed_by=F("owner")) | Q(price_proposed_by=F("taker")))
                ),
                name="deal_price_is_proposed_by_a_side",
            ),
            models.CheckConstraint(
                condition=~PRICED | Q(price_amount__isnull=False, agreed_on__isnull=False),
                name="deal_agreed_has_price_and_day",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["interest", "in_talks"]) | Q(agreed_on=None),
                name="deal_in_talks_is_not_agreed",
            ),
            models.CheckConstraint(
                condition=(~Q(state="dropped") & Q(drop_reason=None))
                | Q(
                    state="dropped",
                    drop_reason__isnull=False,
                    drop_reason__in=DropReason.values(),
                ),
                name="deal_dropped_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["offer", "need"],
                condition=OPEN & Q(offer__isnull=False, need__isnull=False),
                name="deal_is_open_once_for_offer_and_need",
                violation_error_code="deal_already_open",
                violation_error_message=ALREADY_OPEN,
            ),
            models.UniqueConstraint(
                fields=["offer", "taker"],
                condition=OPEN & Q(need=None),
                name="deal_is_open_once_for_offer_and_taker",
                violation_error_code="deal_already_open",
                violation_error_message=ALREADY_OPEN,
            ),
            models.UniqueConstraint(
                fields=["need", "owner"],
                condition=OPEN & Q(offer=None),
                name="deal_is_open_once_for_need_and_owner",
                violation_error_code="deal_already_open",
                violation_error_message=ALREADY_OPEN,
            ),
        ]
        triggers = life_cycle(DEAL, "deal")

    def __str__(self) -> str:
        return f"{self.owner} – {self.taker}: {said(self.state)}"

    @property
    def parties(self) -> list[UUID | None]:
        """Return the organizations that are told what happens to the deal."""
        return [self.owner_id, self.taker_id, self.broker_organization_id]

    @property
    def table(self) -> Table:
        """Return who sits where, for the rules."""
        return Table(
            owner=self.owner_id,
            taker=self.taker_id,
            opened_for=self.opened_for_id,
            price_proposed_by=self.price_proposed_by_id,
            broker=self.broker_organization_id,
        )


class Orphan(models.Model):
    """An unanswered interest whose listing was closed: the clock is to drop it."""

    #: No foreign key: who writes this row must not wait for those who hold the deal.
    deal_id = models.UUIDField(primary_key=True)
    #: The journal entry that told of it.
    entry_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("orphan")
        verbose_name_plural = _("orphans")

    def __str__(self) -> str:
        return str(self.deal_id)
