"""A POST that is repeated acts once (IETF draft-ietf-httpapi-idempotency-key-header)."""

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import cast

from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.base.api.parsers import IncomingFile
from apps.base.models import StoredAnswer
from marketplace.actors import Actor
from marketplace.errors import Conflict, Invalid

#: How long an answer is remembered.
REMEMBERED = timedelta(hours=24)
#: Which headers belong to the answer.
HEADERS = ("ETag", "Location")


def once(
    act: Callable[[], Response], request: Request, *, actor: Actor, key: str, shows_secret: bool
) -> Response:
    """
    Run `act` in one transaction with the memory of its answer, or give the answer again.

    The key belongs to the caller, the method, the path and the body. While the first request runs,
    a second is refused with 409; the same key with another request is refused with 422. Only
    success is remembered.
    """
    caller = f"{actor.user}/{actor.organization}/{key}"
    digest = sha256(caller.encode()).digest()
    asked = sha256(
        f"{request.method} {request.get_full_path()} ".encode() + _body(request)
    ).digest()
    with transaction.atomic():
        if not _alone(digest):
            raise Conflict(
                "The same request is being worked on right now.", code="idempotency_in_flight"
            )
        stored = StoredAnswer.objects.filter(
            pk=digest, created_at__gt=timezone.now() - REMEMBERED
        ).first()
        if stored is not None:
            return _again(stored, asked)
        with transaction.atomic():
            response = act()
        StoredAnswer.objects.update_or_create(
            pk=digest,
            defaults={
                "request_hash": asked,
                "status": response.status_code,
                "headers": {name: response[name] for name in HEADERS if name in response},
                "body": None if shows_secret else JSONRenderer().render(response.data).decode(),
                "created_at": timezone.now(),
            },
        )
    return response


def _body(request: Request) -> bytes:
    """
    Return the body, or of a form what it says: the name and the hash of a file stand for its bytes.

    A form is read here, before any transaction begins, for a file may be long in coming.
    """
    if request.content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        return request._request.body
    form = cast(QueryDict, request.data)
    said = [
        [name, value.name, value.sha256] if isinstance(value, IncomingFile) else [name, value]
        for name, values in sorted(form.lists())
        for value in cast("list[object]", values)
    ]
    return json.dumps(said).encode()


def _again(stored: StoredAnswer, asked: bytes) -> Response:
    if bytes(stored.request_hash) != asked:
        raise Invalid(
            "This Idempotency-Key was used for another request.", code="idempotency_key_reused"
        )
    if stored.body is None:
        raise Conflict(
            "This was done, and its answer held a secret that is shown only once.",
            code="secret_already_shown",
        )
    data = json.loads(stored.body) if stored.body else None
    return Response(data, status=stored.status, headers=stored.headers)


def _alone(digest: bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)",
            [int.from_bytes(digest[:8], "big", signed=True)],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
