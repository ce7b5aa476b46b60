"""What cannot be meant is refused in words, and changes nothing."""

import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core import signals
from django.db import close_old_connections

from apps.journal.models import Entry
from apps.markets.models import Listing
from apps.pools.models import Project
from config.wsgi import application
from tests.build import markets as build_markets
from tests.callers import Caller

PROJECT = {"title": "一", "summary": "二", "region": "610100", "is_service_invention": True}


def send(program: Caller, content: bytes, path: str = "/projects", **extra: Any) -> Any:
    """POST bytes as they are."""
    return program.client.generic(
        "POST",
        f"/api/v1{path}",
        content,
        content_type=extra.pop("content_type", "application/json"),
        headers={**program.headers, "Idempotency-Key": uuid4().hex},
        **extra,
    )


def assert_refused(answer: Any, status: int, code: str) -> None:
    """Check that an answer is a problem in words of its reader."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert answer.json()["title"]


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Let the application run in this test's transaction."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize(
    "content",
    [
        b'{"title": "a", "title": "b"}',
        b'{"title": {"x": 1, "x": 1}}',
        b'{"title": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"title": ["\\ud800"]}',
        b'{"title": -Infinity}',
        b'{"title": ' + b"1" * 5000 + b"}",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"\xef\xbb\xbf{}",
        '{"title": "é"}'.encode("latin-1"),
        b"{} {}",
    ],
    ids=lambda content: repr(content[:24]),
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_body_that_is_no_json_of_ours_is_refused_in_words(as_researcher, content, language):
    answer = send(Caller(as_researcher, language), content)
    assert_refused(answer, 400, "unreadable")
    assert any("一" <= c <= "鿿" for c in answer.json()["title"]) == (language == "zh")
    assert not Project.objects.exists()


def test_a_backslash_before_u0000_is_a_text_like_any_other(caller, as_researcher):
    answer = caller(as_researcher).post("/projects", {**PROJECT, "title": "C:\\u0000"})
    assert (answer.status_code, answer.json()["title"]) == (201, "C:\\u0000")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", 5),
        ("title", True),
        ("title", ["一"]),
        ("region", 610100),
        ("is_service_invention", "true"),
        ("is_service_invention", 1),
        ("readiness", "5"),
        ("readiness", 5.0),
        ("readiness", True),
    ],
)
def test_a_value_of_another_json_type_is_refused(caller, as_researcher, name, value):
    answer = caller(as_researcher).post("/projects", {**PROJECT, name: value})
    assert_refused(answer, 400, "invalid_input")
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        (f"/{name}", "wrong_type")
    ]
    assert not Project.objects.exists()


@pytest.mark.parametrize("price", [1, 1.5, "1e5", "NaN", "Infinity", "-1", "0.001", "1,0", "", {}])
def test_an_amount_is_an_exact_decimal_text(caller, as_agent, price):
    need = {"market": "technology", "side": "need", "title": "一", "body": "二"}
    answer = caller(as_agent).post(
        "/listings", {**need, "region": "610100", "price_from": price, "keywords": ["三"]}
    )
    if price == "1e5":
        assert answer.json()["price_from"] == "100000.00"
    else:
        assert_refused(answer, 400, "invalid_input")
        assert not Listing.objects.exists()


def test_a_text_within_a_list_must_be_a_text_too(caller, as_agent):
    need = {"market": "technology", "side": "need", "title": "一", "body": "二", "region": "610100"}
    answer = caller(as_agent).post("/listings", {**need, "keywords": ["三", 4]})
    assert answer.json()["errors"][0]["code"] == "wrong_type"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_time_zone_holds_is_refused(caller, as_researcher, day):
    wish = {"name": "k", "scopes": ["pools:read"], "expires_at": day}
    answer = caller(as_researcher).post("/api-keys", wish)
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("charset", ["zlib", "utf-16", "gbk", "undefined"])
@pytest.mark.usefixtures("_one_connection")
def test_a_body_in_another_charset_is_refused(as_researcher, charset):
    # Not by Django's client, whose requests do not come as a server hands them over.
    begun: list[Any] = []
    content = b"{}"
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/v1/projects",
        "QUERY_STRING": "state=draft",
        "CONTENT_TYPE": f"application/json; charset={charset}",
        "CONTENT_LENGTH": str(len(content)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(content),
        "wsgi.url_scheme": "http",
    }
    answer = application(environ, lambda status, headers: begun.append((status, dict(headers))))
    assert begun[0][0].startswith("415 ")
    assert begun[0][1]["Content-Type"] == "application/problem+json"
    assert json.loads(b"".join(answer))["code"] == "wrong_content_type"


def test_a_body_whose_length_is_not_told_is_refused(caller, as_researcher):
    answer = send(caller(as_researcher), b"", HTTP_TRANSFER_ENCODING="chunked")
    assert_refused(answer, 411, "length_required")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("/contracts?awaits_me=banana", "invalid"),
        ("/contracts?signed_from=01/02/2026", "invalid"),
        ("/notices?unread=1", "invalid"),
        ("/projects?state=draft&state=admitted", "unclear_filter"),
        ("/projects?page_size=5&page_size=6", "unclear_filter"),
        ("/projects?organization=", "unclear_filter"),
    ],
)
def test_a_filter_that_says_nothing_clear_is_refused(caller, as_researcher, query, code):
    answer = caller(as_researcher).get(query)
    assert_refused(answer, 400, "invalid_input")
    assert answer.json()["errors"][0]["code"] == code


@pytest.mark.parametrize("query", ["/contracts?awaits_me=true", "/notices?unread=false"])
def test_true_and_false_are_understood(caller, as_researcher, query):
    assert caller(as_researcher).get(query).status_code == 200


@pytest.mark.parametrize("content", [b".", b"[]", b'{"title": "x"}', b'{"a": 1, "a": 2}'])
def test_a_move_that_takes_nothing_refuses_what_it_is_given(as_researcher, as_reviewer, content):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer)
    program = Caller(as_researcher)
    program.headers["If-Match"] = f'"{listing.pk}.{listing.version}"'
    entries = Entry.objects.count()
    answer = send(program, content, f"/listings/{listing.pk}/pause")
    assert answer.status_code == 400, answer.content
    assert Entry.objects.count() == entries
    assert send(program, b"", f"/listings/{listing.pk}/pause").status_code == 200


def test_of_several_tags_one_must_be_the_current_version(caller, as_researcher, as_reviewer):
    listing = build_markets.need(by=as_researcher, reviewer=as_reviewer)
    program, path = caller(as_researcher), f"/listings/{listing.pk}/pause"
    tag = f'"{listing.pk}.{listing.version}"'
    for wrong in (f"W/{tag}", tag.strip('"'), f'"{listing.pk}.1"', f'"{uuid4()}.1"', '"x", W/"y"'):
        assert program.post(path, etag=wrong).status_code == 412, wrong
    for none in ("*", " "):
        assert program.post(path, etag=none).status_code == 428
    assert program.post(path, etag=f'"x", {tag}').status_code == 200
