"""Figures over HTTP: who reads them, how they are narrowed, added up and taken home."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse

from apps.statistics import actions
from apps.statistics.models import Figure
from marketplace.actors import Actor
from marketplace.contracts import ContractType
from marketplace.statistics import DEFINITIONS
from tests.build import statistics as build
from tests.callers import Caller

pytestmark = pytest.mark.django_db

Call = Callable[[Actor], Caller]
ADDRESSES = ["/figures", "/figures/summary?by=month", "/figures/export"]

#: Six contracts: two within Xi'an, one from there to Xianyang, to Shenzhen, and two that come in.
ENTRIES: list[dict[str, Any]] = [
    {"effective_on": date(2025, 12, 31), "seller_region": "610113", "buyer_region": "610112"},
    {"effective_on": date(2026, 1, 1), "seller_region": "610113", "buyer_region": "610112"},
    {"effective_on": date(2026, 1, 31), "seller_region": "610100", "buyer_region": "610400"},
    {"effective_on": date(2026, 2, 1), "seller_region": "610113", "buyer_region": "440300"},
    {
        "effective_on": date(2026, 3, 31),
        "seller_region": "110108",
        "buyer_region": "610113",
        "contract_type": ContractType.SERVICE,
        "field": "02",
    },
    {
        "effective_on": date(2026, 4, 1),
        "seller_region": "610400",
        "buyer_region": "610113",
        "total_amount": Decimal("300000000.01"),
    },
]


@pytest.fixture
def figures(db: None) -> None:
    build.entries(ENTRIES)
    assert actions.fold(by=Actor.system("test")) == len(ENTRIES)


def body_of(answer: HttpResponse) -> Any:
    assert answer.status_code == 200, answer.content
    return json.loads(answer.getvalue())


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_office_reads_figures(
    address: str,
    figures: None,
    caller: Call,
    as_statistician: Actor,
    as_reviewer: Actor,
    as_administrator: Actor,
) -> None:
    for actor in (as_statistician, as_reviewer, as_administrator):
        answer = caller(actor).get(address)
        assert answer.status_code == 200
        answer.getvalue()


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_else_reads_figures(
    address: str,
    figures: None,
    caller: Call,
    as_researcher: Actor,
    as_manager: Actor,
    as_agent: Actor,
    as_broker: Actor,
    as_stranger: Actor,
    as_anonymous: Actor,
) -> None:
    for actor in (as_researcher, as_manager, as_agent, as_broker, as_stranger):
        answer = caller(actor).get(address)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_role")
        assert not Figure.objects.visible_to(actor).exists()
    answer = caller(as_anonymous).get(address)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_a_figure_names_its_cell_and_exact_sums(
    figures: None, caller: Call, as_statistician: Actor
) -> None:
    body = body_of(caller(as_statistician).get("/figures", month_from="2026-04"))
    (row,) = body["results"]
    figure = Figure.objects.get(month=date(2026, 4, 1))
    assert row.pop("updated_at")
    assert row == {
        "id": figure.pk,
        "month": "2026-04",
        "contract_type": "development",
        "field": "01",
        "seller_region": "610400",
        "buyer_region": "610113",
        "count": 1,
        "value": "300000000.01",
        "recognised_value": "800.00",
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 6),
        ({"year": "2026"}, 5),
        ({"year": "2025"}, 1),
        ({"month_from": "2026-01", "month_to": "2026-03"}, 4),
        ({"month_to": "2025-12"}, 1),
        ({"contract_type": "service"}, 1),
        ({"field": "02"}, 1),
        ({"field": "03"}, 0),
        ({"seller_region": "610000"}, 5),
        ({"seller_region": "610100"}, 4),
        ({"seller_region": "610113"}, 3),
        ({"buyer_region": "440000"}, 1),
        ({"seller_region": "610100", "buyer_region": "610100"}, 2),
        ({"seller_region": "610000", "buyer_region": "610000", "year": "2026"}, 3),
    ],
)
def test_figures_are_narrowed(
    query: dict[str, str], count: int, figures: None, caller: Call, as_statistician: Actor
) -> None:
    client = caller(as_statistician)
    listed = body_of(client.get("/figures", **query))["results"]
    exported = body_of(client.get("/figures/export", **query))
    summed = body_of(client.get("/figures/summary", by="field", **query))
    assert len(listed) == count
    assert sum(row["count"] for row in listed) == count
    assert exported["total"]["count"] == summed["total"]["count"] == count


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"year": "two"}, "year", "invalid"),
        ({"year": "2026.5"}, "year", "invalid"),
        ({"year": "0"}, "year", "min_value"),
        ({"year": "99999999999999999999"}, "year", "max_value"),
        ({"month_from": "2026-13"}, "month_from", "month"),
        ({"month_to": "2026-1"}, "month_to", "month"),
        ({"contract_type": "gift"}, "contract_type", "invalid_choice"),
        ({"seller_region": "61"}, "seller_region", "invalid"),
        ({"seller_region": "61%%%%"}, "seller_region", "invalid"),
        ({"buyer_region": "000000"}, "buyer_region", "invalid"),
        ({"field": "' OR 1=1"}, "field", "invalid"),
        ({"region": "610100"}, "region", "unknown_filter"),
    ],
)
def test_what_makes_no_sense_is_refused(
    query: dict[str, str], field: str, code: str, caller: Call, as_statistician: Actor
) -> None:
    client = caller(as_statistician)
    for address in ("/figures", "/figures/export", "/figures/summary"):
        by = {"by": "month"} if address.endswith("summary") else {}
        answer = client.get(address, **query, **by)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (f"/{field}", code)


@pytest.mark.parametrize(("by", "code"), [("", "required"), ("weather", "invalid_choice")])
def test_a_summary_is_by_something(
    by: str, code: str, caller: Call, as_statistician: Actor
) -> None:
    answer = caller(as_statistician).get("/figures/summary", **({"by": by} if by else {}))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code


def test_only_a_summary_is_by_something(caller: Call, as_statistician: Actor) -> None:
    assert caller(as_statistician).get("/figures", by="month").status_code == 400


def test_a_summary_adds_up(figures: None, caller: Call, as_statistician: Actor) -> None:
    body = body_of(caller(as_statistician).get("/figures/summary", by="contract_type", year="2026"))
    assert body["by"] == "contract_type"
    assert body["groups"] == [
        {
            "key": "development",
            "count": 4,
            "value": "300003000.01",
            "recognised_value": "3200.00",
            "value_in_hundred_million": "3.00",
            "recognised_value_in_hundred_million": "0.00",
        },
        {
            "key": "service",
            "count": 1,
            "value": "1000.00",
            "recognised_value": "800.00",
            "value_in_hundred_million": "0.00",
            "recognised_value_in_hundred_million": "0.00",
        },
    ]
    assert body["total"] == {
        "count": 5,
        "value": "300004000.01",
        "recognised_value": "4000.00",
        "value_in_hundred_million": "3.00",
        "recognised_value_in_hundred_million": "0.00",
    }


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("month", ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]),
        ("field", ["01", "02"]),
        ("seller_region", ["110108", "610100", "610113", "610400"]),
        ("buyer_region", ["440300", "610112", "610113", "610400"]),
    ],
)
def test_a_summary_is_by_any_dimension(
    by: str, keys: list[str], figures: None, caller: Call, as_statistician: Actor
) -> None:
    body = body_of(caller(as_statistician).get("/figures/summary", by=by))
    assert [group["key"] for group in body["groups"]] == keys
    assert sum(group["count"] for group in body["groups"]) == body["total"]["count"] == 6


def test_a_summary_of_nothing_is_zero(caller: Call, as_statistician: Actor) -> None:
    body = body_of(caller(as_statistician).get("/figures/summary", by="month"))
    assert body["groups"] == []
    assert body["total"]["value"] == "0.00"


def test_the_words_of_the_definition_stand_beside_the_figures(
    figures: None, caller: Call, as_statistician: Actor
) -> None:
    expected = [{"name": each.name, "text": each.text} for each in DEFINITIONS]
    client = caller(as_statistician)
    assert body_of(client.get("/figures/summary", by="month"))["definitions"] == expected
    assert body_of(client.get("/figures/export"))["definitions"] == expected


def test_figures_say_up_to_when_they_know_the_ledger(
    figures: None, caller: Call, as_statistician: Actor
) -> None:
    client = caller(as_statistician)
    body = body_of(client.get("/figures/summary", by="month"))
    assert body["waiting"] == 0
    oldest = build.entry()
    build.entry()
    body = body_of(client.get("/figures/summary", by="month"))
    assert body["waiting"] == 2
    assert body["as_of"][:19] == f"{oldest.recorded_at.astimezone():%Y-%m-%dT%H:%M:%S}"
    assert body["total"]["count"] == 6


def test_the_export_equals_the_sum(figures: None, caller: Call, as_statistician: Actor) -> None:
    answer = caller(as_statistician).get("/figures/export")
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="figures-')
    body = body_of(answer)
    assert len(body["rows"]) == 6
    assert body["total"]["count"] == sum(row["count"] for row in body["rows"]) == 6
    for name in ("value", "recognised_value"):
        assert Decimal(body["total"][name]) == sum(Decimal(row[name]) for row in body["rows"])
    assert body["total"]["value"] == "300005000.01"


def test_an_export_of_nothing_is_whole(caller: Call, as_statistician: Actor) -> None:
    body = body_of(caller(as_statistician).get("/figures/export"))
    assert (body["rows"], body["total"]["count"], body["total"]["value"]) == ([], 0, "0.00")


def test_figures_come_in_pages(figures: None, caller: Call, as_statistician: Actor) -> None:
    client = caller(as_statistician)
    seen: list[int] = []
    body = body_of(client.get("/figures", page_size="4"))
    seen += [row["id"] for row in body["results"]]
    query = body["next"].partition("?")[2]
    body = body_of(client.get(f"/figures?{query}"))
    seen += [row["id"] for row in body["results"]]
    assert body["next"] is None
    assert seen == list(Figure.objects.order_by("id").values_list("id", flat=True))


@pytest.mark.parametrize("address", ADDRESSES)
def test_figures_are_only_read(address: str, caller: Call, as_administrator: Actor) -> None:
    assert caller(as_administrator).post(address, {}).status_code == 405


def test_the_queries_do_not_grow_with_the_figures(
    figures: None,
    caller: Call,
    as_statistician: Actor,
    django_assert_num_queries: Any,
) -> None:
    client = caller(as_statistician)
    for address, count in zip(ADDRESSES, (2, 3, 3), strict=True):
        with django_assert_num_queries(count):
            client.get(address).getvalue()
