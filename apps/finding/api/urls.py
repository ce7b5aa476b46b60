"""Addresses."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.finding.api.views import (
    AlertViewSet,
    AttentionView,
    FavouriteViewSet,
    SavedSearchViewSet,
    ViewingView,
)

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("saved-searches", SavedSearchViewSet, "saved-search")
router.register("alerts", AlertViewSet, "alert")

urlpatterns = [
    *router.urls,
    path(
        "favourites",
        FavouriteViewSet.as_view({"get": "list", "post": "create"}),
        name="favourites",
    ),
    path(
        "favourites/<uuid:listing_id>",
        FavouriteViewSet.as_view({"delete": "destroy"}),
        name="favourite",
    ),
    path("listings/<uuid:listing_id>/view", ViewingView.as_view(), name="listing-view"),
    path("listings/<uuid:listing_id>/views", AttentionView.as_view(), name="listing-views"),
]
