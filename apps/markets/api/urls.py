"""Addresses."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.markets.api.views import ListingViewSet, ProjectMarketViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("listings", ListingViewSet, "listing")

urlpatterns = [
    *router.urls,
    path(
        "projects/<uuid:project>/market",
        ProjectMarketViewSet.as_view({"get": "list"}),
        name="project-market",
    ),
]
