"""Addresses."""

from rest_framework.routers import SimpleRouter

from apps.retrieval.api.views import RunViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("retrieval-runs", RunViewSet, "retrieval-run")

urlpatterns = router.urls
