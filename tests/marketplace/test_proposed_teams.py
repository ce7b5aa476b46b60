"""Who takes which place in a proposed team, what a fund asks of a project, and what is missing."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.funding import Answer, Fact
from marketplace.pools import Rank, TalentKind
from marketplace.proposed_teams import (
    STEPS_TO_MONEY,
    STEPS_TO_PEOPLE,
    Gap,
    Person,
    asked_by,
    grade_of,
    lacks,
    opening,
    seated,
)
from marketplace.teams import TeamRole, TitleGrade, team_faults

DAY, BEFORE = date(2026, 3, 1), date(2021, 12, 31)
SCIENTIST, ENGINEER = TalentKind.SCIENTIST, TalentKind.ENGINEER
SENIOR, INTERMEDIATE = TitleGrade.SENIOR, TitleGrade.INTERMEDIATE


def people(*kinds: TalentKind, grade: TitleGrade | None = SENIOR) -> list[Person[int]]:
    return [Person(number, f"Member {number}", kind, grade) for number, kind in enumerate(kinds)]


def roles(found: list[Person[int]], on: date = DAY) -> list[tuple[int, TeamRole]]:
    return [(seat.person.key, seat.role) for seat in seated(found, on)]


@pytest.mark.parametrize(
    ("title", "grade"),
    [
        ("教授", SENIOR),
        ("副教授", SENIOR),
        ("副研究员", SENIOR),
        ("助理研究员", INTERMEDIATE),
        ("研究实习员", TitleGrade.JUNIOR),
        ("正高级工程师", SENIOR),
        ("高级工程师", SENIOR),
        ("工程师", INTERMEDIATE),
        ("助理工程师", TitleGrade.JUNIOR),
        ("处长", None),
        ("", None),
    ],
)
def test_titles_have_grades(title, grade):
    assert grade_of(title) is grade


def test_the_rank_of_an_entry_comes_first():
    assert grade_of("教授", Rank.JUNIOR) is TitleGrade.JUNIOR


def test_the_first_whose_title_suffices_are_the_chiefs():
    found = [
        Person(0, "Junior", SCIENTIST, INTERMEDIATE),
        Person(1, "Senior", SCIENTIST, SENIOR),
        Person(2, "Untitled", ENGINEER, None),
        Person(3, "Engineer", ENGINEER, INTERMEDIATE),
        Person(4, "Manager", TalentKind.TECHNOLOGY_MANAGER, None),
    ]
    assert roles(found) == [
        (1, TeamRole.CHIEF_SCIENTIST),
        (3, TeamRole.CHIEF_ENGINEER),
        (0, TeamRole.SCIENTIST),
        (2, TeamRole.ENGINEER),
        (4, TeamRole.TECHNOLOGY_MANAGER),
    ]


def test_before_the_first_known_rules_anybody_can_be_chief():
    assert roles(people(SCIENTIST, ENGINEER, grade=None), BEFORE) == [
        (0, TeamRole.CHIEF_SCIENTIST),
        (1, TeamRole.CHIEF_ENGINEER),
    ]


def test_engineers_go_before_others_as_long_as_they_are_too_few():
    found = people(*[SCIENTIST] * 20, *[ENGINEER] * 9)
    seats = seated(found, DAY)
    assert len(seats) == 2 + 15
    assert team_faults([seat.member() for seat in seats], on=DAY) == []
    # The best scientists stay.
    assert {seat.person.key for seat in seats if seat.person.kind is SCIENTIST} == set(range(8))


@given(st.lists(st.sampled_from(list(TalentKind)), max_size=40))
def test_nobody_sits_twice_and_no_team_is_too_large(kinds):
    seats = seated(people(*kinds), DAY)
    keys = [seat.person.key for seat in seats]
    assert len(keys) == len(set(keys))
    faults = team_faults([seat.member() for seat in seats], on=DAY) or []
    assert {fault.code for fault in faults} <= {"one_chief", "team_size", "too_few_engineers"}
    assert len(seats) <= 17
    if kinds.count(ENGINEER) >= 9:
        assert "too_few_engineers" not in {fault.code for fault in faults}


# --- money ------------------------------------------------------------------------------------

READINESS = {"fact": "readiness", "relation": "at_least", "value": "4"}
PATENT = {"fact": "has_granted_patent", "relation": "equal", "value": True}


def test_the_limits_of_a_fund_are_conditions_too():
    asked = asked_by(
        [READINESS],
        fields=["05"],
        stages=["seed"],
        smallest=Decimal("100.00"),
        largest=Decimal("5000000.00"),
        left=Decimal("800000.00"),
    )
    assert asked == [
        {"fact": "field", "relation": "under", "value": ["05"]},
        {"fact": "stage", "relation": "one_of", "value": ["seed"]},
        {"fact": "amount", "relation": "at_least", "value": "100.00"},
        {"fact": "amount", "relation": "at_most", "value": "800000.00"},
        READINESS,
    ]
    assert asked_by([]) == []


def test_what_a_project_meets_and_what_not():
    facts = {"readiness": 6, "has_granted_patent": False, "field": ("05", "0502")}
    money = opening("f", "基金", asked_by([READINESS, PATENT], fields=["05"]), facts)
    assert [each.answer for each in money.judgements] == [Answer.MET, Answer.MET, Answer.UNMET]
    assert (money.answer, money.distance) == (Answer.UNMET, (1, 0))
    assert opening("f", "基金", [READINESS], facts).answer is Answer.MET
    assert opening("f", "基金", [READINESS], {}).answer is Answer.UNKNOWN
    assert opening("f", "基金", [], {}).answer is Answer.MET


# --- what is missing --------------------------------------------------------------------------


def missing(**given: object) -> list[Gap]:
    whole = people(SCIENTIST, ENGINEER, *[ENGINEER] * 5, *[SCIENTIST] * 5)
    given = {
        "offers": 1,
        "needs": 1,
        "seats": seated(whole, DAY),
        "openings": [opening("f", "基金", [], {})],
        "has_talent_need": True,
        "on": DAY,
    } | given
    return [lack.gap for lack in lacks(**given)]


def test_a_whole_team_lacks_nothing():
    assert missing() == []
    assert missing(needs=None) == []


def test_what_is_missing_is_named():
    assert missing(offers=0, needs=0) == [Gap.OFFER]
    assert missing(needs=0) == [Gap.NEED]
    assert missing(seats=[]) == [Gap.SCIENTIST, Gap.ENGINEER, Gap.COMPOSITION]
    low = seated(people(SCIENTIST, ENGINEER, grade=TitleGrade.JUNIOR), DAY)
    assert missing(seats=low) == [Gap.CHIEF_SCIENTIST, Gap.CHIEF_ENGINEER, Gap.COMPOSITION]
    assert missing(openings=[]) == [Gap.MONEY]


def test_the_example_of_the_rule():
    shut = opening(
        "f", "硬科技基金", [READINESS, PATENT], {"readiness": 3, "has_granted_patent": True}
    )
    found = lacks(
        offers=1,
        needs=0,
        seats=seated(people(SCIENTIST), DAY),
        openings=[shut],
        has_talent_need=False,
        on=DAY,
    )
    assert [lack.gap for lack in found] == [Gap.NEED, Gap.ENGINEER, Gap.COMPOSITION, Gap.MONEY]
    assert found[1].step == STEPS_TO_PEOPLE[False]
    money = found[-1]
    assert "this one condition stands between" in money.message
    assert money.facts["fund"] == "硬科技基金"
    assert money.facts["condition"].facts == {"fact": Fact.READINESS, "wanted": "4", "given": "3"}
    assert money.step == STEPS_TO_MONEY[Fact.READINESS]


def test_of_several_shut_funds_the_nearest_is_named():
    facts = {"readiness": 3, "has_granted_patent": False, "employees": 5}
    far = opening("a", "远", [READINESS, PATENT], facts)
    staff = {"fact": "employees", "relation": "at_least", "value": "10"}
    near = opening("b", "近", [staff], facts)
    [lack] = lacks(
        offers=1, needs=1, seats=seated(people(), BEFORE), openings=[far, near],
        has_talent_need=True, on=BEFORE,
    )[2:]  # fmt: skip
    assert (lack.gap, lack.facts["fund"], lack.step) == (
        Gap.MONEY,
        "近",
        STEPS_TO_MONEY[Fact.EMPLOYEES],
    )
    [lack] = lacks(
        offers=1, needs=1, seats=seated(people(), BEFORE), openings=[far],
        has_talent_need=True, on=BEFORE,
    )[2:]  # fmt: skip
    assert (lack.facts["fund"], lack.facts["count"]) == ("远", 2)


def test_every_fact_that_keeps_a_fund_shut_has_its_next_step():
    assert set(STEPS_TO_MONEY) == set(Fact)


def test_what_is_not_known_is_asked_for():
    unsure = opening("f", "基金", [READINESS, PATENT], {"readiness": 6})
    [lack] = lacks(
        offers=1, needs=1, seats=seated(people(), BEFORE), openings=[unsure],
        has_talent_need=True, on=BEFORE,
    )[2:]  # fmt: skip
    assert (lack.gap, lack.facts["asked"]) == (Gap.FACTS, [Fact.HAS_GRANTED_PATENT])
