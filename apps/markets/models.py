"""Listings in the technology, talent and capital markets."""

from datetime import date
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Organization, User
from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet, life_cycle
from apps.pools.models import Fund, Project, Talent
from apps.taxonomy.models import Code
from marketplace.actors import Actor
from marketplace.listings import (
    EDITABLE_IN,
    LISTING,
    LONGEST,
    LONGEST_KEYWORD,
    MOST_KEYWORDS,
    ON_THE_MARKET,
    CooperationMode,
    ListingState,
    Market,
    Side,
)
from marketplace.pools import REVIEWERS

#: A listing in one of these states has been published once.
ONCE_PUBLISHED = ["published", "paused", "withdrawn", "expired", "concluded"]
# In constraints stand plain words, so that migrations import none of our vocabularies.
UNFINISHED = Q(state__in=sorted(state.value for state in EDITABLE_IN))
STANDING = Q(state__in=sorted(state.value for state in ON_THE_MARKET))
TECHNOLOGY_OFFER = Q(market="technology", side="offer")
TALENT_OFFER = Q(market="talent", side="offer")
CAPITAL_OFFER = Q(market="capital", side="offer")


class ListingQuerySet(RecordQuerySet["Listing"]):
    """Listings."""

    def published(self) -> Self:
        """Return what everybody can see."""
        return self.filter(state=ListingState.PUBLISHED)

    def run_out(self, today: date) -> Self:
        """Return what stands on the market though its last day has gone by."""
        return self.filter(state__in=ON_THE_MARKET, valid_until__lt=today)

    def visible_to(self, actor: Actor) -> Self:
        """Return what is published, to its organization all its own, to reviewers all submitted."""
        if actor.is_system:
            return self
        seen = Q(state=ListingState.PUBLISHED)
        if actor.has(*REVIEWERS):
            seen = ~Q(state=ListingState.DRAFT)
        if actor.organization is not None:
            seen |= Q(organization=actor.organization)
        return self.filter(seen)


class Listing(Record):
    """
    One thing on offer or needed in one market, for a time, on stated terms.

    An offer points at the pool entry it offers; a need stands alone or points at the project that
    it serves.
    """

    market = TermField(Market)
    side = TermField(Side)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="listings")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.PROTECT, null=True, related_name="listings")
    talent = models.ForeignKey(Talent, models.PROTECT, null=True, related_name="listings")
    fund = models.ForeignKey(Fund, models.PROTECT, null=True, related_name="listings")
    title = models.CharField(max_length=LONGEST["title"])
    body = models.TextField(max_length=LONGEST["body"])
    keywords = ArrayField(
        models.CharField(max_length=LONGEST_KEYWORD), size=MOST_KEYWORDS, default=list, blank=True
    )
    #: Technology field (技术领域).
    field = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+")
    region = models.ForeignKey(Code, models.PROTECT, related_name="+")
    cooperation: TermField[CooperationMode | None] = TermField(CooperationMode, null=True)
    #: Readiness level 1 to 9 (GB/T 22900).
    readiness = models.PositiveSmallIntegerField(null=True)
    #: Price, budget, ticket or pay, in yuan. An open end is NULL; where it is negotiated, both are.
    price_from = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    price_to = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    #: Never in a teaser, a search, a match or the journal.
    confidential = models.TextField(max_length=LONGEST["confidential"], blank=True, default="")
    #: The last day on which it stands on the market.
    valid_until = models.DateField(null=True)
    state = TermField(ListingState, default=LISTING.start)
    published_on = models.DateField(null=True)
    published_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    review_note = models.TextField(blank=True, default="")
    imported_from = models.CharField(max_length=80, blank=True, default="")
    #: What the organization itself calls it, so that a file can be imported again.
    external_reference = models.CharField(
        max_length=LONGEST["external_reference"], blank=True, default=""
    )

    objects = ListingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_reference"],
                condition=~Q(external_reference=""),
                name="listing_external_reference_is_once_in_its_organization",
                violation_error_code="external_reference_taken",
                violation_error_message="Your organization has a listing of this reference.",
            ),
            models.CheckConstraint(
                condition=Q(market__in=Market.values()), name="listing_market_is_known"
            ),
            models.CheckConstraint(
                condition=Q(side__in=Side.values()), name="listing_side_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ListingState.values()), name="listing_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(cooperation=None) | Q(cooperation__in=CooperationMode.values()),
                name="listing_cooperation_is_known",
            ),
            models.CheckConstraint(
                condition=Q(cooperation=None) | Q(market="technology"),
                name="listing_only_technology_has_cooperation",
            ),
            models.CheckConstraint(
                condition=(Q(project=None) | Q(side="need") | TECHNOLOGY_OFFER)
                & (Q(talent=None) | TALENT_OFFER)
                & (Q(fund=None) | CAPITAL_OFFER),
                name="listing_points_at_no_other_pool",
            ),
            models.CheckConstraint(
                condition=UNFINISHED
                | Q(side="need")
                | TECHNOLOGY_OFFER & Q(project__isnull=False)
                | TALENT_OFFER & Q(talent__isnull=False)
                | CAPITAL_OFFER & Q(fund__isnull=False),
                name="listing_offer_points_at_its_pool",
            ),
            models.CheckConstraint(
                condition=UNFINISHED
                | Q(field__isnull=False, valid_until__isnull=False)
                & (~Q(market="technology") | Q(cooperation__isnull=False)),
                name="listing_is_complete_once_submitted",
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(body=""), name="listing_has_title_and_body"
            ),
            models.CheckConstraint(
                condition=Q(price_from=None) | Q(price_from__gte=0),
                name="listing_price_from_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(price_to=None) | Q(price_to__gte=0),
                name="listing_price_to_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(price_from=None) | Q(price_to=None) | Q(price_from__lte=F("price_to")),
                name="listing_price_band_goes_upwards",
            ),
            models.CheckConstraint(
                condition=Q(readiness=None) | Q(readiness__range=(1, 9)),
                name="listing_readiness_is_1_to_9",
            ),
            models.CheckConstraint(
                # A check passes on NULL, so that these are given must be said too.
                condition=~Q(state__in=ONCE_PUBLISHED)
                | Q(
                    published_on__isnull=False,
                    published_at__isnull=False,
                    reviewed_by__isnull=False,
                ),
                name="listing_is_published_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent_back", "refused"]) | Q(reviewed_by__isnull=False),
                name="listing_is_turned_down_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(reviewed_by=F("author")), name="listing_author_is_not_reviewer"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "market", "side", "-id"], name="listing_by_place"),
            models.Index(
                fields=["valid_until"],
                condition=STANDING,
                name="listing_running_out",
            ),
        ]
        triggers = life_cycle(LISTING, "listing")

    def __str__(self) -> str:
        return self.title
