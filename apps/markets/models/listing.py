"""Listings in the technology, talent and capital markets."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Organization
from apps.base.fields import TermField
from apps.base.models import RecordQuerySet, life_cycle
from apps.markets.models.shelf import shelving
from apps.markets.models.terms import terms_of
from apps.pools.models import Fund, Project, Talent
from apps.reviews.models import Reviewed
from apps.taxonomy.models import Code
from marketplace import health as rules
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.coach import DraftKind
from marketplace.listings import (
    AUTHORS,
    EDITABLE_IN,
    LISTING,
    LONGEST,
    LONGEST_KEYWORD,
    MOST_KEYWORDS,
    ON_THE_MARKET,
    TERMS,
    CooperationMode,
    ListingState,
    Market,
    PriceWay,
    Side,
    open_moves,
    words_of_kind,
)
from marketplace.reviews import REVIEWERS, SubjectKind

#: Every word but the nested ones is a column of the listing itself.
COLUMNS = tuple(name for name in TERMS if name != "terms")
#: A listing in one of these states has been published once.
ONCE_PUBLISHED = ["published", "paused", "withdrawn", "expired", "concluded"]
# In constraints stand plain words, so that migrations import none of our vocabularies.
UNFINISHED = Q(state__in=sorted([*(state.value for state in EDITABLE_IN), "sealed"]))
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
        """Return what stands on the market though its last day, and the grace after it, is over."""
        return self.filter(
            state__in=ON_THE_MARKET, valid_until__lt=today - timedelta(days=rules.GRACE_DAYS)
        )

    def standing(self) -> Self:
        """Return what stands on the market, seen or not."""
        return self.filter(state__in=ON_THE_MARKET)

    def of_entries(self, entries: Iterable[object]) -> Self:
        """Return those that point at one of the pool entries with these ids."""
        ids = list(entries)
        return self.filter(Q(project__in=ids) | Q(talent__in=ids) | Q(fund__in=ids))

    def visible_to(self, actor: Actor) -> Self:
        """
        Return what is published, to its organization all its own, to reviewers all submitted.

        What has a dual use exists for its organization and for vetted ones only; what was sealed,
        for nobody. Managers also see what offers a project that their organization owns in part;
        secrecy officers know of all, for any may hold what it must not.
        """
        if actor.is_system:
            return self
        if actor.has(Role.SECRECY_OFFICER):
            return self.exclude(state=ListingState.SEALED)
        seen = Q(state=ListingState.PUBLISHED)
        if actor.has(*REVIEWERS):
            seen = ~Q(state=ListingState.DRAFT)
        if not actor.is_vetted:
            seen &= Q(dual_use=None)
        if actor.organization is not None:
            seen |= Q(organization=actor.organization)
            if actor.has(Role.ORGANIZATION_MANAGER):
                shared = Q(project__in=Project.objects.shared_with(actor).values("pk"))
                if not actor.is_vetted:
                    shared &= Q(dual_use=None)
                seen |= Q(side=Side.OFFER) & shared
        return self.filter(seen).exclude(state=ListingState.SEALED)


class Listing(Reviewed):
    """
    One thing on offer or needed in one market, for a time, on stated terms.

    An offer points at the pool entry it offers; a need stands alone or points at the project that
    it serves.
    """

    kind_of_subject = SubjectKind.LISTING
    cycle = LISTING
    live_in = ON_THE_MARKET
    accepts = "publish"
    left_by_spill = frozenset({"region"})

    market = TermField(Market)
    side = TermField(Side)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="listings")
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
    #: In which ways technology is to be had; words of CooperationMode.
    cooperation_modes = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    #: Readiness level 1 to 9 (GB/T 22900).
    readiness = models.PositiveSmallIntegerField(null=True)
    price_way = TermField(PriceWay, default=PriceWay.NEGOTIATED, db_default="negotiated")
    #: Price, budget, ticket or pay, in yuan. An open end is NULL; where it is negotiated, both are.
    price_from = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    price_to = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    #: Never in a teaser, a search, a match or the journal.
    confidential = models.TextField(max_length=LONGEST["confidential"], blank=True, default="")
    #: Further texts, each with its own secrecy.
    blocks = models.JSONField(default=list, db_default=[])
    #: Figures that are offered or needed: name, relation, value, unit, condition, secrecy.
    indicators = models.JSONField(default=list, db_default=[])
    #: The last day on which it is valid.
    valid_until = models.DateField(null=True)
    state: TermField[ListingState] = TermField(ListingState, default=LISTING.start)
    published_on = models.DateField(null=True)
    published_at = models.DateTimeField(null=True)
    #: When it was last begun, published or renewed: by this the newest comes first.
    listed_at = models.DateTimeField(default=timezone.now, db_default=Now())
    #: When its organization last did something about it.
    last_sign_at = models.DateTimeField(default=timezone.now, db_default=Now())
    #: 0 to 100: how sure a reader can be that somebody still stands behind it.
    health = models.PositiveSmallIntegerField(default=100, db_default=100)
    #: When its organization was last asked whether it still holds.
    asked_at = models.DateTimeField(null=True)
    #: What the organization itself calls it, so that a file can be imported again.
    external_reference = models.CharField(
        max_length=LONGEST["external_reference"], blank=True, default=""
    )

    objects = ListingQuerySet.as_manager()

    def authors(self) -> frozenset[Role]:
        return AUTHORS

    def open_moves(self) -> list[str]:
        return open_moves(self.state, self.waiting, self.proposed_wording is not None)

    def facts(self) -> dict[str, Any]:
        names = ("market", "side", "published_on")
        return {name: fact for name in names if (fact := getattr(self, name)) is not None}

    def word_columns(self) -> Sequence[str]:
        return COLUMNS

    def word_names(self) -> Sequence[str]:
        return words_of_kind(self.market, self.side)

    def all_words(self) -> dict[str, Any]:
        return super().all_words() | {"terms": terms_of(self).words()}

    def with_words(self, words: Mapping[str, Any]) -> Self:
        columns = {name: words[name] for name in COLUMNS if name in words}
        worded, terms = super().with_words(columns), copy(terms_of(self))
        terms.take_words(words["terms"])
        terms.listing = worded
        return worded

    def draft_kind(self) -> DraftKind:
        return DraftKind(f"{self.market}_{self.side}")

    def siblings(self) -> "models.QuerySet[Self]":
        return super().siblings().filter(market=self.market, side=self.side)

    def needs_consent(self) -> bool:
        return bool(self.side == Side.OFFER and self.project and self.project.needs_consent())

    def owning(self) -> set[UUID]:
        return self.project.owning() if self.project else {self.organization_id}

    @property
    def entry(self) -> Project | Talent | Fund | None:
        """Return what it points at."""
        return self.project or self.talent or self.fund

    @property
    def stands(self) -> bool:
        """Say whether it is on the market, seen or not."""
        return self.state in ON_THE_MARKET

    def is_outdated(self, today: date) -> bool:
        """Say whether it stands on the market though its last day has gone by."""
        return bool(
            self.stands
            and self.valid_until is not None
            and rules.is_outdated(self.valid_until, today)
        )

    def has_lapsed_right(self) -> bool:
        """Say whether a right of the project that it points at has run out."""
        return self.project is not None and self.project.has_lapsed_right

    def is_closed(self, today: date) -> bool:
        """Say whether the call of the fund that it points at has closed."""
        closes_on = self.fund.closes_on if self.fund else None
        return closes_on is not None and closes_on < today

    def health_at(self, now: datetime, unanswered: int = 0, since: datetime | None = None) -> int:
        """Return its health, where `unanswered` wait for an answer, the longest one `since`."""
        today = day_of(now)
        return rules.health(
            listed_on=day_of(self.listed_at),
            last_sign_on=day_of(self.last_sign_at),
            today=today,
            unanswered=unanswered,
            longest_wait=(now - since).days if since else 0,
            has_lapsed_right=self.has_lapsed_right(),
            is_call_closed=self.is_closed(today),
            is_outdated=self.is_outdated(today),
        )

    class Meta:
        constraints = [
            *Reviewed.Meta.constraints,
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
                condition=Q(cooperation_modes__contained_by=CooperationMode.values()),
                name="listing_cooperation_modes_are_known",
            ),
            models.CheckConstraint(
                condition=Q(cooperation_modes=[]) | Q(market="technology"),
                name="listing_only_technology_has_cooperation",
            ),
            models.CheckConstraint(
                condition=Q(price_way__in=PriceWay.values()), name="listing_price_way_is_known"
            ),
            models.CheckConstraint(
                condition=UNFINISHED | ~Q(price_way="listed_price") | Q(price_from__isnull=False),
                name="listing_listed_price_is_given",
            ),
            models.CheckConstraint(
                condition=Q(health__range=(0, 100)), name="listing_health_is_0_to_100"
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
                & (~Q(market="technology") | ~Q(cooperation_modes=[])),
                name="listing_is_complete_once_submitted",
            ),
            models.CheckConstraint(
                condition=Q(state="sealed") | ~Q(title="") & ~Q(body=""),
                name="listing_has_title_and_body",
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
        ]
        indexes = [
            models.Index(fields=["state", "market", "side", "-id"], name="listing_by_place"),
            models.Index(
                fields=["valid_until"],
                condition=STANDING,
                name="listing_running_out",
            ),
        ]
        triggers = [*life_cycle(LISTING, "listing"), shelving()]

    def __str__(self) -> str:
        return self.title
