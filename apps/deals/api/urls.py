"""Addresses."""

from rest_framework.routers import SimpleRouter

from apps.deals.api.views import DealViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("deals", DealViewSet, "deal")
urlpatterns = router.urls
