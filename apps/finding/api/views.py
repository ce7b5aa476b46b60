"""Saved searches, alerts, favourites and views over HTTP."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters.filters import UUIDFilter
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.authentication import Everybody
from apps.base.api.filters import TrueOrFalseFilter
from apps.base.api.views import ActorView, RecordViewSet, move
from apps.finding import actions
from apps.finding.api.serializers import (
    AlertSerializer,
    Attention,
    FavouriteInput,
    FavouriteSerializer,
    SavedSearchInput,
    SavedSearchSerializer,
)
from apps.finding.models import Alert, Favourite, Hit, SavedSearch, Views
from apps.finding.queries import days_of
from apps.markets.models import Listing
from marketplace.actors import OFFICE_ROLES
from marketplace.calendar import day_of
from marketplace.errors import Missing
from marketplace.listings import ListingState

#: How many listings of one alert are shown.
MOST_SHOWN = 100
#: What a short list shows of a listing; not the long texts.
SHOWN = [
    f"listing__{name}"
    for name in (
        *("id", "market", "side", "title", "organization__name", "field", "region"),
        *("valid_until", "listed_at", "state"),
    )
]


class SavedSearchFilter(FilterSet):
    """How the list of saved searches is narrowed."""

    is_active = TrueOrFalseFilter(
        field_name="stopped_at", lookup_expr="isnull", help_text="Only those that go on, or not."
    )


class SavedSearchViewSet(RecordViewSet[SavedSearch]):
    """Searches that go on by themselves, and tell one of what is new."""

    records = SavedSearch.objects.all()
    queryset = SavedSearch.objects.none()
    scope = "searches"
    serializer_class = SavedSearchSerializer
    filterset_class = SavedSearchFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[SavedSearch]:
        return SavedSearch.objects.visible_to(self.actor)

    @extend_schema(request=SavedSearchInput, responses={201: SavedSearchSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep a search; its criteria are the words that narrow the list of listings."""
        return self.shown(actions.keep(**self.given(SavedSearchInput), by=self.actor), 201)

    @extend_schema(request=SavedSearchInput(partial=True))
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a saved search; other criteria take the place of all the former ones."""
        search, words = self.get_object(), self.given(SavedSearchInput, partial=True)
        expected = self.expected(search)
        return self.shown(actions.change(search, words, by=self.actor, expected=expected))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Remove a saved search with its alerts."""
        search = self.get_object()
        actions.remove(search, by=self.actor, expected=self.expected(search))
        return Response(status=204)

    @move()
    def stop(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let a saved search tell nothing more."""
        return self.moved(actions.stop)

    @move()
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let a stopped search tell again of what is new from now on."""
        return self.moved(actions.resume)


class AlertFilter(FilterSet):
    """How the list of alerts is narrowed."""

    saved_search = UUIDFilter(field_name="search_id")


class AlertViewSet(RecordViewSet[Alert]):
    """What saved searches told; each shows only what one may still see."""

    records = Alert.objects.all()
    queryset = Alert.objects.none()
    scope = "searches"
    serializer_class = AlertSerializer
    filterset_class = AlertFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "head", "options"]
    is_versioned = False

    def get_queryset(self) -> QuerySet[Alert]:
        hits = Hit.objects.visible_to(self.actor).select_related("listing__organization")
        shown = hits.only("alert", *SHOWN).order_by("-found_at", "-pk")[:MOST_SHOWN]
        rows = Alert.objects.visible_to(self.actor).select_related("search", "mail")
        return rows.prefetch_related(Prefetch("hits", shown, to_attr="told"))


class FavouriteViewSet(RecordViewSet[Favourite]):
    """Listings that one wants to find again."""

    records = Favourite.objects.all()
    queryset = Favourite.objects.none()
    scope = "searches"
    serializer_class = FavouriteSerializer
    http_method_names = ["get", "post", "delete", "head", "options"]
    is_versioned = False

    def get_queryset(self) -> QuerySet[Favourite]:
        rows = Favourite.objects.visible_to(self.actor).select_related("listing__organization")
        return rows.only("user", "version", "created_at", *SHOWN)

    @extend_schema(
        request=FavouriteInput, responses={200: FavouriteSerializer, 201: FavouriteSerializer}
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep a listing as a favourite; it may be said twice."""
        given = self.given(FavouriteInput)
        favourite, is_new = actions.add_favourite(given["listing"], by=self.actor)
        answer = self.shown(favourite, 201 if is_new else 200)
        if is_new:
            answer["Location"] = f"{request.path}/{favourite.listing_id}"
        return answer

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, listing_id: UUID) -> Response:
        """Keep a listing as a favourite no longer."""
        actions.remove_favourite(listing_id, by=self.actor)
        return Response(status=204)


class AttentionView(ActorView):
    """How much a listing of the own organization is looked at."""

    scope = "searches"
    http_method_names = ["get", "head", "options"]

    @extend_schema(operation_id="listing_views", responses=Attention)
    def get(self, request: Request, listing_id: UUID) -> Response:
        """Show how often a listing was looked at, by day, and of how many it is a favourite."""
        rows = Listing.objects.visible_to(self.actor)
        listing = get_object_or_404(rows.only("organization"), pk=listing_id)
        if not self.actor.acts_for(listing.organization_id):
            raise Missing
        days = list(days_of(listing))
        found = {
            "views": sum(row.count for row in days),
            "favourites": listing.favourites.count(),
            "days": days,
        }
        return Response(Attention(found).data)


class ViewingView(ActorView):
    """
    The counting of views.

    Whoever shows a listing to a person says so here. It is not counted where a listing is read:
    that is done by programs too, changes nothing by its meaning, and may be answered from a cache.
    Kept is one number per listing and day: no person, no address, no cookie, and so nobody is
    counted as the same one again; who counts too often is slowed down like everybody who asks.
    """

    scope = "searches"
    permission_classes = [Everybody]
    http_method_names = ["post", "options"]
    without_key = frozenset({"post"})

    @extend_schema(operation_id="listing_view", request=None, responses={204: None})
    def post(self, request: Request, listing_id: UUID) -> Response:
        """Count that a person looks at a listing; its organization and officers are not counted."""
        rows = Listing.objects.visible_to(self.actor)
        listing = get_object_or_404(rows.only("organization", "state"), pk=listing_id)
        is_own = self.actor.acts_for(listing.organization_id)
        is_shown = listing.state is ListingState.PUBLISHED
        if is_shown and not is_own and not self.actor.has(*OFFICE_ROLES):
            Views.objects.count_one(listing.pk, day_of(timezone.now()))
        return Response(status=204)
