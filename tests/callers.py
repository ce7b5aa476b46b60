"""A program that talks to the market over HTTP with a real API key."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from apps.accounts import actions
from marketplace.actors import SCOPES, Actor


class Caller:
    """Sends JSON, with an Idempotency-Key on every POST and If-Match where an ETag is given."""

    def __init__(self, actor: Actor, language: str = "en") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Accept-Language": language}
        if actor.user is not None:
            _key, secret = actions.create_key(
                name="test",
                scopes=SCOPES,
                expires_at=timezone.now() + timedelta(days=1),
                by=actor,
            )
            self.headers["Authorization"] = f"Bearer {secret}"

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.client.get(f"/api/v1{path}", query or None, headers=self.headers)

    def post(
        self, path: str, body: Any = None, *, etag: str = "", key: str = "", **headers: str
    ) -> HttpResponse:
        headers = {**self.headers, "Idempotency-Key": key or uuid4().hex, **headers}
        return self._send("POST", path, body, etag, headers)

    def patch(self, path: str, body: Any, *, etag: str = "") -> HttpResponse:
        return self._send("PATCH", path, body, etag, dict(self.headers))

    def put(self, path: str, body: Any, *, etag: str = "") -> HttpResponse:
        return self._send("PUT", path, body, etag, dict(self.headers))

    def delete(self, path: str, *, etag: str = "") -> HttpResponse:
        return self._send("DELETE", path, None, etag, dict(self.headers))

    def _send(
        self, method: str, path: str, body: Any, etag: str, headers: dict[str, str]
    ) -> HttpResponse:
        if etag:
            headers["If-Match"] = etag
        return self.client.generic(
            method,
            f"/api/v1{path}",
            self.client._encode_json({} if body is None else body, "application/json"),
            content_type="application/json",
            headers=headers,
        )


def read_out(answer: HttpResponse) -> bytes:
    """Return the whole of an answer, whose file is closed by that; of a stream there is one go."""
    return b"".join(answer) if answer.streaming else answer.content
