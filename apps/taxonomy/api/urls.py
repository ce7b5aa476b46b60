"""Addresses."""

from rest_framework.routers import SimpleRouter

from apps.taxonomy.api import views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("code-lists", views.EditionViewSet, basename="code-list")
router.register("codes", views.CodeViewSet, basename="code")
router.register("zones", views.ZoneViewSet, basename="zone")

urlpatterns = router.urls
