"""Matches over HTTP."""

from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.markets import actions as markets
from apps.markets.models import Listing
from apps.matching.models import Match
from marketplace.actors import Actor
from tests.build import matching as build
from tests.callers import Caller

pytestmark = pytest.mark.django_db

Calls = Callable[..., Caller]


@pytest.fixture
def pair(as_researcher: Actor, as_agent: Actor, as_reviewer: Actor) -> tuple[Listing, Listing]:
    offer = build.offer(
        "轴承钢热处理", confidential="配方", readiness=6, by=as_researcher, reviewer=as_reviewer
    )
    need = build.need("轴承钢热处理", readiness=5, by=as_agent, reviewer=as_reviewer)
    build.caught_up()
    return offer, need


def test_an_owner_sees_the_counterparts_of_his_listing(
    pair: tuple[Listing, Listing], caller: Calls, as_agent: Actor
) -> None:
    offer, need = pair
    answer = caller(as_agent).get(f"/listings/{need.pk}/matches")
    assert answer.status_code == 200
    (found,) = answer.json()["results"]
    assert found["counterpart"] == {
        "id": str(offer.pk),
        "side": "offer",
        "title": "轴承钢热处理",
        "organization": "西北工程大学",
        "field": "05",
        "region": "610100",
    }
    assert [r["part"] for r in found["reasons"]] == ["text", "field", "region", "readiness"]
    assert found["reasons"][0]["text"] == "Both speak of 轴承钢热处理."
    assert found["reasons"][3]["text"] == (
        "The offer has reached readiness level 6, and 5 is wanted."
    )
    assert sum(Decimal(r["contribution"]) for r in found["reasons"]) == Decimal(found["score"])
    assert answer.json()["because"] is None
    assert "配方" not in answer.content.decode()


def test_the_other_side_sees_the_same_match(
    pair: tuple[Listing, Listing], caller: Calls, as_researcher: Actor, as_agent: Actor
) -> None:
    offer, need = pair
    (mine,) = caller(as_researcher).get(f"/listings/{offer.pk}/matches").json()["results"]
    (theirs,) = caller(as_agent).get(f"/listings/{need.pk}/matches").json()["results"]
    assert (mine["id"], mine["score"]) == (theirs["id"], theirs["score"])
    assert mine["counterpart"]["id"] == str(need.pk)


def test_a_single_match_is_its_receipt(
    pair: tuple[Listing, Listing], caller: Calls, as_broker: Actor
) -> None:
    offer, need = pair
    match = Match.objects.get()
    answer = caller(as_broker).get(f"/matches/{match.pk}")
    assert answer.status_code == 200
    assert answer["ETag"] == f'"{match.pk}.{match.version}"'
    body = answer.json()
    assert (body["method"], body["score"]) == ("bm25-1", str(match.score))
    assert (body["offer_version"], body["need_version"]) == (offer.version, need.version)
    assert (body["offer"]["id"], body["need"]["id"]) == (str(offer.pk), str(need.pk))


def test_a_stranger_is_told_nothing_of_a_match(
    pair: tuple[Listing, Listing], caller: Calls, as_stranger: Actor
) -> None:
    answer = caller(as_stranger).get(f"/listings/{pair[0].pk}/matches")
    assert answer.json() == {
        "results": [],
        "because": "Only its own organization and brokers see all matches of a listing.",
    }
    assert caller(as_stranger).get(f"/matches/{Match.objects.get().pk}").status_code == 404


def test_a_passer_by_must_sign_in(
    pair: tuple[Listing, Listing], caller: Calls, as_anonymous: Actor
) -> None:
    assert caller(as_anonymous).get(f"/listings/{pair[0].pk}/matches").status_code == 401
    assert caller(as_anonymous).get(f"/matches/{Match.objects.get().pk}").status_code == 401


def test_a_withdrawn_counterpart_is_gone_at_once(
    pair: tuple[Listing, Listing], caller: Calls, as_agent: Actor, as_researcher: Actor
) -> None:
    match = Match.objects.get()
    markets.withdraw(pair[0], by=as_researcher)
    answer = caller(as_agent).get(f"/listings/{pair[1].pk}/matches")
    assert answer.json()["results"] == []
    assert caller(as_agent).get(f"/matches/{match.pk}").status_code == 404


def test_a_listing_that_may_not_be_seen_is_not_found(
    pair: tuple[Listing, Listing], caller: Calls, as_agent: Actor, as_researcher: Actor
) -> None:
    markets.pause(pair[0], by=as_researcher)
    for path in (f"/listings/{pair[0].pk}/matches", f"/listings/{uuid4()}/matches"):
        answer = caller(as_agent).get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert caller(as_agent).get("/listings/not-an-id/matches").status_code == 404


def test_without_matches_the_reason_is_said(
    caller: Calls, as_agent: Actor, as_researcher: Actor, as_reviewer: Actor
) -> None:
    need = build.need("轴承钢", by=as_agent, reviewer=as_reviewer)

    def reason() -> str:
        return str(caller(as_agent).get(f"/listings/{need.pk}/matches").json()["because"])

    assert reason() == "Matches for this listing are being looked for right now."
    build.caught_up()
    build.news()
    assert reason() == "Matches for this listing are being looked for right now."
    build.caught_up()
    assert reason() == "No other organization has an offer in this market at present."
    build.offer("石墨烯", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    assert reason() == "No offer of another organization shares a word with this need."
    markets.pause(need, by=as_agent)
    build.caught_up()
    assert reason() == "This listing is not published, so nothing is matched with it."


def test_matches_are_only_read(
    pair: tuple[Listing, Listing], caller: Calls, as_agent: Actor
) -> None:
    assert caller(as_agent).post(f"/listings/{pair[1].pk}/matches", {}).status_code == 405
    assert caller(as_agent).delete(f"/matches/{Match.objects.get().pk}").status_code == 405
    assert Match.objects.current().count() == 1


def test_more_matches_take_no_more_queries(
    pair: tuple[Listing, Listing],
    caller: Calls,
    as_agent: Actor,
    as_researcher: Actor,
    as_reviewer: Actor,
) -> None:
    agent = caller(as_agent)

    def count() -> tuple[int, int]:
        with CaptureQueriesContext(
            connection,
        ) as context:
            answer = agent.get(f"/listings/{pair[1].pk}/matches")
        return len(answer.json()["results"]), len(context)

    one, few = count()
    for number in range(3):
        build.offer(f"轴承钢 {number}", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    assert (one, count()) == (1, (4, few))
