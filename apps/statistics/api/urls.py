"""The addresses of the figures."""

from rest_framework.routers import SimpleRouter

from apps.statistics.api.views import FigureViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("figures", FigureViewSet, basename="figure")

urlpatterns = router.urls
