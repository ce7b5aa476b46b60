"""The narrow row of a listing in which it is found."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q

from apps.markets.models.listing import Listing

#: What stands in the codes of a row, the narrow columns once more, for an index over them all.
CODED = (
    *("market", "side", "state", "field", "subfield", "province", "city", "county"),
    *("cooperation_modes", "readiness", "price_way", "waiting", "lowest", "highest"),
)
PUBLIC = Q(is_public=True)


#: The codes of a row, by a function of the database.
CODES = Func(*map(F, CODED), function="markets_codes")
#: What a walk along an index reads of each row; of hidden rows also who may know of it.
NARROW = [name for name in CODED if name not in ("state", "waiting")]
HIDDEN = [*NARROW, "state", "waiting", "organization_id", "is_dual_use"]


class Findable(models.Model):
    """
    What a search looks at of one listing.

    The database keeps the narrow columns by itself (see `shelf`); the words are written where the
    text is. No words yet are NULL: work to be done. The columns stand in an order without gaps.
    """

    listing = models.OneToOneField(
        Listing, models.CASCADE, primary_key=True, related_name="findable"
    )
    organization_id = models.UUIDField()
    listed_at = models.DateTimeField()
    lowest = models.BigIntegerField(null=True)
    highest = models.BigIntegerField(null=True)
    province = models.IntegerField(null=True)
    city = models.IntegerField(null=True)
    county = models.IntegerField(null=True)
    market = models.SmallIntegerField()
    side = models.SmallIntegerField()
    state = models.SmallIntegerField()
    price_way = models.SmallIntegerField()
    waiting = models.SmallIntegerField(null=True)
    cooperation_modes = models.SmallIntegerField()
    readiness = models.SmallIntegerField(null=True)
    health = models.SmallIntegerField()
    #: Whether anybody at all may know of it.
    is_public = models.BooleanField()
    is_dual_use = models.BooleanField()
    field = models.CharField(max_length=40)
    subfield = models.CharField(max_length=40)
    words = SearchVectorField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["listing"], condition=Q(words=None), name="findable_without_words"
            ),
            *(
                index
                for name, condition, narrow in (
                    ("public", PUBLIC, NARROW),
                    ("hidden", ~PUBLIC, HIDDEN),
                )
                for index in (
                    models.Index(
                        fields=["organization_id", "-listed_at", "-listing"],
                        condition=condition,
                        name=f"findable_of_owner_{name}",
                    ),
                    models.Index(
                        fields=["-listed_at", "-listing"],
                        include=narrow,
                        condition=condition,
                        name=f"findable_newest_{name}",
                    ),
                    models.Index(
                        fields=["-health", "-listing"],
                        include=narrow,
                        condition=condition,
                        name=f"findable_healthiest_{name}",
                    ),
                    GinIndex(
                        F("words"),
                        CODES,
                        condition=condition,
                        fastupdate=False,
                        name=f"findable_words_{name}",
                    ),
                )
            ),
        ]

    def __str__(self) -> str:
        return str(self.listing_id)
