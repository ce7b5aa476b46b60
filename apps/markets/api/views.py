"""The three markets over HTTP."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from apps.accounts.api.authentication import Everybody, SignedIn
from apps.base.api.views import RecordViewSet, move
from apps.markets import actions
from apps.markets.api.filters import ListingFilter
from apps.markets.api.serializers import (
    ListingChange,
    ListingFull,
    ListingInput,
    ListingPublication,
    ListingReason,
    ListingTeaser,
)
from apps.markets.models import Listing
from marketplace.listings import shows_confidential

ONE = PolymorphicProxySerializer(
    component_name="Listing",
    serializers=[ListingFull, ListingTeaser],
    resource_type_field_name=None,
)


class ListingViewSet(RecordViewSet[Listing]):
    """
    Listings.

    Everybody reads what is published. A list shows teasers; a single listing shows its confidential
    part too, but only to its own organization and to reviewers.
    """

    records = Listing.objects.all()
    scope = "listings"
    serializer_class = ListingTeaser
    filterset_class = ListingFilter
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_permissions(self) -> list[BasePermission]:
        return [Everybody() if self.request.method in SAFE_METHODS else SignedIn()]

    def get_queryset(self) -> QuerySet[Listing]:
        rows = self.records.all().select_related("organization")
        if not self.detail:
            rows = rows.defer("confidential", "review_note")
        return rows.visible_to(self.actor)

    def get_serializer(self, *args: Any, **options: Any) -> BaseSerializer[Listing]:
        row = args[0] if args else None
        if isinstance(row, Listing) and shows_confidential(self.actor, row.organization_id):
            return ListingFull(*args, **options)
        return super().get_serializer(*args, **options)

    @extend_schema(responses=ONE)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show one listing."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(request=ListingInput, responses={201: ListingFull})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a listing of the own organization."""
        terms = self.given(ListingInput)
        place = {"market": terms.pop("market"), "side": terms.pop("side")}
        return self.shown(actions.draft(terms, **place, by=self.actor), 201)

    @extend_schema(request=ListingChange, responses=ListingFull)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write other words into a draft, or into a listing that was sent back."""
        listing = self.get_object()
        terms = self.given(ListingChange, partial=True)
        expected = self.expected(listing)
        return self.shown(actions.change(listing, terms, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move()
    def submit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for a listing to be published."""
        listing = self.get_object()
        expected = self.expected(listing)
        return self.shown(actions.submit(listing, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move(takes=ListingPublication)
    def publish(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put a submitted listing on the market, as a reviewer."""
        listing = self.get_object()
        given = self.given(ListingPublication)
        expected = self.expected(listing)
        return self.shown(actions.publish(listing, **given, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move(takes=ListingReason)
    def send_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give a listing back to be put right, as a reviewer."""
        listing = self.get_object()
        given = self.given(ListingReason)
        expected = self.expected(listing)
        return self.shown(actions.send_back(listing, **given, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move(takes=ListingReason)
    def refuse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep a listing off the market, as a reviewer."""
        listing = self.get_object()
        given = self.given(ListingReason)
        expected = self.expected(listing)
        return self.shown(actions.refuse(listing, **given, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move()
    def pause(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a listing out of sight for a while."""
        listing = self.get_object()
        expected = self.expected(listing)
        return self.shown(actions.pause(listing, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move()
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show a paused listing again."""
        listing = self.get_object()
        expected = self.expected(listing)
        return self.shown(actions.resume(listing, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move()
    def withdraw(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a listing off the market for good."""
        listing = self.get_object()
        expected = self.expected(listing)
        return self.shown(actions.withdraw(listing, by=self.actor, expected=expected))

    @extend_schema(responses=ONE)
    @move()
    def conclude(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End a listing that has found what it sought."""
        listing = self.get_object()
        expected = self.expected(listing)
        return self.shown(actions.conclude(listing, by=self.actor, expected=expected))
