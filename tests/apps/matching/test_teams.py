"""Proposed teams across the markets, and the conditions of funds judged for projects."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.markets import actions as markets
from apps.matching.actions import relations
from apps.matching.models import Match
from apps.matching.queries.teams import proposed_team
from apps.pools import actions as pools
from apps.pools.models import Fund
from marketplace.actors import Role
from marketplace.calendar import day_of
from marketplace.conflicts import RelationKind
from marketplace.errors import Missing
from marketplace.listings import Market, Side
from marketplace.pools import TalentKind
from marketplace.proposed_teams import Gap
from marketplace.secrecy import DualUse
from tests.build import markets as build_markets
from tests.build import matching as build
from tests.build import pools as build_pools
from tests.conftest import _join

pytestmark = pytest.mark.django_db

TALENT = Market.TALENT
READINESS = {"fact": "readiness", "relation": "at_least", "value": "4"}
HIGHER = {"fact": "readiness", "relation": "at_least", "value": "8"}
IN_REGION = {"fact": "region", "relation": "under", "value": ["610100"]}


@pytest.fixture
def project(as_researcher, as_reviewer):
    return build_pools.project(
        by=as_researcher, reviewer=as_reviewer, title="轴承钢热处理", is_service_invention=False
    )


@pytest.fixture
def as_investor(stranger, other_works):
    return _join(stranger, other_works, Role.INVESTOR, Role.ORGANIZATION_MANAGER)


@pytest.fixture
def offer(project, as_researcher, as_reviewer):
    return build.offer("轴承钢热处理", by=as_researcher, reviewer=as_reviewer, project=project.pk)


def need(by, reviewer, title="轴承钢热处理"):
    row = build.need(title, by=by, reviewer=reviewer)
    build.caught_up()
    return row


def talent(title, by, reviewer, *, terms=None, **words):
    """Put a talent on the market, matched."""
    entry = build_pools.talent(by=by, reviewer=reviewer, title=title, **words)
    listing = build_markets.of_kind(
        TALENT,
        Side.OFFER,
        by=by,
        reviewer=reviewer,
        title=title,
        body="可联合聘用。",
        keywords=[],
        talent=entry.pk,
        readiness=None,
        price_from=None,
        price_to=None,
        dual_use=words.get("dual_use"),
    )
    build.caught_up()
    return listing


def fund(by, reviewer, title="硬科技基金", **terms):
    return build_pools.fund(by=by, reviewer=reviewer, title=title, **terms)


def gaps(team):
    return [lack["gap"] for lack in team["lacks"]]


# --- what it answers --------------------------------------------------------------------------


def test_the_needs_that_a_project_answers_are_shown_with_their_conflicts(
    project, offer, as_researcher, as_manager, as_agent, works, as_reviewer, caller
):
    row = need(as_agent, as_reviewer)
    answer = caller(as_researcher).get(f"/projects/{project.pk}/team")
    assert answer.status_code == 200
    team = answer.json()
    assert (team["project"], team["sees_matches"]) == (str(project.pk), True)
    (answered,) = team["needs"]
    assert answered["need"]["id"] == str(row.pk)
    assert answered["conflicts"] == []
    assert Gap.NEED not in gaps(team)
    relations.declare(organization=works.pk, kind=RelationKind.FAMILY, by=as_manager)
    (answered,) = caller(as_researcher).get(f"/projects/{project.pk}/team").json()["needs"]
    assert answered["conflicts"] == ["declared_relation"]
    markets.withdraw(row, by=as_agent)
    team = caller(as_researcher).get(f"/projects/{project.pk}/team").json()
    assert (team["needs"], Gap.NEED in gaps(team)) == ([], True)


def test_the_best_five_needs_are_shown_each_once(
    project, offer, as_researcher, as_agent, as_reviewer
):
    build.offer("轴承钢热处理工艺", by=as_researcher, reviewer=as_reviewer, project=project.pk)
    for number in range(6):
        build.need(f"轴承钢热处理 {number}", by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    team = proposed_team(project.pk, by=as_researcher)
    assert len({each.match.need_id for each in team.needs}) == len(team.needs) == 5
    scores = [each.match.score for each in team.needs]
    assert scores == sorted(scores, reverse=True)


def test_without_an_offer_that_is_the_missing_piece(project, as_researcher):
    team = proposed_team(project.pk, by=as_researcher)
    assert next(iter(team.lacks)).gap is Gap.OFFER


def test_what_others_need_is_told_to_the_owner_and_to_brokers_alone(
    project, offer, as_agent, as_stranger, as_broker, as_anonymous, as_reviewer, caller
):
    row = need(as_agent, as_reviewer)
    team = caller(as_stranger).get(f"/projects/{project.pk}/team").json()
    assert (team["sees_matches"], team["needs"]) == (False, [])
    assert Gap.NEED not in gaps(team)
    assert str(row.pk) not in str(team)
    assert len(caller(as_broker).get(f"/projects/{project.pk}/team").json()["needs"]) == 1
    assert caller(as_anonymous).get(f"/projects/{project.pk}/team").status_code == 401


def test_a_project_that_may_not_be_seen_has_no_team(
    as_researcher, as_stranger, as_reviewer, caller
):
    draft = build_pools.project(by=as_researcher, reviewer=as_reviewer, state="draft")
    for key in (draft.pk, uuid4()):
        assert caller(as_stranger).get(f"/projects/{key}/team").status_code == 404
        with pytest.raises(Missing):
            proposed_team(key, by=as_stranger)


# --- people -----------------------------------------------------------------------------------


def test_talents_are_found_by_what_the_project_says(
    project, as_researcher, as_agent, as_reviewer, caller
):
    row = talent(
        "轴承钢热处理专家", as_agent, as_reviewer,
        kind=TalentKind.SCIENTIST, professional_title="教授",
    )  # fmt: skip
    talent("古籍修复", as_agent, as_reviewer, field="08", region="440300", discipline="750")
    team = caller(as_researcher).get(f"/projects/{project.pk}/team").json()
    assert team["talents_by"] == "words"
    found = team["talents"][0]
    assert (found["offer"]["id"], found["kind"]) == (str(row.pk), "scientist")
    assert (found["roles"], found["match"]) == (["chief_scientist"], None)
    assert Decimal(found["score"]) >= 5
    assert "古籍修复" not in str(team["talents"])
    steps = {lack["gap"]: lack["next_step"] for lack in team["lacks"]}
    assert Gap.SCIENTIST not in steps
    assert steps["engineer"] == "Publish a talent need that says whom the project looks for."
    assert "composition" in steps


def test_where_the_project_looks_for_somebody_the_matches_count(
    project, as_researcher, as_agent, as_reviewer
):
    listing = talent("轴承钢热处理工程师", as_agent, as_reviewer, professional_title="高级工程师")
    other = talent("轴承钢热处理学者", as_agent, as_reviewer, kind=TalentKind.SCIENTIST)
    build_markets.of_kind(
        TALENT, Side.NEED, by=as_researcher, reviewer=as_reviewer,
        title="招轴承钢热处理工程师", body="长期。", keywords=[], project=project.pk,
        readiness=None, price_from=None, price_to=None,
    )  # fmt: skip
    build.caught_up()
    team = proposed_team(project.pk, by=as_researcher)
    assert team.talents_by == "matches"
    # Another kind of talent was looked for.
    assert [each.listing.pk for each in team.talents] == [listing.pk]
    assert other.pk not in {each.listing.pk for each in team.talents}
    assert team.talents[0].roles == ("chief_engineer",)
    assert team.talents[0].match is not None
    steps = {lack.gap: lack.step for lack in team.lacks}
    assert Gap.ENGINEER not in steps
    assert "clearly" in steps[Gap.SCIENTIST]


def test_a_team_brings_its_members(project, as_researcher, as_agent, as_reviewer):
    members = [
        {"name": "王芳", "role": "chief_scientist", "title": "senior"},
        {"name": "李伟", "role": "chief_engineer", "title": "intermediate"},
        *({"name": f"成员{n}", "role": "engineer", "title": "junior"} for n in range(10)),
    ]
    talent(
        "轴承钢热处理队伍", as_agent, as_reviewer,
        kind=TalentKind.TEAM, discipline=None, members=members,
    )  # fmt: skip
    team = proposed_team(project.pk, by=as_researcher)
    assert len(team.talents[0].roles) == 12
    assert {Gap.SCIENTIST, Gap.ENGINEER, Gap.COMPOSITION}.isdisjoint(
        lack.gap for lack in team.lacks
    )


def test_a_hidden_talent_never_appears(
    project, as_researcher, as_agent, as_reviewer, works, as_secrecy_officer, as_stranger
):
    listing = talent("轴承钢热处理专家", as_agent, as_reviewer)
    assert len(proposed_team(project.pk, by=as_researcher).talents) == 1
    markets.pause(listing, by=as_agent)
    # At once: nothing was told to any reader yet.
    assert proposed_team(project.pk, by=as_researcher).talents == []
    assert proposed_team(project.pk, by=as_agent).talents == []
    markets.resume(listing, by=as_agent)
    build.caught_up()
    assert len(proposed_team(project.pk, by=as_researcher).talents) == 1
    pools.leave(listing.talent, reason="离职", by=as_agent)
    listing.talent.refresh_from_db()
    pools.release(listing.talent, by=as_reviewer)
    assert proposed_team(project.pk, by=as_researcher).talents == []


def test_what_has_a_dual_use_is_shown_to_vetted_readers_alone(
    project, vetted_works, as_vetted_agent, as_vetted_reviewer, as_researcher
):
    talent(
        "轴承钢热处理专家", as_vetted_agent, as_vetted_reviewer,
        dual_use=DualUse.CIVIL_TO_MILITARY,
    )  # fmt: skip
    assert proposed_team(project.pk, by=as_researcher).talents == []
    assert len(proposed_team(project.pk, by=as_vetted_agent).talents) == 1


# --- money ------------------------------------------------------------------------------------


def test_funds_say_what_of_their_conditions_is_met(
    project, as_investor, as_reviewer, as_researcher, caller
):
    fund(
        as_investor, as_reviewer,
        conditions=[READINESS, IN_REGION], fields=["05"], regions=["610000"],
    )  # fmt: skip
    team = caller(as_researcher).get(f"/projects/{project.pk}/team").json()
    (money,) = team["funds"]
    assert money["fund"]["title"] == "硬科技基金"
    assert {each["fact"]: each["answer"] for each in money["conditions"]} == {
        "field": "met",
        "region": "met",
        "amount": "unknown",
        "readiness": "met",
    }
    texts = [each["text"] for each in money["conditions"]]
    assert "Readiness: the fund asks for 4 at least, and it is 6." in texts
    chinese = caller(as_researcher)
    chinese.headers["Accept-Language"] = "zh-hans"
    texts = [
        each["text"]
        for each in chinese.get(f"/projects/{project.pk}/team").json()["funds"][0]["conditions"]
    ]
    assert any("西安市" in text for text in texts)
    assert not any("610100" in text for text in texts)
    assert gaps(team)[-1] == "facts"


def test_the_amount_and_the_stage_come_from_the_capital_need(
    project, as_investor, as_reviewer, as_researcher
):
    fund(as_investor, as_reviewer, stages=["seed"], largest_ticket=Decimal("5000000.00"))
    build_markets.of_kind(
        Market.CAPITAL, Side.NEED, by=as_researcher, reviewer=as_reviewer,
        title="中试资金", project=project.pk, readiness=None,
        price_from=None, price_to=Decimal("3000000.00"),
        terms={"stage": "seed"},
    )  # fmt: skip
    team = proposed_team(project.pk, by=as_researcher)
    assert [each.opening.answer for each in team.funds] == ["met"]
    assert {Gap.MONEY, Gap.FACTS}.isdisjoint(lack.gap for lack in team.lacks)


def test_the_one_condition_that_stands_between_is_named(
    project, as_investor, as_reviewer, as_researcher, caller
):
    fund(as_investor, as_reviewer, "早期基金", conditions=[HIGHER])
    fund(as_investor, as_reviewer, "远地基金", conditions=[HIGHER], regions=["440300"])
    team = caller(as_researcher).get(f"/projects/{project.pk}/team").json()
    assert [money["fund"]["title"] for money in team["funds"]] == ["早期基金", "远地基金"]
    lack = team["lacks"][-1]
    assert (lack["gap"], lack["text"]) == (
        "money",
        "No fund is open to the project; this one condition stands between it and 早期基金: "
        "Readiness: the fund asks for 8 at least, and it is 6.",
    )
    assert lack["next_step"].startswith("Take it one level further")


def test_a_fund_whose_quota_is_used_up_disappears_at_once(
    project, as_investor, as_reviewer, as_researcher, works
):
    row = fund(
        as_investor, as_reviewer,
        quota=Decimal("100.00"), largest_ticket=Decimal("100.00"), opens_on=day_of(timezone.now()),
    )  # fmt: skip
    assert len(proposed_team(project.pk, by=as_researcher).funds) == 1
    commitment = pools.commit(
        row, amount=Decimal("100.00"), beneficiary=works.pk, purpose="试制", by=as_investor
    )
    team = proposed_team(project.pk, by=as_researcher)
    assert (list(team.funds), team.lacks[-1].message) == (
        [],
        "No fund takes applications at present.",
    )
    pools.release_commitment(commitment, by=as_investor)
    assert len(proposed_team(project.pk, by=as_researcher).funds) == 1


def test_funds_that_are_hidden_closed_or_not_open_yet_never_appear(
    project, as_investor, as_reviewer, as_researcher, other_works, as_secrecy_officer
):
    today = day_of(timezone.now())
    fund(as_investor, as_reviewer, "草稿", state="draft")
    fund(as_investor, as_reviewer, "待审", state="submitted")
    left = fund(as_investor, as_reviewer, "离池")
    pools.leave(left, reason="结束", by=as_investor)
    left.refresh_from_db()
    pools.release(left, by=as_reviewer)
    fund(as_investor, as_reviewer, "未开", opens_on=today + timedelta(days=1))
    closed = fund(as_investor, as_reviewer, "已关")
    Fund.objects.filter(pk=closed.pk).update(closes_on=today - timedelta(days=1))
    for reader in (as_researcher, as_investor, as_reviewer):
        assert list(proposed_team(project.pk, by=reader).funds) == []
    fund(as_investor, as_reviewer, "末日", closes_on=today)
    titles = [each.fund.title for each in proposed_team(project.pk, by=as_researcher).funds]
    assert titles == ["末日"]


def test_the_conditions_of_one_fund_are_judged_for_a_project(
    project, as_investor, as_reviewer, as_researcher, as_stranger, as_anonymous, caller
):
    row = fund(as_investor, as_reviewer, conditions=[HIGHER], largest_ticket=Decimal("9.00"))
    researcher, place = caller(as_researcher), f"/funds/{row.pk}/conditions"
    answer = researcher.get(place, project=str(project.pk))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["fund"]["id"], body["project"]) == (str(row.pk), str(project.pk))
    assert (body["is_open"], body["has_quota"], body["answer"]) == (True, True, "unmet")
    assert [(each["fact"], each["answer"]) for each in body["conditions"]] == [
        ("amount", "unknown"),
        ("readiness", "unmet"),
    ]
    for query in ({}, {"project": "x"}, {"project": ""}):
        assert researcher.get(place, **query).status_code == 400
    draft = build_pools.project(by=as_researcher, reviewer=as_reviewer, state="draft")
    assert researcher.get(place, project=str(draft.pk)).status_code == 200
    stranger = caller(as_stranger)
    assert stranger.get(place, project=str(draft.pk)).status_code == 404
    hidden = fund(as_investor, as_reviewer, "草稿", state="draft")
    place = f"/funds/{hidden.pk}/conditions"
    assert researcher.get(place, project=str(project.pk)).status_code == 404
    assert caller(as_anonymous).get(place, project=str(project.pk)).status_code == 401


def test_a_larger_market_takes_no_more_queries(
    project, offer, as_researcher, as_agent, as_investor, as_reviewer
):
    def grow(number):
        build.need(f"轴承钢热处理 {number}", by=as_agent, reviewer=as_reviewer)
        talent(f"轴承钢热处理专家 {number}", as_agent, as_reviewer)
        fund(as_investor, as_reviewer, f"基金 {number}", fields=["05"], conditions=[IN_REGION])

    def count():
        with CaptureQueriesContext(connection) as context:
            team = proposed_team(project.pk, by=as_researcher)
        return len(team.needs), len(team.talents), len(team.funds), len(context)

    grow(0)
    *few, queries = count()
    for number in range(1, 4):
        grow(number)
    assert few == [1, 1, 1]
    assert count() == (4, 4, 4, queries)
    assert queries <= 20


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ({"fields": ["05"]}, 1),
        ({"regions": ["610000"]}, 1),
        ({"fields": ["08"]}, 0),
        ({"regions": ["440300"]}, 0),
    ],
)
def test_money_for_some_fields_or_regions_is_matched_within_them(
    limits, count, as_investor, as_researcher, as_reviewer
):
    row = fund(as_investor, as_reviewer, **limits)
    build_markets.of_kind(
        Market.CAPITAL, Side.OFFER, by=as_investor, reviewer=as_reviewer,
        title="轴承钢热处理基金", fund=row.pk, readiness=None, price_from=None, price_to=None,
    )  # fmt: skip
    build_markets.of_kind(
        Market.CAPITAL, Side.NEED, by=as_researcher, reviewer=as_reviewer,
        title="轴承钢热处理", readiness=None, price_from=None, price_to=Decimal("3000000.00"),
    )  # fmt: skip
    build.caught_up()
    assert Match.objects.current().count() == count
