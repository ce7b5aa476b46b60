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
from apps.reviews import actions as reviews
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
    texts = {r["part"]: r["text"] for r in found["reasons"]}
    assert texts["words"] == "Both speak of 轴承钢热处理."
    assert texts["readiness"] == "The offer has reached readiness level 6, and 5 is wanted."
    assert texts["cooperation"] == "Both want it this way: Licence."
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


def test_a_single_match_says_what_it_was_made_of(
    pair: tuple[Listing, Listing], caller: Calls, as_broker: Actor
) -> None:
    offer, need = pair
    match = Match.objects.get()
    answer = caller(as_broker).get(f"/matches/{match.pk}")
    assert answer.status_code == 200
    assert answer["ETag"] == f'"{match.pk}.{match.version}"'
    body = answer.json()
    assert (body["method"], body["score"]) == ("2026-1", str(match.score))
    assert (body["offer_version"], body["need_version"]) == (offer.version, need.version)
    assert (body["offer"]["id"], body["need"]["id"]) == (str(offer.pk), str(need.pk))


def test_a_stranger_is_told_nothing_of_a_match(
    pair: tuple[Listing, Listing], caller: Calls, as_stranger: Actor
) -> None:
    answer = caller(as_stranger).get(f"/listings/{pair[0].pk}/matches")
    assert answer.json() == {
        "results": [],
        "because": {
            "text": "Only its own organization and brokers see all matches of a listing.",
            "looked_at": 0,
            "conditions": [],
        },
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
        answer = caller(as_agent).get(f"/listings/{need.pk}/matches")
        return str(answer.json()["because"]["text"])

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


def test_what_keeps_counterparts_away_is_counted_with_what_relaxing_it_would_yield(
    caller: Calls, as_agent: Actor, as_researcher: Actor, as_reviewer: Actor
) -> None:
    need = build.need("轴承钢热处理", readiness=8, by=as_agent, reviewer=as_reviewer)
    build.offer("轴承钢热处理", readiness=3, by=as_researcher, reviewer=as_reviewer)
    build.offer("轴承钢热处理线", readiness=2, by=as_researcher, reviewer=as_reviewer)
    build.need("轴承钢热处理", by=as_researcher, reviewer=as_reviewer)
    build.caught_up()
    because = caller(as_agent).get(f"/listings/{need.pk}/matches").json()["because"]
    assert because["text"] == "None of the 2 that are nearest in words can be matched."
    (condition,) = because["conditions"]
    assert condition["text"] == "The readiness is more than three levels below what is wanted."
    assert (condition["removed"], condition["alone"]) == (2, 2)
    assert Decimal(condition["best"]) > 5


def test_a_receipt_is_reckoned_again_and_says_whether_it_still_holds(
    pair: tuple[Listing, Listing], caller: Calls, as_agent: Actor, as_researcher: Actor
) -> None:
    match = Match.objects.get()
    agent = caller(as_agent)
    receipt = agent.get(f"/matches/{match.pk}/receipt").json()
    assert (receipt["replays"], receipt["holds"]) == (True, True)
    assert receipt["score_again"] == receipt["match"]["score"] == str(match.score)
    assert receipt["verdict"] == ("The same comes out again, and it would still come out so today.")
    gains = [Decimal(each["gain"]) for each in receipt["changes_of_need"]]
    assert gains == sorted(gains, reverse=True)
    assert 0 < len(gains) <= 3
    Listing.objects.filter(pk=pair[1].pk).update(health=40)
    receipt = agent.get(f"/matches/{match.pk}/receipt").json()
    assert (receipt["replays"], receipt["holds"]) == (True, False)
    assert Decimal(receipt["score_now"]) < match.score
    markets.withdraw(pair[0], by=as_researcher)
    assert agent.get(f"/matches/{match.pk}/receipt").status_code == 404


def test_a_receipt_rests_on_the_words_of_then(
    pair: tuple[Listing, Listing],
    caller: Calls,
    as_agent: Actor,
    as_reviewer: Actor,
) -> None:
    match = Match.objects.get()
    reviews.change(pair[1], {"title": "锂电池隔膜", "readiness": 3}, by=as_agent)
    need = reviews.submit_change(pair[1], cleared_by="韩保密", by=as_agent)
    reviews.accept(need, cleared_by="韩保密", by=as_reviewer)
    receipt = caller(as_agent).get(f"/matches/{match.pk}/receipt").json()
    assert receipt["replays"] is True
    assert receipt["holds"] is False
