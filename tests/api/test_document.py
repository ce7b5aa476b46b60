"""The description of the API says what the API does."""

import re
from typing import Any

import pytest

from apps.contracts.api.views import ContractViewSet
from apps.deals.api.views import DealViewSet
from apps.markets.api.views import ListingViewSet
from apps.pools.api.views import PoolViewSet
from marketplace import listings, pools
from marketplace.contracts import CONTRACT


@pytest.fixture
def document(client: Any, db: None) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/api/schema").json()
    return answer


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def body_of(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return str(content.get("application/json", {}).get("schema", {}).get("$ref", ""))


def test_it_is_of_version_3_1_and_every_reference_leads_somewhere(document):
    assert document["openapi"].startswith("3.1.")
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
        found = document
        for name in reference.split("/"):
            found = found[name]
    assert "'nullable'" not in str(document)


def test_every_move_says_what_it_takes(document):
    views = {
        "contracts": ContractViewSet,
        "deals": DealViewSet,
        "listings": ListingViewSet,
        "projects": PoolViewSet,
        "talents": PoolViewSet,
        "funds": PoolViewSet,
    }
    bodies = {
        path.removeprefix("/api/v1/"): body_of(operation)
        for path, method, operation in operations(document)
        if method == "post"
    }
    for collection, view in views.items():
        for each in view.get_extra_actions():
            if "post" in each.mapping and each.detail:
                body = bodies[f"{collection}/{{id}}/{each.__name__}"]
                assert "Teaser" not in body, each.__name__
    assert bodies["contracts/{id}/review"].endswith("/ReviewInputRequest")
    assert bodies["deals/{id}/propose_price"].endswith("/PriceInputRequest")
    assert bodies["listings/{id}/refuse"].endswith("/ReasonInputRequest")
    assert bodies["listings/{id}/pause"] == bodies["deals/{id}/agree"] == ""


def test_every_answer_describes_its_headers(document):
    headers = {
        (path, method, status): set(answer.get("headers", {}))
        for path, method, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    }
    assert all("X-Request-ID" in found for found in headers.values())
    one = "/api/v1/listings/{id}"
    assert "ETag" in headers[one, "get", "200"]
    assert "ETag" in headers[one, "patch", "200"]
    assert "ETag" in headers[f"{one}/submit", "post", "200"]
    assert {"ETag", "Location"} <= headers["/api/v1/listings", "post", "201"]
    assert "ETag" not in headers["/api/v1/listings", "get", "200"]
    problems = document["components"]["responses"]
    assert "Retry-After" in problems["Problem429"]["headers"]
    assert "WWW-Authenticate" in problems["Problem401"]["headers"]
    assert all(set(each["content"]) == {"application/problem+json"} for each in problems.values())


def test_every_operation_names_its_problems(document):
    for path, _method, operation in operations(document):
        assert {"400", "401", "403", "404", "411", "413", "415", "429"} <= set(
            operation["responses"]
        ), path


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("ListingFull", listings.MOVES),
        ("Contract", CONTRACT.moves),
        ("ProjectFull", pools.MOVES),
    ],
)
def test_moves_are_named(document, name, moves):
    items = document["components"]["schemas"][name]["properties"]["moves"]["items"]
    assert {each["const"] for each in items["oneOf"]} == set(moves)


def test_what_is_seen_in_full_may_also_be_seen_as_a_teaser(document):
    for name in ("Listing", "Project", "Talent", "Fund"):
        assert set(document["components"]["schemas"][name]) == {"anyOf"}
