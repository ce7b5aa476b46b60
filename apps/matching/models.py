"""The words of published listings, which pairs fit and why, and whose pairs must be found anew."""

from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.markets.models import Listing
from marketplace.actors import Actor, Role
from marketplace.listings import ListingState, Market

#: Who sees the matches of all organizations.
SEES_ALL = (Role.BROKER, Role.REVIEWER, Role.ADMINISTRATOR)


class MatchQuerySet(RecordQuerySet["Match"]):
    """Matches."""

    def current(self) -> Self:
        """Return the matches that still belong to the best of either listing."""
        return self.filter(is_current=True)

    def visible_to(self, actor: Actor) -> Self:
        """
        Return the matches of published listings: one's own, and all to brokers and officers.

        The state of both listings is asked at every reading, so what closed is gone at once, also
        where the stored match has yet to be cleared away.
        """
        if not actor.is_known:
            return self.none()
        published = Listing.objects.filter(state=ListingState.PUBLISHED).visible_to(actor)
        found = self.current().filter(
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
    score = models.DecimalField(_("score"), max_digits=8, decimal_places=6)
    #: What the score is made of: [{"part", "contribution", "message", "facts"}].
    reasons = models.JSONField(default=list)
    method = models.CharField(_("method"), max_length=40)
    #: The versions of the listings that were compared.
    offer_version = models.PositiveIntegerField()
    need_version = models.PositiveIntegerField()
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


class Corpus(models.Model):
    """How many texts of either side a market holds, and how long its offers are together."""

    market = TermField(Market, primary_key=True)
    offers = models.PositiveIntegerField(default=0)
    needs = models.PositiveIntegerField(default=0)
    #: In tenths of a word of a title, like every weight here.
    offers_length = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "corpora"
        constraints = [
            models.CheckConstraint(
                condition=Q(market__in=Market.values()), name="corpus_market_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.market


class Word(models.Model):
    """A token of a market, and how many of its texts hold it."""

    id = models.AutoField(primary_key=True)
    market = TermField(Market)
    token = models.CharField(max_length=40)
    offers = models.PositiveIntegerField(default=0)
    needs = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "token"], name="word_is_once_per_market"),
            models.CheckConstraint(
                condition=Q(market__in=Market.values()), name="word_market_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.token


class Text(models.Model):
    """The words of one published listing with their weights, kept while it is published."""

    id = models.AutoField(primary_key=True)
    listing = models.OneToOneField(Listing, models.CASCADE, related_name="+")
    words = ArrayField(models.IntegerField())
    weights = ArrayField(models.SmallIntegerField())
    length = models.PositiveIntegerField()

    def __str__(self) -> str:
        return str(self.listing_id)


class Posting(models.Model):
    """
    That a text holds a word, once per side and word.

    All columns stand in the key, so that a ranking reads the index alone. There are no foreign keys
    in the database: a check per word of each text would cost more than the writing, and all of it
    can be made again from the listings.
    """

    pk = models.CompositePrimaryKey("word_id", "is_offer", "text_id", "weight", "length")
    word_id = models.IntegerField()
    is_offer = models.BooleanField()
    text_id = models.IntegerField()
    weight = models.SmallIntegerField()
    length = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.word_id} in {self.text_id}"


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
                free.select_for_update(skip_locked=True).order_by("requested_at", "pk")[:count]
            )
            self.filter(pk__in=[row.pk for row in rows]).update(claimed_at=now)
        return rows


class Stale(models.Model):
    """A listing whose matches must be found anew; a work row, gone when that is done."""

    listing_id = models.UUIDField(primary_key=True)
    requested_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)

    objects = StaleQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stale"
        indexes = [models.Index(fields=["requested_at"], name="stale_oldest_first")]

    def __str__(self) -> str:
        return str(self.listing_id)
