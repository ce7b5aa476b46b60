"""Addresses."""

from rest_framework.routers import SimpleRouter

from apps.pools.api.views import FundViewSet, ProjectViewSet, TalentViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("talents", TalentViewSet, "talent")
router.register("funds", FundViewSet, "fund")
router.register("projects", ProjectViewSet, "project")

urlpatterns = router.urls
