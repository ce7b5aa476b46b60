"""How the markets are searched and narrowed: the same words for lists, counts and exports."""

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters.filters import CharFilter, ChoiceFilter, NumberFilter, UUIDFilter
from django_filters.rest_framework.filterset import FilterSet
from rest_framework.exceptions import ValidationError

from apps.base.api.errors import words
from apps.markets.search import MOST_FACETS, Criteria, narrowed
from apps.pools.queries import SUBJECTS
from apps.taxonomy.queries import resolve
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Invalid
from marketplace.listings import CooperationMode, ListingState, Market, PriceWay, Side
from marketplace.money import LARGEST
from marketplace.reviews import Purpose
from marketplace.search import LONGEST_SEARCH, Facet, Order, query
from marketplace.vocabulary import Term


def _amount(label: str) -> NumberFilter:
    return NumberFilter(min_value=0, max_value=LARGEST, decimal_places=2, label=label)


def _level(label: str) -> NumberFilter:
    return NumberFilter(min_value=1, max_value=9, decimal_places=0, label=label)


class ListingFilter(FilterSet):
    """Words that narrow the listings; a code includes everything below it."""

    #: Of the words above, those that are words of a vocabulary.
    terms: ClassVar[dict[str, type[Term]]] = {
        "market": Market,
        "side": Side,
        "state": ListingState,
        "waiting": Purpose,
        "cooperation_mode": CooperationMode,
        "price_way": PriceWay,
    }

    search = CharFilter(
        max_length=LONGEST_SEARCH,
        label="Words in Chinese or English, of which all are found in what everybody may read of a "
        "listing. What stands in quotation marks is found in one piece.",
    )
    market = ChoiceFilter(choices=Market.choices())
    side = ChoiceFilter(choices=Side.choices())
    state = ChoiceFilter(choices=ListingState.choices())
    waiting = ChoiceFilter(
        choices=Purpose.choices(),
        label="What an open submission asks for; for one's own listings, and all to reviewers.",
    )
    cooperation_mode = ChoiceFilter(
        choices=CooperationMode.choices(), label="One of its modes of cooperation."
    )
    price_way = ChoiceFilter(choices=PriceWay.choices())
    organization = UUIDFilter()
    project = UUIDFilter()
    field = CharFilter(max_length=40, label="A technology field, with those below it.")
    region = CharFilter(max_length=40, label="A region, with those below it.")
    readiness_from = _level("The least readiness, 1 to 9.")
    readiness_to = _level("The highest readiness, 1 to 9.")
    price_from = _amount("Only stated prices that reach this amount.")
    price_to = _amount("Only stated prices that begin at this amount or below.")

    def criteria(self) -> Criteria:
        """Return what is looked for, in words of the market."""
        given = {name: value for name, value in self.form.cleaned_data.items() if value}
        for name in ("field", "region"):
            if name in given:
                self._must_be_code(name, given[name])
        searched = given.pop("search", "")
        if searched and query(searched).is_empty:
            raise ValidationError(
                {"search": [_("This holds no word that can be looked for.")]}, "no_word"
            )
        for name, vocabulary in self.terms.items():
            if name in given:
                given[name] = vocabulary(given[name])
        known = {name: given[name] for name in given.keys() & Criteria.__dataclass_fields__.keys()}
        for name in ("readiness_from", "readiness_to"):
            if name in known:
                known[name] = int(known[name])
        # A bound of nought is one, though nought is no other value.
        for name in ("price_from", "price_to"):
            known[name] = self.form.cleaned_data[name]
        return Criteria(words=searched, **known)

    def filter_queryset(self, queryset: Any) -> Any:
        """Keep what meets all criteria."""
        by = self.request.auth if isinstance(self.request.auth, Actor) else Actor.anonymous()
        return narrowed(queryset, self.criteria(), by=by)

    def _must_be_code(self, name: str, value: str) -> None:
        try:
            resolve(SUBJECTS[name], value, on=day_of(timezone.now()), field=name)
        except Invalid as error:
            raise ValidationError({name: [words(error)]}, error.code) from error


class ListingSearch(ListingFilter):
    """Words that narrow and order the listings."""

    sort = ChoiceFilter(
        choices=Order.choices(),
        label="By relevance unless said, and by date where no words are searched for.",
    )

    @property
    def order(self) -> Order | None:
        """Return the order asked for."""
        asked = self.form.cleaned_data["sort"]
        return Order(asked) if asked else None


class ListingFacets(ListingFilter):
    """Words that narrow the listings, and by what to count them."""

    facet = CharFilter(
        required=True,
        max_length=100,
        label=f"By what to count, at most {MOST_FACETS}, with commas: {', '.join(Facet.values())}.",
    )

    @property
    def facets(self) -> list[Facet]:
        """Return by what to count."""
        asked = dict.fromkeys(self.form.cleaned_data["facet"].split(","))
        if len(asked) > MOST_FACETS or not asked.keys() <= set(Facet.values()):
            raise ValidationError(
                {
                    "facet": [
                        _("Name 1 to {most} of these, with commas: {facets}.").format(
                            most=MOST_FACETS, facets=", ".join(Facet.values())
                        )
                    ]
                },
                "facet",
            )
        return [Facet(each) for each in asked]
