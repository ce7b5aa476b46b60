"""Addresses."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.notifications.api.views import NoticePreferencesView, NoticeViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("notices", NoticeViewSet, "notice")
urlpatterns = [
    *router.urls,
    path("notice-preferences", NoticePreferencesView.as_view(), name="notice-preferences"),
]
