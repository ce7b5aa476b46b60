"""The fund pool (资金池), and what is set aside from its quotas."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Organization
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet, life_cycle
from apps.pools.models.entry import PoolEntry, PoolEntryQuerySet
from marketplace.actors import Actor
from marketplace.funding import FundProduct
from marketplace.pools import COMMITMENT, POOL_ENTRY, CommitmentState, FundKind, PoolKind
from marketplace.reviews import SubjectKind


class Fund(PoolEntry):
    """Money that can be had: equity, a loan product, a subsidy, an insurance."""

    pool = PoolKind.FUND
    kind_of_subject = SubjectKind.FUND

    kind = TermField(FundKind)
    product: TermField[FundProduct | None] = TermField(FundProduct, null=True)
    #: The smallest and the largest amount given at once, in yuan.
    smallest_ticket = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    largest_ticket = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    #: How much there is in all, in yuan, and how much of it is spoken for.
    quota = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    committed = models.DecimalField(max_digits=18, decimal_places=2, default=0, db_default=0)
    stages = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    #: Codes of technology fields and regions that it finances; none means all.
    fields = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    regions = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    #: Conditions that can be checked: fact, relation, value.
    conditions = models.JSONField(default=list, db_default=[])
    opens_on = models.DateField(null=True)
    closes_on = models.DateField(null=True)
    #: When the clock told everybody that the last day has gone by.
    closed_noticed_on = models.DateField(null=True)

    objects = PoolEntryQuerySet["Fund"].as_manager()

    class Meta(PoolEntry.Meta):
        constraints = [
            *PoolEntry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind__in=FundKind.values()), name="fund_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(product=None) | Q(product__in=FundProduct.values()),
                name="fund_product_is_known",
            ),
            models.CheckConstraint(
                condition=Q(smallest_ticket=None) | Q(smallest_ticket__gte=0),
                name="fund_smallest_ticket_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(largest_ticket=None) | Q(largest_ticket__gte=0),
                name="fund_largest_ticket_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(smallest_ticket=None)
                | Q(largest_ticket=None)
                | Q(smallest_ticket__lte=F("largest_ticket")),
                name="fund_tickets_go_upwards",
            ),
            models.CheckConstraint(
                condition=Q(committed__gte=0) & (Q(quota=None) | Q(committed__lte=F("quota"))),
                name="fund_quota_is_not_overdrawn",
            ),
            models.CheckConstraint(
                condition=Q(opens_on=None) | Q(closes_on=None) | Q(opens_on__lte=F("closes_on")),
                name="fund_opens_before_it_closes",
            ),
        ]
        triggers = life_cycle(POOL_ENTRY, "fund")


class CommitmentQuerySet(RecordQuerySet["Commitment"]):
    """Commitments."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those from one's own funds, and those to one's own organization."""
        if actor.is_system:
            return self
        own = actor.organization
        return self.filter(Q(fund__organization=own) | Q(beneficiary=own)) if own else self.none()


class Commitment(Record):
    """An amount set aside from the quota of a fund for somebody."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="commitments")
    beneficiary = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    purpose = models.CharField(max_length=200)
    state = TermField(CommitmentState, default=COMMITMENT.start)
    imported_from = models.CharField(max_length=80, blank=True, default="")

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CommitmentState.values()), name="commitment_state_is_known"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="commitment_is_of_something"),
        ]
        indexes = [models.Index(fields=["fund", "-id"], name="commitment_of_fund")]
        triggers = life_cycle(COMMITMENT, "commitment")

    def __str__(self) -> str:
        return f"{self.amount} of {self.fund}"
