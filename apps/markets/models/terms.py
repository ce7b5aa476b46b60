"""The terms that a listing has because of its market and side: six small tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q

from apps.base.fields import TermField
from apps.taxonomy.models import Code
from marketplace.funding import FinancingStage
from marketplace.listings import Engagement, Exclusivity, Market, Side
from marketplace.pools import FundKind, TalentKind

if TYPE_CHECKING:
    from apps.markets.models.listing import Listing


def _share(name: str, table: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{name: None}) | Q(**{f"{name}__gt": 0, f"{name}__lte": 100}),
        name=f"{table}_{name}_is_a_share",
    )


class Terms(models.Model):
    """Terms of one listing."""

    listing = models.OneToOneField(
        "markets.Listing", models.CASCADE, primary_key=True, related_name="%(class)s"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.listing_id)

    def words(self) -> dict[str, Any]:
        """Return the terms as columns hold them; of a foreign key the key."""
        return {
            column.name: getattr(self, column.attname)
            for column in self._meta.concrete_fields
            if not column.primary_key
        }

    def take_words(self, words: Mapping[str, Any]) -> None:
        """Put kept terms into the columns; what is not said goes back to its beginning."""
        for column in self._meta.concrete_fields:
            if column.primary_key:
                continue
            target: Any = column.target_field if column.is_relation else column  # type: ignore[attr-defined]
            value = words.get(column.name)
            setattr(
                self,
                column.attname,
                column.get_default() if value is None else target.to_python(value),
            )


class TechnologyOffer(Terms):
    """On which terms technology is offered."""

    exclusivity: TermField[Exclusivity | None] = TermField(Exclusivity, null=True)
    #: For how many months it may be used before it is paid for (先用后转).
    free_months = models.PositiveSmallIntegerField(null=True)
    #: What share of a firm is asked for it, in per cent (作价入股).
    equity_share = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    #: What comes with it: training, pilot production, further development.
    support = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(exclusivity=None) | Q(exclusivity__in=Exclusivity.values()),
                name="technology_offer_exclusivity_is_known",
            ),
            _share("equity_share", "technology_offer"),
        ]


class TechnologyNeed(Terms):
    """On which terms technology is needed."""

    exclusivity: TermField[Exclusivity | None] = TermField(Exclusivity, null=True)
    needed_by = models.DateField(null=True)
    present_solution = models.CharField(max_length=2000, blank=True, default="")
    acceptance = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(exclusivity=None) | Q(exclusivity__in=Exclusivity.values()),
                name="technology_need_exclusivity_is_known",
            ),
        ]


class TalentOffer(Terms):
    """On which terms a talent is offered."""

    engagement: TermField[Engagement | None] = TermField(Engagement, null=True)
    share_of_time = models.PositiveSmallIntegerField(null=True)
    available_from = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(engagement=None) | Q(engagement__in=Engagement.values()),
                name="talent_offer_engagement_is_known",
            ),
            _share("share_of_time", "talent_offer"),
        ]


class TalentNeed(Terms):
    """On which terms a talent is needed."""

    engagement: TermField[Engagement | None] = TermField(Engagement, null=True)
    share_of_time = models.PositiveSmallIntegerField(null=True)
    starts_on = models.DateField(null=True)
    headcount = models.PositiveSmallIntegerField(null=True)
    talent_kind: TermField[TalentKind | None] = TermField(TalentKind, null=True)
    discipline = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    duties = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(engagement=None) | Q(engagement__in=Engagement.values()),
                name="talent_need_engagement_is_known",
            ),
            models.CheckConstraint(
                condition=Q(talent_kind=None) | Q(talent_kind__in=TalentKind.values()),
                name="talent_need_talent_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(headcount=None) | Q(headcount__gte=1),
                name="talent_need_is_for_somebody",
            ),
            _share("share_of_time", "talent_need"),
        ]


class CapitalOffer(Terms):
    """On which terms money is offered."""

    stages = ArrayField(models.CharField(max_length=40), default=list)
    most_equity_share = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    term_months = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stages__contained_by=FinancingStage.values()),
                name="capital_offer_stages_are_known",
            ),
            _share("most_equity_share", "capital_offer"),
        ]


class CapitalNeed(Terms):
    """On which terms money is needed."""

    fund_kind: TermField[FundKind | None] = TermField(FundKind, null=True)
    stage: TermField[FinancingStage | None] = TermField(FinancingStage, null=True)
    equity_share = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    term_months = models.PositiveSmallIntegerField(null=True)
    use_of_money = models.CharField(max_length=2000, blank=True, default="")
    #: What can be pledged: patents, orders, a guarantee.
    security = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(fund_kind=None) | Q(fund_kind__in=FundKind.values()),
                name="capital_need_fund_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(stage=None) | Q(stage__in=FinancingStage.values()),
                name="capital_need_stage_is_known",
            ),
            _share("equity_share", "capital_need"),
        ]


#: Which table holds the terms of which listings.
TABLES: dict[tuple[Market, Side], type[Terms]] = {
    (Market.TECHNOLOGY, Side.OFFER): TechnologyOffer,
    (Market.TECHNOLOGY, Side.NEED): TechnologyNeed,
    (Market.TALENT, Side.OFFER): TalentOffer,
    (Market.TALENT, Side.NEED): TalentNeed,
    (Market.CAPITAL, Side.OFFER): CapitalOffer,
    (Market.CAPITAL, Side.NEED): CapitalNeed,
}


def terms_of(listing: "Listing") -> Terms:
    """Return the further terms of a listing, read once; of a new one, none are there to be read."""
    table = TABLES[listing.market, listing.side]
    name = table.__name__.lower()
    if listing._state.adding and name not in listing._state.fields_cache:
        return table(listing=listing)
    try:
        found: Terms = getattr(listing, name)
    except ObjectDoesNotExist:
        found = table(listing=listing)
    return found
