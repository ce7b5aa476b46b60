"""What is learned from the texts of a market: how rare its words are, and their vectors."""

from typing import Self

from django.db import models
from django.db.models import Q
from pgvector.django import VectorField

from apps.base.fields import TermField
from apps.base.models import Record, RecordQuerySet
from apps.retrieval.models.index import Text
from marketplace.actors import Actor, Role
from marketplace.listings import Market
from marketplace.vectors import VectorSource


class FitQuerySet(RecordQuerySet["Fit"]):
    """Fits."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all of them to those who run the market, and nothing to others."""
        return self if actor.has(Role.ADMINISTRATOR, Role.STATISTICIAN) else self.none()

    def current(self, market: Market) -> "Fit | None":
        """Return the fit by which a market is matched now; the first run makes the first one."""
        return self.filter(market=market, is_current=True).first()


class Fit(Record):
    """
    What one run learned from the texts of a market.

    Between two fits nothing changes, so that a score depends on what is written in a receipt alone.
    An old fit is kept for a while, for receipts to be replayed.
    """

    market = TermField(Market)
    #: Counts upwards within its market.
    number = models.PositiveIntegerField()
    is_current = models.BooleanField(default=False)
    #: How many texts of offers and of needs were read.
    offers = models.PositiveIntegerField(default=0)
    needs = models.PositiveIntegerField(default=0)
    #: Where its vectors come from, by which model, and how long they are; 0 where there are none.
    source = TermField(VectorSource)
    model = models.CharField(max_length=200, blank=True, default="")
    dimensions = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    #: The highest number of a text that was counted, and up to which number all texts are known to
    #: have their vectors.
    counted_to = models.BigIntegerField(default=0)
    embedded_to = models.BigIntegerField(default=0)
    #: How often in a row no vectors could be had from where they come, why not (the English words,
    #: the key of their translation; and what they speak of), since when, and when to try again.
    failures = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True, default="")
    failure_facts = models.JSONField(default=dict)
    failing_since = models.DateTimeField(null=True)
    try_again_at = models.DateTimeField(null=True)

    objects = FitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "number"], name="fit_number_is_once"),
            models.UniqueConstraint(
                fields=["market"], condition=Q(is_current=True), name="fit_current_is_one"
            ),
            models.CheckConstraint(
                condition=Q(market__in=Market.values()), name="fit_market_is_known"
            ),
            models.CheckConstraint(
                condition=Q(source__in=VectorSource.values()), name="fit_source_is_known"
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(made_at__isnull=False),
                name="fit_is_made_before_it_is_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.number}"


class FittedWord(models.Model):
    """In how many texts a word stands, and its vector where it has one."""

    pk = models.CompositePrimaryKey("fit_id", "word")
    fit = models.ForeignKey(Fit, models.CASCADE, related_name="+", db_index=False)
    word = models.BigIntegerField()
    offers = models.PositiveIntegerField()
    needs = models.PositiveIntegerField()
    #: As many numbers as the fit has dimensions, little-endian float16.
    vector = models.BinaryField(null=True)

    def __str__(self) -> str:
        return f"{self.word} in {self.fit_id}"


class Norm(models.Model):
    """How much a text says in all under a fit (see `marketplace.words.norm`)."""

    pk = models.CompositePrimaryKey("text_id", "fit_id")
    text = models.ForeignKey(Text, models.CASCADE, related_name="norms", db_index=False)
    fit = models.ForeignKey(Fit, models.CASCADE, related_name="+")
    norm = models.FloatField()

    def __str__(self) -> str:
        return f"{self.text_id} under {self.fit_id}"


class Embedding(models.Model):
    """The vector of a text under a fit; a new fit's stand beside the old ones until the switch."""

    pk = models.CompositePrimaryKey("text_id", "fit_id")
    text = models.ForeignKey(Text, models.CASCADE, related_name="embeddings", db_index=False)
    fit = models.ForeignKey(Fit, models.CASCADE, related_name="+")
    #: Of length one, or NULL where none could be had.
    vector = VectorField(null=True)

    def __str__(self) -> str:
        return f"{self.text_id} under {self.fit_id}"
