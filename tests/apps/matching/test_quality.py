"""How right the matches are by what people said, and who is shown how much of it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from apps.accounts.models import User
from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.matching.actions import verdicts as actions
from apps.matching.models import Match, Verdict
from apps.matching.queries.quality import quality
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.listings import Market
from marketplace.verdicts import Judgement
from tests.build import matching as build
from tests.build.verdicts import judged
from tests.callers import Caller

pytestmark = pytest.mark.django_db

Calls = Callable[..., Caller]
YEAR = {"from": "2026-01", "until": "2027-01"}


@pytest.fixture
def matches(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> list[Match]:
    """Return six matches of one need, all of field 05."""
    build.need("轴承钢热处理", by=as_agent, reviewer=as_reviewer)
    for number in range(6):
        build.offer(f"轴承钢热处理 {number}", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    found = list(Match.objects.order_by("pk"))
    assert len(found) == 6
    return found


def numbers(cell: dict[str, Any]) -> list[Any]:
    names = ("verdicts", "matches", "good", "weak", "wrong", "precision")
    return [cell[name] for name in names]


def test_precision_by_month_and_field(
    matches: list[Match], caller: Calls, as_agent: Actor, as_broker: Actor, as_researcher: Actor
) -> None:
    for match in matches[:4]:
        judged(match, "good", on=date(2026, 3, 31), by=as_broker)
    judged(matches[4], "weak", "price", on=date(2026, 3, 1), by=as_agent)
    judged(matches[4], "good", on=date(2026, 3, 1), by=as_researcher)
    judged(matches[5], "wrong", "other_object", on=date(2026, 4, 1), by=as_agent)
    answer = caller(as_broker).get("/match-quality", **YEAR)
    assert answer.status_code == 200
    body = answer.json()
    march, april = body["cells"]
    assert (march["month"], march["market"], march["field"]) == ("2026-03", "technology", "05")
    assert numbers(march) == [6, 5, 4, 1, 0, "0.8000"]
    assert (april["month"], numbers(april)) == ("2026-04", [1, 1, 0, 0, 1, "0.0000"])
    assert numbers(body["total"]) == [7, 6, 4, 1, 1, "0.6667"]
    assert body["reasons"] == [
        {"reason": "other_object", "matches": 1},
        {"reason": "price", "matches": 1},
    ]
    assert (body["from"], body["until"]) == ("2026-01", "2027-01")


def test_what_is_too_little_is_shown_to_brokers_and_officers_only(
    matches: list[Match],
    caller: Calls,
    as_broker: Actor,
    as_stranger: Actor,
    as_agent: Actor,
    as_statistician: Actor,
) -> None:
    for match in matches[:5]:
        judged(match, "good", on=date(2026, 3, 2), by=as_broker)
    judged(matches[5], "wrong", "too_far", on=date(2026, 4, 2), by=as_broker)
    for by in (as_stranger, as_agent):
        body = caller(by).get("/match-quality", **YEAR).json()
        march, april = body["cells"]
        assert numbers(march) == [5, 5, 5, 0, 0, "1.0000"]
        assert numbers(april) == [None] * 6
        assert numbers(body["total"]) == numbers(march)
        assert body["reasons"] == []
    for by in (as_broker, as_statistician):
        body = caller(by).get("/match-quality", **YEAR).json()
        assert numbers(body["cells"][1]) == [1, 1, 0, 0, 1, "0.0000"]
        assert body["total"]["matches"] == 6
        assert body["reasons"] == [{"reason": "too_far", "matches": 1}]


def test_where_nothing_was_judged_there_is_no_precision(caller: Calls, as_stranger: Actor) -> None:
    body = caller(as_stranger).get("/match-quality").json()
    assert (body["cells"], body["reasons"]) == ([], [])
    assert numbers(body["total"]) == [0, 0, 0, 0, 0, None]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_how_it_is_counted_is_said_in_both_languages(as_stranger: Actor, language: str) -> None:
    definitions = Caller(as_stranger, language).get("/match-quality").json()["definitions"]
    assert [each["name"] for each in definitions] == [
        *("matches", "month", "field", "precision", "hidden")
    ]
    for each in definitions:
        assert any("一" <= c <= "鿿" for c in each["text"]) == (language != "en"), each["name"]


def test_it_is_narrowed_by_market_field_and_months(
    matches: list[Match], caller: Calls, as_broker: Actor
) -> None:
    judged(matches[0], "good", on=date(2026, 3, 31), by=as_broker)
    judged(matches[1], "good", on=date(2026, 4, 1), by=as_broker)

    def count(**asked: str) -> int:
        answer = caller(as_broker).get("/match-quality", **{**YEAR, **asked})
        assert answer.status_code == 200, answer.content
        return int(answer.json()["total"]["matches"])

    assert count() == count(market="technology") == count(field="05") == 2
    assert count(market="capital") == count(field="06") == 0
    assert count(until="2026-04") == count(**{"from": "2026-04"}) == 1
    assert count(until="2026-03") == 0


@pytest.mark.parametrize(
    ("asked", "status", "pointer"),
    [
        ({"market": "bazaar"}, 400, "/market"),
        ({"from": "2026-13"}, 400, "/from"),
        ({"from": "2026-01-01"}, 400, "/from"),
        ({"until": "soon"}, 400, "/until"),
        ({"from": "2026-02", "until": "2026-02"}, 400, "/until"),
        ({"from": "2026-03", "until": "2026-02"}, 400, "/until"),
        ({"from": "2001-01", "until": "2026-02"}, 400, "/until"),
        ({"field": "9999"}, 422, "/field"),
        ({"field": "0701"}, 422, "/field"),
        ({"field": ""}, 400, "/field"),
        ({"by": "month"}, 400, "/by"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    caller: Calls, as_stranger: Actor, asked: dict[str, str], status: int, pointer: str
) -> None:
    answer = caller(as_stranger).get("/match-quality", **asked)
    assert answer.status_code == status, answer.content
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_a_passer_by_must_sign_in(caller: Calls, as_anonymous: Actor) -> None:
    assert caller(as_anonymous).get("/match-quality").status_code == 401


def test_what_left_the_market_is_still_counted_and_what_was_sealed_is_not(
    matches: list[Match], as_researcher: Actor, as_secrecy_officer: Actor, as_broker: Actor
) -> None:
    for match in matches[:2]:
        judged(match, "good", on=date(2026, 3, 31), by=as_broker)

    def count() -> int:
        found = quality(since=date(2026, 1, 1), until=date(2027, 1, 1), by=as_broker)
        return found.total.matches

    markets.withdraw(matches[0].offer, by=as_researcher)
    assert count() == 2
    reviews.spill(matches[1].offer, reason="涉密", by=as_secrecy_officer)
    assert count() == 1


def test_what_has_a_dual_use_is_counted_for_those_who_are_vetted(
    matches: list[Match], as_broker: Actor, as_vetted_reviewer: Actor
) -> None:
    for match in matches[:2]:
        judged(match, "good", on=date(2026, 3, 31), by=as_broker)
    Listing.objects.filter(pk=matches[0].offer_id).update(dual_use="civil_to_military")

    def count(by: Actor) -> int:
        return quality(since=date(2026, 1, 1), until=date(2027, 1, 1), by=by).total.matches

    assert count(as_broker) == 1
    assert count(as_vetted_reviewer) == 2
    found = quality(
        since=date(2026, 1, 1), until=date(2027, 1, 1), market=Market.TALENT, by=as_vetted_reviewer
    )
    assert found.total.matches == 0


def test_who_judges_again_is_counted_once_with_what_he_said_last(
    matches: list[Match], as_broker: Actor
) -> None:
    judged(matches[0], "wrong", "other_object", on=date(2026, 3, 1), by=as_broker)
    actions.judge(matches[0], judgement="good", by=as_broker)
    Verdict.objects.update(given_on=date(2026, 5, 1))
    found = quality(since=date(2026, 1, 1), until=date(2027, 1, 1), by=as_broker)
    [((month, _market, _field), cell)] = found.cells.items()
    assert (month, cell.judged) == (date(2026, 5, 1), {Judgement.GOOD: 1})


def test_many_verdicts_take_one_query(
    matches: list[Match], as_broker: Actor, django_assert_num_queries: Any
) -> None:
    for match in matches:
        judged(match, "good", on=date(2026, 3, 31), by=as_broker)
        person = User.objects.create(username=uuid4().hex, name="某", password="!")
        Verdict.objects.filter(match=match).update(user=person)
        judged(match, "good", on=date(2026, 3, 31), by=as_broker)
    with django_assert_num_queries(1):
        found = quality(since=date(2026, 1, 1), until=date(2027, 1, 1), by=as_broker)
    assert (found.total.verdicts, found.total.matches) == (12, 6)
