"""Addresses."""

from rest_framework.routers import SimpleRouter

from apps.markets.api.views import ListingViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("listings", ListingViewSet, "listing")

urlpatterns = router.urls
