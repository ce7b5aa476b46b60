"""The composition of teams of scientists and engineers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.teams import RULES, TeamRole, applicant_faults, rules_on, team_faults

DAY, BEFORE = date(2025, 3, 1), date(2021, 12, 31)
SCIENTIST = {"name": "Wang Fang", "role": "chief_scientist", "title": "senior"}
ENGINEER = {"name": "Li Wei", "role": "chief_engineer", "title": "intermediate"}


def team(engineers: int, scientists: int, *chiefs: dict[str, object]) -> list[dict[str, object]]:
    roles = ["engineer"] * engineers + ["scientist"] * scientists
    others = [{"name": f"Member {i}", "role": role} for i, role in enumerate(roles)]
    return [*(chiefs or (SCIENTIST, ENGINEER)), *others]


def faults(members: list[dict[str, object]]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in team_faults(members, on=DAY) or []]


def test_rules_are_known_from_2022_on():
    assert rules_on(BEFORE) is None
    assert rules_on(date(2022, 1, 1)) is RULES[0]


def test_before_the_first_known_rule_nobody_can_tell():
    assert team_faults(team(5, 5), on=BEFORE) is None
    assert applicant_faults(region="610100", registered_on=BEFORE, on=BEFORE) is None


def test_two_chiefs_five_engineers_and_five_scientists_are_a_team():
    assert team_faults(team(5, 5), on=DAY) == []
    assert faults(team(4, 6)) == [("members", "too_few_engineers")]


@pytest.mark.parametrize(
    ("engineers", "scientists", "codes"),
    [
        (10, 0, []),
        (8, 7, []),
        (7, 8, ["too_few_engineers"]),
        (9, 0, ["team_size"]),
        (16, 0, ["team_size"]),
        (0, 0, ["team_size"]),
        (1, 2, ["team_size", "too_few_engineers"]),
    ],
)
def test_ten_to_fifteen_members_half_of_them_engineers(engineers, scientists, codes):
    assert [code for _, code in faults(team(engineers, scientists))] == codes


@pytest.mark.parametrize(
    ("chiefs", "found"),
    [
        ([SCIENTIST], [("members", "one_chief")]),
        ([SCIENTIST, ENGINEER, ENGINEER], [("members", "one_chief")]),
        ([SCIENTIST | {"title": "intermediate"}, ENGINEER], [("members.0.title", "title_too_low")]),
        ([SCIENTIST, ENGINEER | {"title": "junior"}], [("members.1.title", "title_too_low")]),
        ([SCIENTIST, ENGINEER | {"title": None}], [("members.1.title", "title_too_low")]),
        ([SCIENTIST, ENGINEER | {"title": "senior"}], []),
        ([SCIENTIST | {"name": " "}, ENGINEER], [("members.0.name", "missing")]),
        ([SCIENTIST, ENGINEER | {"role": "chief"}], [("members.1.role", "unknown_word")]),
    ],
)
def test_each_chief_is_there_once_with_a_title(chiefs, found):
    assert faults(team(5, 5, *chiefs)) == found


def test_a_hundred_people_at_most_are_looked_at():
    assert faults(team(99, 0)) == [("members", "too_many")]


@given(st.lists(st.sampled_from(TeamRole), max_size=30))
def test_a_team_without_faults_has_both_chiefs_and_half_engineers(roles):
    members = [{"name": "A", "role": role.value, "title": "senior"} for role in roles]
    engineers = roles.count(TeamRole.ENGINEER)
    is_whole = (
        roles.count(TeamRole.CHIEF_SCIENTIST) == roles.count(TeamRole.CHIEF_ENGINEER) == 1
        and 12 <= len(roles) <= 17
        and 2 * engineers >= len(roles) - 2
    )
    assert (team_faults(members, on=DAY) == []) == is_whole


@pytest.mark.parametrize(
    ("region", "on", "codes"),
    [
        ("610100", date(2025, 3, 2), []),
        ("610100", date(2025, 3, 1), ["too_young"]),
        ("440300", date(2025, 3, 2), ["wrong_province"]),
    ],
)
def test_a_firm_of_shaanxi_applies_after_more_than_a_year(region, on, codes):
    found = applicant_faults(region=region, registered_on=date(2024, 3, 1), on=on)
    assert [fault.code for fault in found or []] == codes
