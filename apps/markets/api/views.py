"""The three markets over HTTP."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from apps.accounts.api.authentication import Everybody
from apps.base.api.filters import StrictFilterBackend
from apps.base.api.views import RecordViewSet, move
from apps.markets import actions
from apps.markets.api.filters import ListingFacets, ListingFilter, ListingSearch
from apps.markets.api.pages import FoundPages
from apps.markets.api.serializers import (
    CHANGES,
    INPUTS,
    ListingAdvice,
    ListingCounts,
    ListingDetail,
    ListingFound,
    ListingFull,
    ListingInput,
    ListingTeaser,
    RenewalInput,
)
from apps.markets.models import Listing
from apps.markets.search import facets
from apps.pools.models import Project
from apps.reviews import actions as reviews
from apps.reviews.api.serializers import AcceptanceInput
from apps.reviews.api.views import MOVES, ReviewedViews
from marketplace.search import query
from marketplace.secrecy import Secrecy

#: What a page reads of a listing, of its organization and of what it points at.
SHOWN = [
    *(
        column.name
        for column in Listing._meta.concrete_fields
        if column.name in ListingTeaser.Meta.fields
    ),
    *("organization__name", "project__has_lapsed_right", "fund__closes_on"),
]
ONE = PolymorphicProxySerializer(
    component_name="Listing",
    serializers=[ListingFull, ListingDetail],
    resource_type_field_name=None,
)
NEW = PolymorphicProxySerializer(
    component_name="ListingInputs",
    serializers=list(INPUTS.values()),
    resource_type_field_name=None,
)
OTHER_WORDS = PolymorphicProxySerializer(
    component_name="ListingChanges",
    serializers=[shape(partial=True) for shape in CHANGES.values()],
    resource_type_field_name=None,
)
OWN_MOVES = ("publish", "pause", "resume", "withdraw", "conclude", "renew")


def listed(rows: QuerySet[Listing]) -> QuerySet[Listing]:
    """Return `rows` with what a page of them shows, and no more of it."""
    return rows.select_related("organization", "project", "fund").only(*SHOWN)


@extend_schema_view(
    list=extend_schema(responses=ListingFound(many=True)),
    retrieve=extend_schema(responses=ONE),
    advice=extend_schema(responses=ListingAdvice),
    create=extend_schema(request=NEW, responses={201: ListingFull}),
    partial_update=extend_schema(request=OTHER_WORDS, responses=ListingFull),
    **{name: extend_schema(responses=ONE) for name in (*MOVES, *OWN_MOVES)},
)
class ListingViewSet(ReviewedViews[Listing]):
    """
    Listings.

    Everybody reads what is published, each part as far as its secrecy allows; a list shows teasers.
    The confidential part, the review and what is proposed are for its own organization, the owners
    of what it offers, and reviewers.
    """

    records = Listing.objects.all()
    scope = "listings"
    serializer_class = ListingTeaser
    filterset_class = ListingSearch
    pagination_class = FoundPages
    advice_serializer_class = ListingAdvice

    def get_queryset(self) -> QuerySet[Listing]:
        rows = Listing.objects.visible_to(self.actor)
        return listed(rows) if not self.detail else rows.select_related("organization")

    def get_serializer(self, *args: Any, **options: Any) -> BaseSerializer[Listing]:
        row = args[0] if args else None
        if not isinstance(row, Listing):
            return super().get_serializer(*args, **options)
        options.setdefault("context", self.get_serializer_context())
        is_whole = row.level_for(self.actor) is Secrecy.UNDER_NDA
        return (ListingFull if is_whole else ListingDetail)(*args, **options)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """
        Search the markets.

        What is hidden from others is found only by whom it is shown to. The words of a search are
        found in titles, keywords, bodies and public blocks.
        """
        rows = self.get_queryset()
        filters = StrictFilterBackend().asked(request, rows, self)
        asked, pages = filters.criteria(), FoundPages()
        hits = pages.found(request, asked, filters.order, self.actor)
        found = rows.in_bulk([hit.listing for hit in hits])
        # What was closed since it was found is in no answer.
        shown = [found[hit.listing] for hit in hits if hit.listing in found]
        context = {**self.get_serializer_context(), "asked": query(asked.words)}
        return pages.response(list(ListingFound(shown, many=True, context=context).data))

    @extend_schema(responses=ListingCounts, filters=True)
    @action(detail=False, methods=["get"], filterset_class=ListingFacets, pagination_class=None)
    def facets(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """
        Count the listings that the same words find, by the values of up to four facets.

        A facet is counted without its own filter, for that other values can be chosen. Of fields
        and regions those right below the one chosen are counted; where there are none, those
        beside it.
        """
        filters = StrictFilterBackend().asked(request, self.get_queryset(), self)
        found = facets(filters.criteria(), filters.facets, by=self.actor)
        return Response(
            {
                "count": found.total,
                "facets": {
                    facet: [
                        {"value": value, "count": count}
                        for value, count in sorted(values.items(), key=lambda it: (-it[1], it[0]))
                    ]
                    for facet, values in found.facets.items()
                },
            }
        )

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a listing of the own organization; its terms are those of its market and side."""
        said = request.data if isinstance(request.data, Mapping) else {}
        place = str(said.get("market")), str(said.get("side"))
        terms = self.given(INPUTS.get(place, ListingInput))
        kind = {"market": terms.pop("market"), "side": terms.pop("side")}
        return self.shown(reviews.draft(Listing, terms, **kind, by=self.actor), 201)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write other words: into a draft at once, for what is on the market as a proposal."""
        listing = self.get_object()
        terms = self.given(CHANGES[listing.market, listing.side], partial=True)
        expected = self.expected(listing)
        return self.shown(reviews.change(listing, terms, by=self.actor, expected=expected))

    @move(takes=AcceptanceInput)
    def publish(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put a listing on the market, or the proposed words of one on it, as a reviewer."""
        return self.moved(reviews.accept, AcceptanceInput)

    @move()
    def pause(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a listing out of sight for a while."""
        return self.moved(actions.pause)

    @move()
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show a paused listing again."""
        return self.moved(actions.resume)

    @move()
    def withdraw(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a listing off the market for good."""
        return self.moved(actions.withdraw)

    @move()
    def conclude(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End a listing that has found what it sought."""
        return self.moved(actions.conclude)

    @move(takes=RenewalInput)
    def renew(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say that a listing still holds, until a later day; nobody reviews that."""
        return self.moved(actions.renew, RenewalInput)


class ProjectMarketViewSet(RecordViewSet[Listing]):
    """What a project offers and needs, in all three markets together."""

    records = Listing.objects.all()
    queryset = Listing.objects.none()
    scope = "listings"
    serializer_class = ListingTeaser
    filterset_class = ListingFilter
    http_method_names = ["get", "head", "options"]
    permission_classes = [Everybody]

    def get_queryset(self) -> QuerySet[Listing]:
        key: UUID = self.kwargs["project"]
        project = get_object_or_404(Project.objects.visible_to(self.actor), pk=key)
        return listed(Listing.objects.visible_to(self.actor).filter(project=project))
