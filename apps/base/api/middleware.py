"""What happens to every request before any view sees it."""

import re
from collections.abc import Callable
from time import perf_counter
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_noop

from apps.base.api.errors import answer
from marketplace.documents import LARGEST

log = structlog.get_logger("request")

GetResponse = Callable[[HttpRequest], HttpResponse]

#: How many bytes of a body past the limit are read before it is refused.
PASSED_OVER = 8 * 1024 * 1024

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def _path(request: HttpRequest) -> str:
    """Return what was asked for, without a key that stands in the address itself."""
    match = request.resolver_match
    return f"/{match.route}" if match and "stop_key" in match.kwargs else request.path


def request_identity(get_response: GetResponse) -> GetResponse:
    """Give every request an id that its answer, its log lines and its journal entries carry."""

    def handle(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        request.META["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = perf_counter()
        try:
            response = get_response(request)
            response["X-Request-ID"] = request_id
            log.info(
                "answered",
                method=request.method,
                path=_path(request),
                status=response.status_code,
                milliseconds=round((perf_counter() - started) * 1000, 1),
            )
            return response
        finally:
            structlog.contextvars.clear_contextvars()

    return handle


def request_bounds(get_response: GetResponse) -> GetResponse:
    """
    Refuse what no view could make sense of.

    NUL bytes and broken UTF-8 in the address; a body in another charset, past the limit, or of a
    length that is not told beforehand.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path or "%00" in query or "\x00" in query or "\ufffd" in request.path:
            return answer(
                request, 400, "unreadable", gettext_noop("The address holds unreadable characters.")
            )
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            return answer(
                request, 415, "wrong_content_type", gettext_noop("The body must be in UTF-8.")
            )
        if "Transfer-Encoding" in request.headers:
            # A WSGI request ends where its length says; without one, the body would be passed over.
            return answer(
                request, 411, "length_required", gettext_noop("Send the body with its length.")
            )
        length = request.headers.get("Content-Length", "")
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length.isdigit() and int(length) > limit and _takes_file(request):
            limit += LARGEST
        if length.isdigit() and int(length) > limit:
            _pass_over(request)
            return answer(
                request,
                413,
                "too_large",
                gettext_noop("The body is larger than {limit} bytes."),
                limit=limit,
            )
        return get_response(request)

    return handle


def _takes_file(request: HttpRequest) -> bool:
    """Say whether the view at this address takes a file, and so reads the body as a stream."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    method = (request.method or "").lower()
    name = getattr(view, "actions", {method: method}).get(method)
    return name in getattr(getattr(view, "cls", None), "takes_file", ())


def _pass_over(request: HttpRequest) -> None:
    """Read what is sent, up to a bound: many clients hear no answer before they have sent it."""
    left = PASSED_OVER
    while left > 0 and (chunk := request.read(min(left, 64 * 1024))):
        left -= len(chunk)
