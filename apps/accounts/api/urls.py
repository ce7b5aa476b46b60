"""The addresses of people, organizations and keys."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.accounts.api import views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("organizations", views.OrganizationViewSet, "organization")
router.register("memberships", views.MembershipViewSet, "membership")
router.register("api-keys", views.ApiKeyViewSet, "api-key")

urlpatterns = [
    path("session", views.SessionView.as_view(), name="session"),
    path("people", views.PeopleView.as_view(), name="people"),
    *router.urls,
]
