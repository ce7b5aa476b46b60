"""Addresses."""

from django.urls import path

from apps.matching.api.views import ListingMatchesView, MatchViewSet

urlpatterns = [
    path(
        "listings/<uuid:listing_id>/matches", ListingMatchesView.as_view(), name="listing-matches"
    ),
    path("matches/<uuid:pk>", MatchViewSet.as_view({"get": "retrieve"}), name="match-detail"),
]
