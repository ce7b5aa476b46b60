"""Code lists over HTTP."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import ApiKey
from apps.taxonomy.models import Code, Edition, Zone
from marketplace.actors import Actor
from marketplace.taxonomy import Subject
from tests.callers import Caller

pytestmark = pytest.mark.django_db

CallerOf = Callable[[Actor], Caller]


@pytest.fixture
def passer_by(caller: CallerOf, as_anonymous: Actor) -> Caller:
    return caller(as_anonymous)


def _codes(caller: Caller, **query: Any) -> list[str]:
    answer = caller.get("/codes", **query)
    assert answer.status_code == 200, answer.json()
    return [row["code"] for row in answer.json()["results"]]


def test_a_passer_by_reads_which_lists_there_are(passer_by: Caller) -> None:
    answer = passer_by.get("/code-lists")
    assert answer.status_code == 200
    lists = {row["key"]: row for row in answer.json()["results"]}
    assert lists.keys() == set(Edition.objects.values_list("key", flat=True))
    assert {row["subject"] for row in lists.values()} == set(Subject.values())
    regions = lists["gbt2260-2015"]
    assert (regions["codes"], regions["is_partial"], regions["certainty"]) == (118, True, "memory")
    assert (regions["valid_from"], regions["valid_until"]) == ("2016-01-01", "2016-11-24")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({"subject": "region", "on": "2016-11-23"}, ["gbt2260-2015"]),
        ({"subject": "region", "on": "2016-11-24"}, ["gbt2260-2024"]),
        ({"subject": "region", "on": "1949-10-01"}, []),
    ],
)
def test_the_lists_of_a_day(passer_by: Caller, query: dict[str, str], keys: list[str]) -> None:
    rows = passer_by.get("/code-lists", **query).json()["results"]
    assert [row["key"] for row in rows] == keys


def test_a_code_in_a_list_says_all_of_itself(passer_by: Caller) -> None:
    rows = passer_by.get("/codes", subject="region", on="2026-01-01", search="6101").json()
    assert rows["results"][0] == {
        "key": "gbt2260-2024:610100",
        "code": "610100",
        "edition": "gbt2260-2024",
        "subject": "region",
        "name_zh": "西安市",
        "name_en": "Xi'an",
        "level": 2,
        "parent": "610000",
        "certainty": "found",
    }


def test_the_tree_is_walked_down(passer_by: Caller) -> None:
    region: dict[str, Any] = {"subject": "region", "on": "2026-01-01"}
    assert len(_codes(passer_by, **region, level=1)) == 34
    cities = _codes(passer_by, **region, parent="610000")
    assert (len(cities), cities[0], cities[-1]) == (10, "610100", "611000")
    branch = _codes(passer_by, **region, under="610100")
    assert (len(branch), branch[0], branch[-1]) == (14, "610100", "610124")
    assert _codes(passer_by, **region, under="610100", level=1) == []
    assert _codes(passer_by, **region, under="999999") == []


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"subject": "region", "under": "610000", "search": "西安"}, ["610100"]),
        ({"subject": "region", "search": "xi'an"}, ["610100"]),
        ({"subject": "region", "search": "61011", "page_size": 2}, ["610111", "610112"]),
        ({"subject": "patent_class", "search": "h01m"}, ["H01M"]),
        ({"subject": "technology_field", "search": "agri"}, ["09"]),
        ({"subject": "region", "search": "%"}, []),
        ({"subject": "region", "search": "_"}, []),
        ({"subject": "region", "search": "610100' OR 1=1"}, []),
    ],
)
def test_codes_are_found_by_their_beginning_or_a_piece_of_a_name(
    passer_by: Caller, query: dict[str, str], codes: list[str]
) -> None:
    assert _codes(passer_by, **query) == codes


def test_the_day_and_the_edition_say_which_codes_are_meant(passer_by: Caller) -> None:
    county: dict[str, Any] = {"subject": "region", "search": "户县"}
    assert _codes(passer_by, **county) == []
    assert _codes(passer_by, **county, on="2016-05-01") == ["610125"]
    assert _codes(passer_by, **county, edition="gbt2260-2015") == ["610125"]
    assert _codes(passer_by, edition="gbt2260-2024", on="2016-05-01") == []


def test_the_pages_show_every_code_once(passer_by: Caller) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"subject": "patent_class", "page_size": 200}
    while True:
        page = passer_by.get("/codes", **query).json()
        seen += [row["key"] for row in page["results"]]
        if page["next"] is None:
            break
        query = dict(parse_qsl(urlsplit(page["next"]).query))
    assert len(seen) == 791
    assert seen == sorted(set(seen))


def test_a_page_of_codes_takes_one_query(
    passer_by: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert len(_codes(passer_by, subject="region")) == 50


def test_a_single_code_stands_in_its_tree(
    passer_by: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(5):
        answer = passer_by.get("/codes/gbt2260-2024:610100")
    city = answer.json()
    assert answer["ETag"] == '"gbt2260-2024:610100.1"'
    assert [above["name_en"] for above in city["ancestors"]] == ["Shaanxi"]
    assert len(city["children"]) == 13
    assert city["children"][0] == {
        "key": "gbt2260-2024:610102",
        "code": "610102",
        "name_zh": "新城区",
        "name_en": "Xincheng",
        "level": 3,
    }
    assert [(c["key"], c["relation"]) for c in city["came_from"]] == [
        ("form-regions:6101", "same"),
        ("gbt2260-2015:610100", "same"),
    ]


def test_a_code_says_what_it_became_and_what_it_came_from(passer_by: Caller) -> None:
    county = passer_by.get("/codes/gbt2260-2015:610125").json()
    assert county["became"] == [
        {
            "key": "gbt2260-2024:610118",
            "code": "610118",
            "edition": "gbt2260-2024",
            "name_zh": "鄠邑区",
            "name_en": "Huyi",
            "relation": "renamed",
            "changed_on": "2016-11-24",
            "certainty": "memory",
        }
    ]
    district = passer_by.get("/codes/gbt2260-2024:610118").json()
    assert [c["key"] for c in district["came_from"]] == ["gbt2260-2015:610125"]
    assert district["became"] == []


def test_zones_are_those_of_the_day(passer_by: Caller) -> None:
    def keys(**query: str) -> set[str]:
        return {row["key"] for row in passer_by.get("/zones", **query).json()["results"]}

    assert keys() == set(Zone.objects.values_list("key", flat=True))
    assert "xixian" not in keys(on="2014-01-05")
    assert {"xixian", "xixian-fengdong"} <= keys(on="2014-01-06")
    assert keys(parent="xian-port") == {"xian-bonded"}
    assert keys(kind="new_area", region="610000") == {"xixian", "xian-chanba"}
    assert keys(kind="new_area", region="610100") == {"xian-chanba"}


def test_a_zone_names_the_region_that_holds_it(passer_by: Caller) -> None:
    zone = passer_by.get("/zones", on="2026-01-01", kind="new_area").json()["results"][1]
    assert (zone["name_zh"], zone["region"], zone["parent"]) == ("西咸新区", "610000", None)
    assert (zone["valid_from"], zone["certainty"]) == ("2014-01-06", "memory")


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("/codes", {"subject": "regions"}, "/subject"),
        ("/codes", {"on": "2026-13-01"}, "/on"),
        ("/codes", {"on": "2026年1月1日"}, "/on"),
        ("/codes", {"on": "01/02/2026"}, "/on"),
        ("/codes", {"level": "top"}, "/level"),
        ("/codes", {"level": "1.5"}, "/level"),
        ("/codes", {"level": "0"}, "/level"),
        ("/codes", {"level": "9" * 40}, "/level"),
        ("/codes", {"search": "西" * 81}, "/search"),
        ("/codes", {"parent": "6" * 41}, "/parent"),
        ("/codes", {"cursor": "none of ours"}, "/cursor"),
        ("/codes", {"page_size": "201"}, "/page_size"),
        ("/codes", {"province": "610000"}, "/province"),
        ("/code-lists", {"subject": ""}, "/subject"),
        ("/code-lists", {"subject": "x"}, "/subject"),
        ("/code-lists", {"on": "today"}, "/on"),
        ("/zones", {"on": "-1"}, "/on"),
        ("/zones", {"kind": "castle"}, "/kind"),
        ("/zones", {"level": "1"}, "/level"),
    ],
)
def test_a_word_that_cannot_be_read_is_blamed(
    passer_by: Caller, path: str, query: dict[str, str], pointer: str
) -> None:
    answer = passer_by.get(path, **query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_cursor_with_a_nul_is_no_cursor(passer_by: Caller) -> None:
    cursor = base64.b64encode(urlencode({"p": "\x00"}).encode()).decode()
    answer = passer_by.get("/codes", cursor=cursor)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/cursor"


@pytest.mark.parametrize(
    "key", ["gbt2260-2024:999999", "610100", "gbt2260-2024:", "a" * 3000, "西安", "%00"]
)
def test_there_is_no_answer_for_a_code_there_is_not(passer_by: Caller, key: str) -> None:
    assert passer_by.get(f"/codes/{key}").status_code in (400, 404)


@pytest.mark.parametrize("path", ["/code-lists", "/codes", "/codes/payment:1", "/zones"])
def test_nobody_writes_code_lists_over_http(
    caller: CallerOf, as_administrator: Actor, path: str
) -> None:
    administrator = caller(as_administrator)
    before = Code.objects.count()
    assert administrator.post(path, {"code": "1"}).status_code == 405
    assert administrator.patch(path, {"code": "1"}).status_code == 405
    assert administrator.delete(path).status_code == 405
    assert Code.objects.count() == before


def test_a_key_must_allow_what_it_is_used_for(caller: CallerOf, as_agent: Actor) -> None:
    agent = caller(as_agent)
    assert agent.get("/codes").status_code == 200
    ApiKey.objects.update(scopes=["deals:read"])
    assert agent.get("/codes").status_code == 403


@pytest.mark.parametrize(
    ("model", "key"),
    [("edition", "gbt4754-2017"), ("code", "gbt2260-2024:610100"), ("zone", "xixian")],
)
def test_officers_look_at_the_lists_and_change_nothing(
    as_administrator: Actor, model: str, key: str
) -> None:
    get_user_model().objects.filter(pk=as_administrator.user).update(is_staff=True)
    client = Client()
    client.force_login(
        get_user_model().objects.get(pk=as_administrator.user),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    shown = client.get(reverse(f"admin:taxonomy_{model}_changelist"), {"q": key.split(":")[-1]})
    assert shown.status_code == 200
    address = reverse(f"admin:taxonomy_{model}_change", args=[key])
    assert client.get(address).status_code == 200
    assert client.post(address, {"name_zh": "别的"}).status_code == 403
    assert client.get(reverse(f"admin:taxonomy_{model}_add")).status_code == 403
