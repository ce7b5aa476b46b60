"""Deals over HTTP."""

from decimal import Decimal

import pytest

from apps.deals import actions
from apps.deals.models import Deal
from apps.journal.models import Entry
from marketplace.deals import DealState
from marketplace.money import Money
from tests.build import markets as build_markets

PRICE = {"amount": "650000.50", "currency": "CNY"}


@pytest.fixture
def offer(as_researcher, as_reviewer):
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer)


@pytest.fixture
def need(as_agent, as_reviewer):
    return build_markets.need(by=as_agent, reviewer=as_reviewer)


@pytest.fixture
def deal(offer, as_agent):
    return actions.express_interest(offer=offer.pk, by=as_agent)


@pytest.fixture
def talks(deal, as_researcher):
    return actions.open_talks(deal, by=as_researcher)


def test_from_interest_to_agreement(caller, offer, as_agent, as_researcher, as_broker, agency):
    taker, owner = caller(as_agent), caller(as_researcher)
    opened = taker.post("/deals", {"offer": str(offer.pk)})
    assert opened.status_code == 201
    body = opened.json()
    assert (body["state"], body["version"]) == ("interest", 1)
    assert body["moves"] == ["drop", "assign_broker"]
    assert body["offer"] == {"id": str(offer.pk), "title": offer.title}
    path = f"/deals/{body['id']}"
    assert opened["Location"] == f"/api/v1{path}"

    seen = owner.get(path)
    assert seen.json()["moves"] == ["open_talks", "drop", "assign_broker"]
    assigned = owner.post(f"{path}/assign_broker", {"broker": "broker"}, etag=seen["ETag"])
    assert assigned.json()["broker_organization"] == {"id": str(agency.pk), "name": agency.name}
    in_talks = owner.post(f"{path}/open_talks", etag=assigned["ETag"])
    assert in_talks.json()["state"] == "in_talks"
    priced = owner.post(f"{path}/propose_price", PRICE, etag=in_talks["ETag"])
    assert priced.json()["price_amount"] == "650000.50"
    assert "agree" not in priced.json()["moves"]
    agreed = taker.post(f"{path}/agree", etag=taker.get(path)["ETag"])
    assert agreed.status_code == 200
    assert (agreed.json()["state"], agreed.json()["moves"]) == ("agreed", ["reopen", "drop"])
    assert caller(as_broker).get(path).json()["moves"] == []
    reopened = taker.post(f"{path}/reopen", etag=agreed["ETag"])
    assert reopened.json()["price_amount"] is None
    dropped = owner.post(f"{path}/drop", {"reason": "price", "note": "太贵"}, etag=reopened["ETag"])
    assert dropped.json()["drop_reason"] == "price"
    assert dropped.json()["moves"] == []
    verbs = Entry.objects.filter(subject_id=body["id"]).order_by("pk")
    assert [entry.verb.removeprefix("deal.") for entry in verbs] == [
        "opened",
        "broker_assigned",
        "talks_opened",
        "price_proposed",
        "agreed",
        "reopened",
        "dropped",
    ]


def test_a_broker_introduces_by_naming_both(caller, offer, need, as_broker, agency):
    answer = caller(as_broker).post("/deals", {"offer": str(offer.pk), "need": str(need.pk)})
    assert answer.status_code == 201
    assert answer.json()["opened_for"] == str(agency.pk)
    assert answer.json()["broker"]["name"] == "周经理人"
    assert Entry.objects.filter(verb="deal.introduced").count() == 1


def test_a_company_that_names_both_answers_one_with_the_other(caller, offer, need, as_agent):
    answer = caller(as_agent).post("/deals", {"offer": str(offer.pk), "need": str(need.pk)})
    assert answer.status_code == 201
    assert answer.json()["broker"] is None
    assert answer.json()["need"]["id"] == str(need.pk)


def test_the_same_request_twice_opens_one_deal(caller, offer, as_agent):
    taker = caller(as_agent)
    answers = [taker.post("/deals", {"offer": str(offer.pk)}, key="once") for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Deal.objects.count() == 1


def test_a_second_interest_of_the_same_pair_is_a_conflict(caller, offer, deal, as_agent):
    answer = caller(as_agent).post("/deals", {"offer": str(offer.pk)})
    assert (answer.status_code, answer.json()["code"]) == (409, "deal_already_open")
    assert Deal.objects.count() == 1


@pytest.mark.parametrize("side", ["offer", "need"])
def test_an_unknown_listing_is_named_by_its_pointer(caller, as_agent, side):
    answer = caller(as_agent).post("/deals", {side: str(as_agent.user)})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (f"/{side}", "unknown_listing")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "no_listing"),
        ({"offer": "7"}, 400, "invalid_input"),
        ({"offer": None, "need": None}, 422, "no_listing"),
        ({"offer": ["x"]}, 400, "invalid_input"),
        ({"listing": "x"}, 400, "invalid_input"),
        ([], 400, "invalid_input"),
    ],
)
def test_a_body_that_names_no_listing_opens_nothing(caller, as_agent, body, status, code):
    answer = caller(as_agent).post("/deals", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Deal.objects.exists()


@pytest.mark.parametrize("who", ["as_stranger", "as_reviewer", "as_statistician", "as_broker"])
def test_who_is_not_at_the_table_gets_404_for_everything(caller, deal, who, request):
    outsider = caller(request.getfixturevalue(who))
    tag = f'"{deal.pk}.1"'
    assert outsider.get("/deals").json()["results"] == []
    assert outsider.get(f"/deals/{deal.pk}").status_code == 404
    for move, body in (
        ("open_talks", None),
        ("agree", None),
        ("reopen", None),
        ("propose_price", PRICE),
        ("drop", {"reason": "other"}),
        ("assign_broker", {"broker": "broker"}),
    ):
        answer = outsider.post(f"/deals/{deal.pk}/{move}", body, etag=tag)
        assert (answer.status_code, move) == (404, move)
    deal.refresh_from_db()
    assert (deal.version, deal.state) == (1, DealState.INTEREST)


def test_passers_by_must_sign_in(caller, deal, as_anonymous):
    assert caller(as_anonymous).get("/deals").status_code == 401
    assert caller(as_anonymous).get(f"/deals/{deal.pk}").status_code == 401


def test_administrators_look_and_touch_nothing(caller, deal, as_administrator):
    officer = caller(as_administrator)
    seen = officer.get(f"/deals/{deal.pk}")
    assert (seen.status_code, seen.json()["moves"]) == (200, [])
    answer = officer.post(f"/deals/{deal.pk}/drop", {"reason": "other"}, etag=seen["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_move")


@pytest.mark.parametrize("move", ["agree", "reopen"])
def test_a_move_out_of_turn_is_409_and_changes_nothing(caller, deal, as_researcher, move):
    owner = caller(as_researcher)
    answer = owner.post(f"/deals/{deal.pk}/{move}", etag=owner.get(f"/deals/{deal.pk}")["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert (answer.json()["state"], answer.json()["move"]) == ("interest", move)
    deal.refresh_from_db()
    assert (deal.version, deal.state) == (1, DealState.INTEREST)
    assert Entry.objects.filter(subject_id=str(deal.pk)).count() == 1


def test_the_contract_is_no_public_move(caller, deal, as_researcher):
    answer = caller(as_researcher).post(f"/deals/{deal.pk}/contract", etag=f'"{deal.pk}.1"')
    assert answer.status_code == 404


def test_nobody_agrees_to_his_own_price(caller, talks, as_researcher, as_agent):
    actions.propose_price(talks, price=Money(Decimal("5.00")), by=as_researcher)
    owner = caller(as_researcher)
    path = f"/deals/{talks.pk}"
    answer = owner.post(f"{path}/agree", etag=owner.get(path)["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (403, "own_price")
    talks.refresh_from_db()
    assert talks.state is DealState.IN_TALKS


@pytest.mark.parametrize(
    ("price", "status", "code"),
    [
        ({"amount": "1.00", "currency": "USD"}, 422, "wrong_currency"),
        ({"amount": "1.00", "currency": "yuan"}, 400, "invalid_input"),
        ({"amount": "-0.01", "currency": "CNY"}, 400, "invalid_input"),
        ({"amount": "0.001", "currency": "CNY"}, 400, "invalid_input"),
        ({"amount": "1000000000000000", "currency": "CNY"}, 400, "invalid_input"),
        ({"amount": "1e400", "currency": "CNY"}, 400, "invalid_input"),
        ({"amount": "NaN", "currency": "CNY"}, 400, "invalid_input"),
        ({"amount": "1.00"}, 400, "invalid_input"),
        ({"amount": "1.00", "currency": "CNY", "note": ""}, 400, "invalid_input"),
    ],
)
def test_a_bad_price_is_refused_and_nothing_changes(
    caller, talks, as_researcher, price, status, code
):
    owner = caller(as_researcher)
    path = f"/deals/{talks.pk}"
    answer = owner.post(f"{path}/propose_price", price, etag=owner.get(path)["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"][0]["pointer"] in ("/amount", "/currency", "/note")
    talks.refresh_from_db()
    assert (talks.price_amount, talks.version) == (None, 2)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reason": "boredom"}, 400, "invalid_input"),
        ({}, 400, "invalid_input"),
        ({"reason": "price", "note": "长" * 1001}, 400, "invalid_input"),
        ({"reason": "listing_closed"}, 422, "reason_not_yours"),
    ],
)
def test_a_deal_is_dropped_only_for_a_reason_of_the_list(
    caller, deal, as_agent, body, status, code
):
    answer = caller(as_agent).post(f"/deals/{deal.pk}/drop", body, etag=f'"{deal.pk}.1"')
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    deal.refresh_from_db()
    assert deal.state is DealState.INTEREST


def test_a_move_names_the_version_it_was_decided_on(caller, deal, as_researcher, as_agent):
    owner, path = caller(as_researcher), f"/deals/{deal.pk}/open_talks"
    missing = owner.post(path)
    assert (missing.status_code, missing.json()["code"]) == (428, "if_match_required")
    for tag in (f'"{deal.pk}.7"', '"x"', f'"{as_agent.user}.1"'):
        stale = owner.post(path, etag=tag)
        assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    deal.refresh_from_db()
    assert deal.state is DealState.INTEREST


def test_an_unknown_broker_is_named_by_its_pointer(caller, deal, as_agent):
    answer = caller(as_agent).post(
        f"/deals/{deal.pk}/assign_broker", {"broker": "nobody"}, etag=f'"{deal.pk}.1"'
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/broker"
    assert answer.json()["code"] == "unknown_broker"


def test_lists_are_narrowed_by_state_role_and_listing(caller, offer, deal, as_agent, as_researcher):
    taker = caller(as_agent)

    def count(**query):
        return len(taker.get("/deals", **query).json()["results"])

    assert count() == 1
    assert (count(state="interest"), count(state="agreed")) == (1, 0)
    assert (count(role="taker"), count(role="owner"), count(role="broker")) == (1, 0, 0)
    assert (count(offer=str(offer.pk)), count(need=str(offer.pk))) == (1, 0)
    for query in ({"state": "signed"}, {"role": "thief"}, {"offer": "x"}, {"colour": "red"}):
        assert taker.get("/deals", **query).status_code == 400


def test_a_list_takes_as_many_queries_for_two_deals_as_for_one(
    caller, deal, need, as_researcher, as_broker, as_agent, django_assert_num_queries
):
    owner = caller(as_researcher)
    with django_assert_num_queries(2):
        assert len(owner.get("/deals").json()["results"]) == 1
    actions.express_interest(need=need.pk, by=as_researcher)
    actions.assign_broker(deal, broker="broker", by=as_agent)
    with django_assert_num_queries(2):
        assert len(owner.get("/deals").json()["results"]) == 2


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_deal_is_changed_by_moves_alone(caller, deal, as_agent, method):
    taker = caller(as_agent)
    arguments = ({"state": "agreed"},) if method == "patch" else ()
    assert getattr(taker, method)(f"/deals/{deal.pk}", *arguments).status_code == 405


def test_refusals_are_told_in_chinese_too(deal, as_agent, caller):
    answer = type(caller(as_agent))(as_agent, language="zh-hans").post(
        f"/deals/{deal.pk}/open_talks", etag=f'"{deal.pk}.1"'
    )
    assert answer.json()["code"] == "own_interest"
