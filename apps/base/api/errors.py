"""Turn what went wrong into problem details (RFC 9457), in the reader's language."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import UniqueConstraint
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext, gettext_noop
from rest_framework import exceptions
from rest_framework.response import Response

from apps.base.fields import said
from marketplace.errors import Conflict, Invalid, MarketError, Missing, Refused, Stale, Unsafe
from marketplace.vocabulary import Term

CONTENT_TYPE = "application/problem+json"

STATUS: dict[type[MarketError], int] = {
    Missing: 404,
    Refused: 403,
    Conflict: 409,
    Stale: 412,
    Invalid: 422,
    Unsafe: 428,
}

#: What a reader is told where the framework, not the market, refuses: status → code and words.
REFUSALS = {
    400: ("unreadable", gettext_noop("The request cannot be read.")),
    401: ("not_signed_in", gettext_noop("Sign in first, or send a valid API key.")),
    403: ("refused", gettext_noop("You may not do this.")),
    404: ("not_found", gettext_noop("There is nothing here that you may see.")),
    405: ("wrong_method", gettext_noop("This address does not know the method {method}.")),
    406: ("not_acceptable", gettext_noop("The answer does not come in that form.")),
    413: ("too_large", gettext_noop("The body is too large.")),
    415: ("wrong_content_type", gettext_noop("The body must be application/json.")),
    429: ("too_many_requests", gettext_noop("Too many requests. Try again after {seconds} s.")),
    500: (
        "internal",
        gettext_noop("Something went wrong on our side. The request id helps us find it."),
    ),
}


def problem(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception raised in a view; None leaves it to be a 500."""
    request = context["request"]
    if isinstance(exc, IntegrityError):
        exc = _conflict(exc) or exc
    if isinstance(exc, MarketError):
        body = details(request, STATUS[_kind(exc)], exc.code, words(exc), **_plain(exc.facts))
        causes = exc.causes or ([exc] if exc.field else [])
        if causes:
            body["errors"] = [
                {"pointer": _pointer(c.field), "code": c.code, "detail": words(c)} for c in causes
            ]
        return Response(body, status=body["status"], content_type=CONTENT_TYPE)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.ValidationError):
        body = details(
            request, 400, "invalid_input", gettext("Some of what you gave cannot be read.")
        )
        body["errors"] = list(_faults(exc.detail))
        return Response(body, status=400, content_type=CONTENT_TYPE)
    if isinstance(exc, exceptions.APIException):
        return _refusal(request, exc)
    return None


def answer(
    request: HttpRequest, status: int, code: str, message: str, **facts: object
) -> HttpResponse:
    """
    Return problem details outside of any view; `message` is the key of its translation.

    A person at a page of the console reads a page that says the same.
    """
    body = details(request, status, code, gettext(message).format(**facts), **facts)
    if not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", ""):
        return HttpResponse(render_to_string("problem.html", body), status=status)
    return JsonResponse(
        body,
        status=status,
        content_type=CONTENT_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what is suspicious before any view sees it, such as a host that is not ours."""
    return answer(request, 400, *REFUSALS[400])


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer who has not the right role for a page."""
    return answer(request, 403, *REFUSALS[403])


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer for an address there is not."""
    return answer(request, 404, *REFUSALS[404])


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a bug; the details are in the log, under the request id."""
    return answer(request, 500, *REFUSALS[500])


def details(request: Any, status: int, code: str, title: str, **facts: object) -> dict[str, Any]:
    """Return the members of a problem; `facts` extend them (RFC 9457, section 3.2)."""
    return {
        **facts,
        "type": f"urn:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "request_id": request.META.get("request_id", ""),
    }


def words(exc: MarketError) -> str:
    """Say what is wrong in the reader's language."""
    return gettext(exc.message).format(**{k: _word(k, v) for k, v in exc.facts.items()})


def _refusal(request: Any, exc: exceptions.APIException) -> Response:
    status = exc.status_code
    facts: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(exc, exceptions.Throttled):
        facts["seconds"] = int(getattr(exc, "wait", None) or 0) + 1
        headers["Retry-After"] = str(facts["seconds"])
    if isinstance(exc, exceptions.MethodNotAllowed):
        facts["method"] = request.method
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    code, message = REFUSALS.get(status, ("refused", HTTPStatus(status).phrase))
    title = gettext(message).format(**facts)
    own = getattr(exc.detail, "code", exc.default_code)
    if status == 400 or (status == 415 and own != exc.default_code):
        title = str(exc.detail)
        code = code if own == exc.default_code else own
    body = details(request, status, code, title, **facts)
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def _faults(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Walk the nested errors of a serializer."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = pointer if name == "non_field_errors" else f"{pointer}/{name}"
            yield from _faults(inner, here)
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            # A list of dictionaries goes by the rows of the input, a list of texts does not.
            here = f"{pointer}/{place}" if isinstance(inner, dict) else pointer
            yield from _faults(inner, here)
    else:
        code = getattr(detail, "code", "invalid")
        yield {"pointer": pointer, "code": code, "detail": str(detail)}


def _kind(exc: MarketError) -> type[MarketError]:
    return next(kind for kind in STATUS if isinstance(exc, kind))


def _word(name: str, value: object) -> object:
    if isinstance(value, Term):
        return said(value)
    if name == "move" and isinstance(value, str):
        return gettext(value.replace("_", " ").capitalize())
    return value


def _plain(facts: dict[str, object]) -> dict[str, Any]:
    return {k: v.value if isinstance(v, Term) else v for k, v in facts.items()}


def _pointer(field: str) -> str:
    return "/" + field.replace(".", "/") if field else ""


def _conflict(exc: IntegrityError) -> Conflict | None:
    """
    Return what a racing client is told of a broken constraint, or None where it is a bug.

    A constraint that clients can reach says so by having words of its own (violation_error_code).
    """
    diagnosis = getattr(exc.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name and isinstance(constraint, UniqueConstraint):
                code = constraint.violation_error_code
                if code and code != "unique":
                    return Conflict(str(constraint.violation_error_message), code=code)
    return None
