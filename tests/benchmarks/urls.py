"""The addresses of the market, and the peer."""

from django.db.models import QuerySet
from django.urls import path
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import DefaultContentNegotiation

from apps.markets.api.serializers import ListingTeaser
from apps.markets.models import Listing
from config.urls import handler404, handler500
from config.urls import urlpatterns as market

__all__ = ["handler404", "handler500", "urlpatterns"]


class BareListings(ListAPIView[Listing]):
    """The same page as a bare view: one query, nobody asked who they are, nothing counted."""

    serializer_class = ListingTeaser
    authentication_classes: list[type] = []
    permission_classes: list[type] = []
    throttle_classes: list[type] = []
    filter_backends: list[type] = []
    pagination_class = None
    content_negotiation_class = DefaultContentNegotiation

    def get_queryset(self) -> QuerySet[Listing]:
        return (
            Listing.objects.filter(state="published")
            .select_related("organization")
            .order_by("-id")[:50]
        )


urlpatterns = [path("bare/listings", BareListings.as_view()), *market]
