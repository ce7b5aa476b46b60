"""Which pairs fit and why, and whose pairs must be found anew."""

from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.base.models import Record, RecordQuerySet
from apps.markets.models import Listing
from apps.pools.models import Fund
from apps.retrieval.models import Fit
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of

#: Who sees the matches of all organizations.
SEES_ALL = (Role.BROKER, Role.REVIEWER, Role.ADMINISTRATOR)


class MatchQuerySet(RecordQuerySet["Match"]):
    """Matches."""

    def current(self) -> Self:
        """Return the matches that still belong to the best of either listing."""
        return self.filter(is_current=True)

    def visible_to(self, actor: Actor) -> Self:
        """Return the current matches that `actor` may know of."""
        return self.current().all_visible_to(actor)

    def all_visible_to(self, actor: Actor) -> Self:
        """
        Return the matches of published listings, also those that are over.

        They are one's own, and to brokers and officers all.

        The state of both listings is asked at every reading, and whether a fund has something to
        give, so what closed is gone at once, also where the match has yet to be cleared away.
        """
        if not actor.is_known:
            return self.none()
        closed, spent = Q(closes_on__lt=day_of(timezone.now())), Q(committed__gte=F("quota"))
        gives_nothing = Fund.objects.filter(closed | spent)
        published = Listing.objects.published().visible_to(actor).exclude(fund__in=gives_nothing)
        found = self.filter(
            Exists(published.filter(pk=OuterRef("offer"))),
            Exists(published.filter(pk=OuterRef("need"))),
        )
        if actor.has(*SEES_ALL):
            return found
        own = Listing.objects.filter(organization=actor.organization)
        return found.filter(
            Exists(own.filter(pk=OuterRef("offer"))) | Exists(own.filter(pk=OuterRef("need")))
        )

    def of(self, listing_id: UUID) -> Self:
        """Return the matches in which a listing is the offer or the need."""
        return self.filter(Q(offer=listing_id) | Q(need=listing_id))


class Match(Record):
    """
    An offer and a need of one market that fit, how well, and why.

    A match that is over is kept, for a deal may have come from it; should the two fit again, it is
    the same match.
    """

    offer = models.ForeignKey(
        Listing, models.PROTECT, related_name="matches_as_offer", verbose_name=_("offer")
    )
    need = models.ForeignKey(
        Listing, models.PROTECT, related_name="matches_as_need", verbose_name=_("need")
    )
    #: Whether it is still among the best of the offer or of the need.
    is_current = models.BooleanField(_("current"), default=True)
    #: The sum of the contributions in `reasons`, to the last digit.
    score = models.DecimalField(_("score"), max_digits=9, decimal_places=6)
    #: What the score is made of: [{"part", "contribution", "message", "facts"}].
    reasons = models.JSONField(default=list)
    method = models.CharField(_("method"), max_length=40)
    fit = models.ForeignKey(Fit, models.SET_NULL, null=True, related_name="+")
    #: The versions of the listings that were compared, and which of their wordings.
    offer_version = models.PositiveIntegerField()
    need_version = models.PositiveIntegerField()
    offer_wording = models.PositiveIntegerField(default=1, db_default=1)
    need_wording = models.PositiveIntegerField(default=1, db_default=1)
    #: What else went into the score and is in no wording: the day, healths, answers, similarity.
    given = models.JSONField(default=dict, db_default={})
    computed_at = models.DateTimeField(_("computed at"))

    objects = MatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        constraints = [
            models.UniqueConstraint(fields=["offer", "need"], name="match_is_once_per_pair"),
            models.CheckConstraint(condition=~Q(offer=F("need")), name="match_has_two_listings"),
            models.CheckConstraint(condition=Q(score__gt=0), name="match_score_is_positive"),
        ]
        indexes = [
            models.Index(
                fields=["offer", "-score"],
                condition=Q(is_current=True),
                name="match_best_of_offer",
            ),
            models.Index(
                fields=["need", "-score"], condition=Q(is_current=True), name="match_best_of_need"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer} – {self.need}"


class StaleQuerySet(models.QuerySet["Stale"]):
    """Listings to be matched anew."""

    def claim(self, count: int, *, now: datetime, patience: timedelta) -> list["Stale"]:
        """
        Take up to `count` rows that nobody works on, longest waiting first.

        A claim lapses after `patience`, for its worker may have died; a row that fails again and
        again is thereby tried again and again, without holding up the others.
        """
        with transaction.atomic():
            free = self.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - patience))
            rows = list(
                free.select_for_update(skip_locked=True).order_by(
                    "is_in_bulk", "requested_at", "pk"
                )[:count]
            )
            self.filter(pk__in=[row.pk for row in rows]).update(claimed_at=now)
        return rows


class Stale(models.Model):
    """A listing whose matches must be found anew; a work row, gone when that is done."""

    listing_id = models.UUIDField(primary_key=True)
    requested_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    #: Whether only a large run asks for it: news goes first.
    is_in_bulk = models.BooleanField(default=False, db_default=False)

    objects = StaleQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stale"
        indexes = [
            models.Index(fields=["is_in_bulk", "requested_at"], name="stale_news_first"),
        ]

    def __str__(self) -> str:
        return str(self.listing_id)
