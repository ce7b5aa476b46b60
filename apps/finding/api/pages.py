"""The page that every mail points at, where alerts are stopped without signing in (RFC 8058)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_noop, override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from apps.base.api.errors import answer, not_found
from apps.finding import actions
from apps.finding.models import SavedSearch
from marketplace.actors import Actor
from marketplace.errors import Missing


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(never_cache, name="dispatch")
class StopView(View):
    """
    One saved search, to be stopped by whoever holds its key; there is nothing else to be done here.

    Reading changes nothing, for programs that guard mailboxes follow every link in a mail.
    """

    http_method_names = ["get", "post", "head", "options"]

    def get(self, request: HttpRequest, stop_key: str) -> HttpResponse:
        """Show a button that stops the alerts."""
        search = SavedSearch.objects.filter(stop_key=stop_key).first()
        return self._page(request, search) if search else not_found(request)

    def post(self, request: HttpRequest, stop_key: str) -> HttpResponse:
        """Stop the alerts; it may be said twice."""
        if request.POST.get("List-Unsubscribe") != "One-Click":
            message = gettext_noop("Say List-Unsubscribe=One-Click to stop the alerts.")
            return answer(request, 400, "no_one_click", message)
        try:
            search = actions.stop_by_key(
                stop_key, by=Actor.anonymous(request.META.get("request_id", ""))
            )
        except Missing:
            return not_found(request)
        return self._page(request, search)

    def _page(self, request: HttpRequest, search: SavedSearch) -> HttpResponse:
        with override(search.language):
            page = render(request, "finding/stop.html", {"search": search})
        page["Content-Language"] = search.language
        page["X-Robots-Tag"] = "noindex"
        page["Referrer-Policy"] = "no-referrer"
        return page


urlpatterns = [path("stop/<str:stop_key>", StopView.as_view(), name="stop-alerts")]
