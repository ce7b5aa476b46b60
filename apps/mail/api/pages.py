"""The page that every mail points at, where its kind is stopped without signing in (RFC 8058)."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext_noop, override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from apps.base.api.errors import answer, not_found
from marketplace.actors import Actor
from marketplace.errors import Missing
from marketplace.mail import Language


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a stop page says; words that are still to be translated are so in its language."""

    language: Language
    title: str | Promise
    heading: str | Promise
    is_active: bool
    #: What it says while it goes on, and on its button, and when it is stopped.
    running: str | Promise
    button: str | Promise
    stopped: str | Promise


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(never_cache, name="dispatch")
class StopView(View):
    """
    One kind of mails, to be stopped by whoever holds its key; nothing else is done here.

    Reading changes nothing, for programs that guard mailboxes follow every link in a mail. A
    subclass says what is found under an address, and how it is stopped; both raise Missing where
    there is nothing.
    """

    http_method_names = ["get", "post", "head", "options"]

    def found(self, **address: str) -> Subscription:
        """Return what mails of this address tell of."""
        raise NotImplementedError

    def stop(self, by: Actor, **address: str) -> Subscription:
        """Stop them, and return what they told of; it may be said twice."""
        raise NotImplementedError

    def get(self, request: HttpRequest, **address: str) -> HttpResponse:
        """Show a button that stops the mails."""
        try:
            return _page(request, self.found(**address))
        except Missing:
            return not_found(request)

    def post(self, request: HttpRequest, **address: str) -> HttpResponse:
        """Stop the mails; it may be said twice."""
        if request.POST.get("List-Unsubscribe") != "One-Click":
            message = gettext_noop("Say List-Unsubscribe=One-Click to stop the alerts.")
            return answer(request, 400, "no_one_click", message)
        by = Actor.anonymous(request.META.get("request_id", ""))
        try:
            return _page(request, self.stop(by, **address))
        except Missing:
            return not_found(request)


def _page(request: HttpRequest, told: Subscription) -> HttpResponse:
    with override(told.language):
        page = render(request, "mail/stop.html", {"told": told})
    page["Content-Language"] = told.language
    page["X-Robots-Tag"] = "noindex"
    page["Referrer-Policy"] = "no-referrer"
    return page
