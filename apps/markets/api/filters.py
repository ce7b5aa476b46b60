"""How the markets are narrowed."""

from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters.filters import CharFilter, ChoiceFilter, NumberFilter, UUIDFilter
from django_filters.rest_framework.filterset import FilterSet
from rest_framework.exceptions import ValidationError

from apps.base.api.errors import words
from apps.markets.models import Listing
from apps.pools.queries import SUBJECTS
from apps.taxonomy.queries import under
from marketplace.calendar import day_of
from marketplace.errors import Invalid
from marketplace.listings import CooperationMode, ListingState, Market, Side
from marketplace.money import LARGEST

#: How many words of a search are looked for.
MOST_WORDS = 8


class ListingFilter(FilterSet):
    """Words that narrow the listings; a code includes everything below it."""

    market = ChoiceFilter(choices=Market.choices())
    side = ChoiceFilter(choices=Side.choices())
    state = ChoiceFilter(choices=ListingState.choices())
    cooperation = ChoiceFilter(choices=CooperationMode.choices())
    organization = UUIDFilter()
    field = CharFilter(method="below")
    region = CharFilter(method="below")
    readiness_from = NumberFilter(
        field_name="readiness", lookup_expr="gte", min_value=1, max_value=9, decimal_places=0
    )
    price_from = NumberFilter(
        method="dear_enough",
        min_value=0,
        max_value=LARGEST,
        decimal_places=2,
        label="Only stated prices that reach this amount.",
    )
    price_to = NumberFilter(
        method="cheap_enough",
        min_value=0,
        max_value=LARGEST,
        decimal_places=2,
        label="Only stated prices that begin at this amount or below.",
    )
    search = CharFilter(
        method="holding",
        max_length=100,
        label="Every word must be in the title, the body or a keyword.",
    )

    def below(self, rows: QuerySet[Listing], name: str, value: str) -> QuerySet[Listing]:
        """Keep the listings whose code is `value` or below it."""
        try:
            codes = under(SUBJECTS[name], value, on=day_of(timezone.now()), field=name)
        except Invalid as error:
            raise ValidationError({name: [words(error)]}, error.code) from error
        return rows.filter(**{f"{name}__in": codes.values("pk")})

    def dear_enough(self, rows: QuerySet[Listing], name: str, value: Decimal) -> QuerySet[Listing]:
        """Keep the listings with a price that reaches `value`; an open end reaches everything."""
        return rows.filter(Q(price_to__gte=value) | Q(price_to=None, price_from__isnull=False))

    def cheap_enough(self, rows: QuerySet[Listing], name: str, value: Decimal) -> QuerySet[Listing]:
        """Keep the listings with a price that begins at `value` or below."""
        return rows.filter(Q(price_from__lte=value) | Q(price_from=None, price_to__isnull=False))

    def holding(self, rows: QuerySet[Listing], name: str, value: str) -> QuerySet[Listing]:
        """Keep the listings that hold every word; never by what is confidential."""
        for word in value.split()[:MOST_WORDS]:
            rows = rows.filter(
                Q(title__icontains=word) | Q(body__icontains=word) | Q(keywords__icontains=word)
            )
        return rows
