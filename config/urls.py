"""The addresses of the market."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from config import health

#: Every floor that speaks HTTP, from the bottom up.
FLOORS = [
    "accounts",
    "taxonomy",
    "journal",
    "pools",
    "markets",
    "finding",
    "exchange",
    "retrieval",
    "matching",
    "deals",
    "contracts",
    "statistics",
    "notifications",
]

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs")),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("api/schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("console/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
    path("alerts/", include("apps.finding.api.pages")),
    path("notices/", include("apps.notifications.api.pages")),
    *[
        path("api/v1/", include(f"apps.{floor}.api.urls"))
        for floor in FLOORS
        if find_spec(f"apps.{floor}.api") and find_spec(f"apps.{floor}.api.urls")
    ],
]

handler400 = "apps.base.api.errors.bad_request"
handler403 = "apps.base.api.errors.refused"
handler404 = "apps.base.api.errors.not_found"
handler500 = "apps.base.api.errors.server_error"
