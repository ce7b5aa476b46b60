"""Contracts over HTTP: the way into the register, and all that does not lead there."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.accounts.models import Organization
from apps.contracts.models import Contract
from apps.deals.models import Deal
from marketplace.actors import Actor
from marketplace.contracts import ContractState
from marketplace.deals import DealState
from tests.build import contracts as build
from tests.build import deals as build_deals
from tests.callers import Caller

pytestmark = pytest.mark.django_db

Callers = Callable[[Actor], Caller]

BUYER = dict(build.BUYER)


def body(seller: Actor, **changes: Any) -> dict[str, Any]:
    """Return what a program sends to draft a contract."""
    return {
        "title": "高韧性轴承钢热处理工艺开发",
        "contract_type": "development",
        "field": "05",
        "signed_on": "2026-10-08",
        "starts_on": "2026-10-08",
        "ends_on": "2027-10-07",
        "total_amount": "8000000.00",
        "deduction_amount": "1200000.00",
        "sellers": [{"organization": str(seller.organization)}],
        "buyers": [BUYER],
        **changes,
    }


@pytest.fixture
def people(
    as_researcher: Actor, as_reviewer: Actor, as_second_reviewer: Actor, as_agent: Actor
) -> dict[str, Actor]:
    """Return who draws up, who reviews, and who buys."""
    build.office(as_reviewer.organization)
    return {
        "author": as_researcher,
        "first": as_reviewer,
        "second": as_second_reviewer,
        "buyer": as_agent,
    }


def pointers(answer: Any) -> set[tuple[str, str]]:
    return {(error["code"], error["pointer"]) for error in answer.json()["errors"]}


def test_a_contract_goes_all_the_way_into_the_register(
    caller: Callers, people: dict[str, Actor], as_administrator: Actor
) -> None:
    seller, first, second = (caller(people[who]) for who in ("author", "first", "second"))
    answer = seller.post("/contracts", body(people["author"], buyers=[BUYER]))
    assert answer.status_code == 201, answer.content
    path = answer["Location"].removeprefix("/api/v1")
    drafted = answer.json()
    assert (drafted["state"], drafted["moves"]) == ("draft", ["submit", "withdraw"])
    assert (drafted["technical_amount"], drafted["field"]) == ("6800000.00", "05")
    assert drafted["buyers"] == [{**BUYER, "organization": None, "nature": None}]
    assert drafted["sellers"][0]["region"] == "610100"

    change = {"deduction_amount": "1600000.00"}
    answer = seller.patch(path, change, etag=answer["ETag"])
    assert answer.json()["technical_amount"] == "6400000.00"
    declared = {"holds_no_state_secret": True}
    answer = seller.post(f"{path}/submit", declared, etag=answer["ETag"])
    assert answer.status_code == 200, answer.content
    assert first.get("/contracts", awaits_me="true").json()["results"][0]["id"] == drafted["id"]
    answer = first.post(f"{path}/accept", etag=answer["ETag"])
    review = {"recognised_amount": "6400000.00", "note": "一套试验装置合理。"}
    answer = first.post(f"{path}/review", review, etag=answer["ETag"])
    assert answer.status_code == 200, answer.content
    refused = first.post(f"{path}/register", etag=answer["ETag"])
    assert (refused.status_code, refused.json()["code"]) == (403, "reviewer_was_first")
    answer = second.post(f"{path}/register", etag=answer["ETag"])
    assert answer.status_code == 200, answer.content

    registered = seller.get(path).json()
    year = timezone.localdate().year
    assert (registered["state"], registered["moves"]) == ("registered", [])
    assert registered["number"] == f"{year}610101000001"
    (entry,) = seller.get(f"{path}/ledger").json()
    assert (entry["total_amount"], entry["recognised_amount"]) == ("8000000.00", "6400000.00")
    assert (entry["seller_region"], entry["buyer_region"]) == ("610100", "320500")
    found = caller(as_administrator).get("/contracts", number=registered["number"])
    assert [row["id"] for row in found.json()["results"]] == [drafted["id"]]


@pytest.fixture
def agreed(people: dict[str, Actor]) -> Deal:
    return build_deals.deal(
        DealState.AGREED, owner=people["author"], taker=people["buyer"], reviewer=people["first"]
    )


def test_a_contract_is_drawn_up_from_a_deal_once(
    caller: Callers, people: dict[str, Actor], agreed: Deal, as_stranger: Actor
) -> None:
    given = {"deal": str(agreed.pk), "contract_type": "transfer", "signed_on": "2026-10-08"}
    refused = caller(as_stranger).post("/contracts/draw_up", given)
    assert (refused.status_code, pointers(refused)) == (422, {("unknown_deal", "/deal")})
    bought = caller(people["buyer"]).post("/contracts/draw_up", given)
    assert (bought.status_code, bought.json()["code"]) == (403, "not_yours")
    seller = caller(people["author"])
    answer = seller.post("/contracts/draw_up", given)
    assert answer.status_code == 201, answer.content
    assert answer.json()["deal"] == str(agreed.pk)
    assert answer.json()["total_amount"] == str(agreed.price_amount)
    assert answer["Location"] == f"/api/v1/contracts/{answer.json()['id']}"
    assert seller.get(f"/deals/{agreed.pk}").json()["state"] == "contracted"
    again = seller.post("/contracts/draw_up", given)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert Contract.objects.count() == 1


def test_the_same_post_again_drafts_once(caller: Callers, people: dict[str, Actor]) -> None:
    seller = caller(people["author"])
    answers = [seller.post("/contracts", body(people["author"]), key="one") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Contract.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "faults"),
    [
        ({"total_amount": "-1.00"}, 400, {("min_value", "/total_amount")}),
        ({"total_amount": "0", "deduction_amount": "0"}, 422,
         {("total_not_positive", "/total_amount")}),
        ({"total_amount": "1.001"}, 400, {("max_decimal_places", "/total_amount")}),
        ({"total_amount": "NaN"}, 400, {("invalid", "/total_amount")}),
        ({"total_amount": None}, 400, {("null", "/total_amount")}),
        ({"deduction_amount": "8000000.01"}, 422, {("deduction_above_total", "/deduction_amount")}),
        ({"currency": "USD"}, 422, {("currency_not_supported", "/currency")}),
        ({"currency": "yuan"}, 400, {("max_length", "/currency"), ("invalid", "/currency")}),
        ({"contract_type": "gift"}, 400, {("invalid_choice", "/contract_type")}),
        ({"field": "99"}, 422, {("unknown_code", "/field")}),
        ({"signed_on": "2999-01-01"}, 422, {("signed_in_future", "/signed_on")}),
        ({"signed_on": "2026-02-30"}, 400, {("invalid", "/signed_on")}),
        ({"ends_on": "2026-10-07"}, 422, {("ends_before_start", "/ends_on")}),
        ({"title": "  "}, 400, {("blank", "/title")}),
        ({"title": "x" * 201}, 400, {("max_length", "/title")}),
        ({"colour": "red"}, 400, {("unknown_field", "/colour")}),
        ({"sellers": []}, 422, {("no_seller", "/sellers")}),
        ({"buyers": []}, 422, {("no_buyer", "/buyers")}),
        ({"buyers": [BUYER] * 51}, 400, {("max_length", "/buyers")}),
        ({"buyers": [BUYER, BUYER]}, 422, {("party_twice", "/buyers/1")}),
        ({"buyers": "me"}, 400, {("not_a_list", "/buyers")}),
        ({"buyers": [{**BUYER, "colour": "red"}]}, 400, {("unknown_field", "/buyers/0/colour")}),
        (
            {"buyers": [{**BUYER, "credit_code": "91350100M000100Y44"}]},
            422,
            {("credit_code_check", "/buyers/0/credit_code")},
        ),
        ({"buyers": [{**BUYER, "region": "000000"}]}, 422, {("unknown_code", "/buyers/0/region")}),
        ({"buyers": [{"name": "某公司"}]}, 422, {("party_unclear", "/buyers/0")}),
        ({"sellers": [BUYER], "buyers": [BUYER]}, 422,
         {("party_twice", "/buyers/0"), ("applicant_is_no_seller", "/sellers")}),
        ({"office": str(uuid4())}, 422, {("no_office", "/office")}),
        ({"office": "here"}, 400, {("invalid", "/office")}),
    ],
)  # fmt: skip
def test_bad_input_is_named_and_drafts_nothing(
    changes: dict[str, Any],
    status: int,
    faults: set[tuple[str, str]],
    caller: Callers,
    people: dict[str, Actor],
) -> None:
    answer = caller(people["author"]).post("/contracts", body(people["author"], **changes))
    assert (answer.status_code, pointers(answer)) == (status, faults)
    assert not Contract.objects.exists()


@pytest.mark.parametrize(
    ("move", "given"),
    [
        ("submit", {"holds_no_state_secret": True}),
        ("accept", {}),
        ("send_back", {"reason": "x"}),
        ("review", {"recognised_amount": "1.00"}),
        ("register", {}),
        ("refuse", {"ground": "other", "note": "x"}),
        ("withdraw", {}),
    ],
)
def test_strangers_find_no_contract_to_move(
    move: str, given: dict[str, Any], caller: Callers, people: dict[str, Actor], as_stranger: Actor
) -> None:
    row = build.contract(ContractState.SUBMITTED, **people)
    etag = f'"{row.pk}.{row.version}"'
    answer = caller(as_stranger).post(f"/contracts/{row.pk}/{move}", given, etag=etag)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Contract.objects.get().version == row.version


def test_strangers_find_no_contract_to_read_or_change(
    caller: Callers, people: dict[str, Actor], as_stranger: Actor, as_statistician: Actor
) -> None:
    row = build.contract(ContractState.SUBMITTED, **people)
    etag = f'"{row.pk}.{row.version}"'
    for actor in (as_stranger, as_statistician):
        them = caller(actor)
        assert them.get(f"/contracts/{row.pk}").status_code == 404
        assert them.get(f"/contracts/{row.pk}/ledger").status_code == 404
        assert them.patch(f"/contracts/{row.pk}", {"title": "x"}, etag=etag).status_code == 404
        assert them.get("/contracts").json()["results"] == []
    nobody = Caller(Actor.anonymous())
    assert nobody.get(f"/contracts/{row.pk}").status_code == 401
    assert nobody.get("/offices").status_code == 401


def test_a_named_party_reads_but_does_not_move(caller: Callers, people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.SUBMITTED, **people)
    buyer = caller(people["buyer"])
    answer = buyer.get(f"/contracts/{row.pk}")
    assert answer.status_code == 200
    refused = buyer.post(f"/contracts/{row.pk}/withdraw", etag=answer["ETag"])
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    assert Contract.objects.get().state is ContractState.SUBMITTED


def test_changes_name_the_version_they_were_decided_on(
    caller: Callers, people: dict[str, Actor]
) -> None:
    row = build.contract(ContractState.ACCEPTED, **people)
    first, second = caller(people["first"]), caller(people["second"])
    path = f"/contracts/{row.pk}/review"
    given = {"recognised_amount": "1.00"}
    etag = first.get(f"/contracts/{row.pk}")["ETag"]
    assert first.post(path, given).status_code == 428
    assert first.post(path, given, etag=etag).status_code == 200
    stale = second.post(path, given, etag=etag)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    fresh = second.get(f"/contracts/{row.pk}")["ETag"]
    late = second.post(path, given, etag=fresh)
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    assert Contract.objects.get().first_reviewer_id == people["first"].user


@pytest.mark.parametrize(
    ("state", "move", "given", "status", "faults"),
    [
        ("draft", "submit", {}, 400, {("required", "/holds_no_state_secret")}),
        ("draft", "submit", {"holds_no_state_secret": False}, 422,
         {("state_secret", "/holds_no_state_secret")}),
        ("submitted", "send_back", {"reason": " "}, 400, {("blank", "/reason")}),
        ("accepted", "review", {}, 400, {("required", "/recognised_amount")}),
        ("accepted", "review", {"recognised_amount": "0.005"}, 400,
         {("max_decimal_places", "/recognised_amount")}),
        ("accepted", "review", {"recognised_amount": "8000000.01"}, 422,
         {("recognised_out_of_range", "/recognised_amount")}),
        ("accepted", "refuse", {"ground": "dislike", "note": "x"}, 400,
         {("invalid_choice", "/ground")}),
        ("first_reviewed", "register", {"recognised_amount": "1.00"}, 400,
         {("unknown_field", "/recognised_amount")}),
    ],
)  # fmt: skip
def test_bad_decisions_change_nothing(
    state: str,
    move: str,
    given: dict[str, Any],
    status: int,
    faults: set[tuple[str, str]],
    caller: Callers,
    people: dict[str, Actor],
) -> None:
    row = build.contract(ContractState(state), **people)
    who = people["author"] if move == "submit" else people["second"]
    answer = caller(who).post(
        f"/contracts/{row.pk}/{move}", given, etag=f'"{row.pk}.{row.version}"'
    )
    assert (answer.status_code, pointers(answer)) == (status, faults)
    assert Contract.objects.get().version == row.version


def test_a_refusal_shows_ground_and_clause(caller: Callers, people: dict[str, Actor]) -> None:
    row = build.contract(ContractState.ACCEPTED, **people)
    given = {"ground": "seal_does_not_fit", "note": "印章与名称不一致。"}
    answer = caller(people["first"]).post(
        f"/contracts/{row.pk}/refuse", given, etag=f'"{row.pk}.{row.version}"'
    )
    assert answer.json()["state"] == "refused"
    assert answer.json()["refusal_ground"] == "seal_does_not_fit"
    assert answer.json()["refusal_clause"] == 8


def test_lists_are_narrowed_and_cost_the_same_whatever_they_hold(
    caller: Callers, people: dict[str, Actor], django_assert_max_num_queries: Any
) -> None:
    draft = build.contract(ContractState.DRAFT, **people)
    registered = build.contract(ContractState.REGISTERED, **people, contract_type="service")
    seller = caller(people["author"])
    day = str(timezone.localdate())
    for query, expected in [
        ({"state": "draft"}, draft),
        ({"contract_type": "service"}, registered),
        ({"number": registered.number}, registered),
        ({"registered_from": day, "registered_until": day}, registered),
    ]:
        assert [r["id"] for r in seller.get("/contracts", **query).json()["results"]] == [
            str(expected.pk)
        ]
    both = {"field": "05", "signed_from": "2026-10-08", "signed_until": "2026-10-08"}
    with django_assert_max_num_queries(6):
        assert len(seller.get("/contracts", **both).json()["results"]) == 2
    assert seller.get("/contracts", field="01").json()["results"] == []
    assert seller.get("/contracts", colour="red").status_code == 400
    assert seller.get("/contracts", state="lost").status_code == 400


def test_offices_are_listed_with_what_their_numbers_say(
    caller: Callers, people: dict[str, Actor], office: Organization
) -> None:
    (row,) = caller(people["author"]).get("/offices").json()["results"]
    assert row["organization"] == {"id": str(office.pk), "name": office.name}
    assert (row["region"], row["number_region"], row["point"]) == ("610100", "6101", "01")
    assert caller(people["author"]).post("/offices", {}).status_code == 405
