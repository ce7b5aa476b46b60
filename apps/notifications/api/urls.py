"""Addresses."""

from rest_framework.routers import SimpleRouter

from apps.notifications.api.views import NoticeViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("notices", NoticeViewSet, "notice")
urlpatterns = router.urls
