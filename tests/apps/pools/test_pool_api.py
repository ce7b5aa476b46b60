"""The pools over HTTP."""

import pytest

from apps.pools.models import Fund, Project
from marketplace.pools import PoolState
from tests.build import pools as build_pools

PROJECT = {
    "title": "高韧性轴承钢",
    "summary": "硬度 62 HRC。",
    "field": "05",
    "region": "610100",
    "readiness": 6,
    "intellectual_property": "0201",
}
BODIES = {
    "projects": PROJECT,
    "talents": {
        "title": "材料工程师",
        "summary": "十年热处理经验。",
        "kind": "engineer",
        "field": "05",
        "region": "610100",
        "discipline": "430",
    },
    "funds": {
        "title": "硬科技基金",
        "summary": "投早投小。",
        "kind": "equity",
        "field": "05",
        "region": "610100",
        "smallest_ticket": "100000.00",
        "largest_ticket": "5000000.00",
    },
}


@pytest.mark.parametrize("pool", BODIES)
def test_an_entry_comes_into_its_pool_and_everybody_sees_a_teaser(
    pool, caller, as_manager, as_reviewer, as_anonymous
):
    owner, officer = caller(as_manager), caller(as_reviewer)
    made = owner.post(f"/{pool}", BODIES[pool])
    assert made.status_code == 201, made.json()
    assert made.json()["state"] == "draft"
    assert made.json()["moves"] == ["submit"]
    place = made["Location"].removeprefix("/api/v1")
    assert officer.get(place).status_code == 404
    changed = owner.patch(place, {"title": "另一个名字"}, etag=made["ETag"])
    assert changed.json()["title"] == "另一个名字"
    asked = owner.post(f"{place}/submit", etag=changed["ETag"])
    assert asked.status_code == 200, asked.json()
    assert caller(as_anonymous).get(place).status_code == 404
    done = officer.post(f"{place}/admit", {"note": "可"}, etag=asked["ETag"])
    assert done.json()["state"] == "admitted"
    assert done.json()["review_note"] == "可"
    seen = caller(as_anonymous).get(place).json()
    assert seen["title"] == "另一个名字"
    assert not {"author", "reviewed_by", "review_note", "moves"} & seen.keys()
    assert [row["id"] for row in caller(as_anonymous).get(f"/{pool}").json()["results"]] == [
        seen["id"]
    ]
    left = owner.post(f"{place}/leave", etag=done["ETag"])
    assert left.json()["state"] == "left"
    assert caller(as_anonymous).get(place).status_code == 404


@pytest.mark.parametrize("deed", ["send_back", "refuse"])
def test_what_is_turned_down_is_told_why(deed, caller, as_researcher, as_reviewer):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    officer = caller(as_reviewer)
    tag = officer.get(f"/projects/{entry.pk}")["ETag"]
    assert officer.post(f"/projects/{entry.pk}/{deed}", {}, etag=tag).status_code == 400
    answer = officer.post(f"/projects/{entry.pk}/{deed}", {"reason": "缺少指标"}, etag=tag)
    assert answer.json()["review_note"] == "缺少指标"


def test_an_entry_is_decided_on_once_and_on_its_current_version(
    caller, as_researcher, as_reviewer, as_second_reviewer
):
    entry = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    first, second = caller(as_reviewer), caller(as_second_reviewer)
    place = f"/projects/{entry.pk}"
    tag = first.get(place)["ETag"]
    assert second.post(f"{place}/admit").status_code == 428
    assert first.post(f"{place}/admit", etag=tag).status_code == 200
    assert second.post(f"{place}/admit", etag=tag).status_code == 412
    fresh = second.get(place)["ETag"]
    answer = second.post(f"{place}/admit", etag=fresh)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"readiness": 10}, 400),
        ({"region": "000000"}, 422),
        ({"intellectual_property": "x"}, 422),
        ({"title": "a\x00b"}, 400),
        ({"title": "  "}, 400),
        ({"owner": "me"}, 400),
        ({"state": "admitted"}, 400),
        ({"is_service_invention": "perhaps"}, 400),
        ({"title": "长" * 201}, 400),
    ],
)
def test_bad_input_is_answered_and_changes_nothing(words, status, caller, as_researcher):
    answer = caller(as_researcher).post("/projects", PROJECT | words)
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        {"smallest_ticket": "-1"},
        {"largest_ticket": "0.001"},
        {"largest_ticket": "NaN"},
        {"largest_ticket": "1" * 20},
        {"kind": "gift"},
    ],
)
def test_a_fund_has_exact_amounts(words, caller, as_manager):
    answer = caller(as_manager).post("/funds", BODIES["funds"] | words)
    assert answer.status_code == 400
    assert not Fund.objects.exists()


def test_tickets_the_wrong_way_round_are_pointed_at(caller, as_manager):
    answer = caller(as_manager).post(
        "/funds", BODIES["funds"] | {"smallest_ticket": "2", "largest_ticket": "1"}
    )
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/smallest_ticket"]


def test_passers_by_write_nothing(caller, as_anonymous):
    assert caller(as_anonymous).post("/projects", PROJECT).status_code == 401


def test_the_pools_are_narrowed_by_codes_and_what_is_below_them(
    caller, as_researcher, as_reviewer, as_anonymous
):
    here = build_pools.project(by=as_researcher, reviewer=as_reviewer, region="610113")
    build_pools.project(by=as_researcher, reviewer=as_reviewer, region="440300", readiness=2)
    ask = caller(as_anonymous).get

    def found(**query: object) -> list[str]:
        return [row["id"] for row in ask("/projects", **query).json()["results"]]

    assert found(region="610000") == found(region="610100") == [str(here.pk)]
    assert found(readiness_from=3) == [str(here.pk)]
    assert len(found(field="05", state="admitted", organization=here.organization_id)) == 2
    assert found(field="01") == []
    assert ask("/projects", region="nowhere").status_code == 400
    assert ask("/projects", colour="red").status_code == 400
    assert ask("/projects", readiness_from="x").status_code == 400


def test_the_pages_of_a_pool_need_a_constant_number_of_queries(
    caller, as_researcher, as_reviewer, as_anonymous, django_assert_num_queries
):
    for _ in range(3):
        build_pools.project(by=as_researcher, reviewer=as_reviewer)
    passer_by = caller(as_anonymous)
    with django_assert_num_queries(1):
        assert len(passer_by.get("/projects").json()["results"]) == 3
