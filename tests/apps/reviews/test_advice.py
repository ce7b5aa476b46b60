"""The draft coach answers for whatever is reviewed."""

from typing import Any

import pytest

from apps.pools.models import Fund, PoolEntry, Project, Talent
from apps.reviews import actions
from marketplace.actors import Actor
from tests.build import pools as build_pools
from tests.callers import Caller

pytestmark = pytest.mark.django_db
VAGUE = "该设备效率高,成本低,国际领先。"


def path_of(entry: PoolEntry) -> str:
    return f"/{entry.pool}s/{entry.pk}/advice"


@pytest.mark.parametrize(
    ("table", "words"),
    [(Project, build_pools.PROJECT), (Talent, build_pools.TALENT), (Fund, build_pools.FUND)],
)
def test_the_coach_says_in_both_languages_what_a_reader_will_miss(
    table: type[PoolEntry], words: dict[str, Any], as_manager: Actor, as_stranger: Actor
) -> None:
    entry = actions.draft(table, words | {"summary": VAGUE}, by=as_manager)
    english = Caller(as_manager).get(path_of(entry)).json()
    chinese = Caller(as_manager, "zh-hans").get(path_of(entry)).json()
    found = [(each["code"], each["field"]) for each in english["advice"]]
    assert ("vague_praise", "summary") in found
    assert [(each["code"], each["field"]) for each in chinese["advice"]] == found
    assert all(
        one["message"] != other["message"]
        for one, other in zip(english["advice"], chinese["advice"], strict=True)
    )
    assert Caller(as_stranger).get(path_of(entry)).status_code == 404


def test_an_entry_that_repeats_another_one_of_the_owner_is_told_of(
    as_manager: Actor, as_researcher: Actor, as_agent: Actor
) -> None:
    first = actions.draft(Project, build_pools.PROJECT, by=as_researcher)
    actions.draft(Project, build_pools.PROJECT, by=as_agent)
    again = actions.draft(Project, build_pools.PROJECT, by=as_manager)
    [told] = Caller(as_manager).get(path_of(again)).json()["duplicates"]
    assert told == {
        "id": str(first.pk),
        "title": first.title,
        "likeness": 1.0,
        "state": "draft",
    }


def test_what_is_proposed_is_what_is_advised_on(as_researcher: Actor, as_reviewer: Actor) -> None:
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    before = Caller(as_researcher).get(path_of(project)).json()["advice"]
    actions.change(project, {"summary": VAGUE}, by=as_researcher)
    after = Caller(as_researcher).get(path_of(project)).json()["advice"]
    assert "vague_praise" not in {each["code"] for each in before}
    assert "vague_praise" in {each["code"] for each in after}
