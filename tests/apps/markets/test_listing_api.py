"""Listings over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Membership
from apps.journal.models import Entry
from apps.markets.models import Listing
from marketplace.actors import Role
from marketplace.listings import MOVES, TERMS_OF, ListingState, Market, Side
from marketplace.pools import PoolState
from tests.build import markets as build_markets
from tests.build import pools as build_pools
from tests.callers import Caller

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db


CLEARED = {"clearance": {"no_state_secret": True, "cleared_by": "韩保密"}}
FINDINGS = {
    "findings": [{"field": "body", "code": "no_evidence", "text": "缺少试验条件"}],
    "note": "缺少指标",
}
#: What each move takes.
GIVEN: dict[str, dict[str, Any]] = {
    "submit": CLEARED,
    "submit_change": CLEARED,
    "publish": CLEARED,
    "send_back": FINDINGS,
    "refuse": {"reason": "x"},
    "spill": {"reason": "x"},
    "renew": {"valid_until": "2030-01-01"},
}
INDICATOR = {
    "name": "硬度",
    "relation": "at_least",
    "value": "62",
    "unit": "HRC",
    "secrecy": "under_nda",
}


def body(**words: Any) -> dict[str, Any]:
    return {
        "market": "technology",
        "side": "need",
        "title": "求购长寿命轴承钢",
        "body": "需要疲劳寿命提高 50% 的轴承钢。",
        "keywords": ["轴承钢"],
        "field": "05",
        "region": "610100",
        "cooperation_modes": ["development"],
        "readiness": 7,
        "price_to": "300000.00",
        "confidential": "用于某型主轴",
        "valid_until": build_markets.in_days(60).isoformat(),
    } | words


def test_a_listing_is_drafted_submitted_published_and_withdrawn(
    caller, as_agent, as_reviewer, as_anonymous, as_stranger
):
    owner, officer, passer_by = caller(as_agent), caller(as_reviewer), caller(as_anonymous)
    made = owner.post("/listings", body())
    assert made.status_code == 201, made.json()
    assert made.json()["moves"] == ["submit", "spill"]
    assert made.json()["price_to"] == "300000.00"
    assert made.json()["confidential"] == "用于某型主轴"
    place = made["Location"].removeprefix("/api/v1")
    for other in (officer, passer_by, caller(as_stranger)):
        assert other.get(place).status_code == 404
    changed = owner.patch(place, {"readiness": 8, "price_from": "100.50"}, etag=made["ETag"])
    assert changed.status_code == 200, changed.json()
    assert (changed.json()["readiness"], changed.json()["price_from"]) == (8, "100.50")
    assert owner.post(f"{place}/submit", etag=changed["ETag"]).status_code == 400
    asked = owner.post(f"{place}/submit", CLEARED, etag=changed["ETag"])
    assert (asked.json()["state"], asked.json()["waiting"]) == ("submitted", "entry")
    assert passer_by.get(place).status_code == 404
    done = officer.post(f"{place}/publish", {**CLEARED, "note": "可"}, etag=asked["ETag"])
    assert done.status_code == 200, done.json()
    assert done.json()["state"] == "published"
    assert done.json()["published_on"] == build_markets.in_days(0).isoformat()
    seen = passer_by.get(place)
    assert seen.json()["title"] == "求购长寿命轴承钢"
    hidden = {
        "confidential",
        "author",
        "reviewed_by",
        "review_note",
        "waiting",
        "moves",
        "proposed",
    }
    assert not hidden & seen.json().keys()
    assert "某型主轴" not in seen.content.decode()
    paused = owner.post(f"{place}/pause", etag=done["ETag"])
    assert passer_by.get(place).status_code == 404
    resumed = owner.post(f"{place}/resume", etag=paused["ETag"])
    assert resumed.json()["moves"] == ["pause", "withdraw", "conclude", "spill", "renew"]
    gone = owner.post(f"{place}/withdraw", etag=resumed["ETag"])
    assert (gone.json()["state"], gone.json()["moves"]) == ("withdrawn", ["spill"])
    assert passer_by.get(place).status_code == 404


def test_a_reviewer_reads_what_is_confidential_and_an_administrator_does_not(
    caller, as_researcher, as_reviewer, as_administrator, as_stranger
):
    listing = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    place = f"/listings/{listing.pk}"
    assert caller(as_reviewer).get(place).json()["confidential"] == "配方见附件三"
    for actor in (as_administrator, as_stranger):
        assert "confidential" not in caller(actor).get(place).json()
    assert "confidential" not in caller(as_researcher).get("/listings").json()["results"][0]


def test_an_author_who_is_also_reviewer_is_refused(caller, as_agent, agent, office):
    owner = caller(as_agent)
    made = owner.post("/listings", body())
    place = made["Location"].removeprefix("/api/v1")
    asked = owner.post(f"{place}/submit", CLEARED, etag=made["ETag"])
    Membership.objects.create(user=agent, organization=office, role=Role.REVIEWER)
    officer = caller(agent.as_actor(organization=office.pk))
    answer = officer.post(f"{place}/publish", CLEARED, etag=asked["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (403, "own_work")
    assert Listing.objects.get().state is ListingState.SUBMITTED


@pytest.mark.parametrize(
    ("deed", "bad", "good"),
    [
        ("send_back", {"findings": [{"field": "body", "code": "vague"}]}, FINDINGS),
        ("refuse", {"reason": ""}, {"reason": "缺少指标"}),
    ],
)
def test_what_is_turned_down_is_told_why_and_only_to_its_owner(
    deed, bad, good, caller, as_agent, as_reviewer, as_stranger
):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    place, officer = f"/listings/{listing.pk}", caller(as_reviewer)
    tag = officer.get(place)["ETag"]
    assert officer.post(f"{place}/{deed}", bad, etag=tag).status_code == 400
    answer = officer.post(f"{place}/{deed}", good, etag=tag)
    assert answer.status_code == 200, answer.json()
    owner = caller(as_agent)
    assert owner.get(place).json()["review_note"] == "缺少指标"
    asked = owner.get(f"{place}/submissions").json()["results"][0]
    assert asked["verdict"] == answer.json()["state"]
    assert [f["field"] for f in asked["findings"]] == (["body"] if deed == "send_back" else [])
    assert caller(as_stranger).get(place).status_code == 404
    assert caller(as_stranger).get(f"{place}/submissions").status_code == 404


def test_a_decision_needs_the_current_version(caller, as_agent, as_reviewer, as_second_reviewer):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    place = f"/listings/{listing.pk}"
    first, second = caller(as_reviewer), caller(as_second_reviewer)
    tag = first.get(place)["ETag"]
    assert first.post(f"{place}/publish", CLEARED).status_code == 428
    assert first.post(f"{place}/publish", CLEARED, etag='"else.1"').status_code == 412
    assert first.post(f"{place}/publish", CLEARED, etag=tag).status_code == 200
    late = second.post(f"{place}/publish", CLEARED, etag=tag)
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    again = second.post(f"{place}/publish", CLEARED, etag=second.get(place)["ETag"])
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert Entry.objects.filter(verb="listing.published").count() == 1


def test_a_change_needs_the_current_version_and_an_open_state(caller, as_agent, as_reviewer):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.WITHDRAWN)
    place, owner = f"/listings/{listing.pk}", caller(as_agent)
    assert owner.patch(place, {"title": "B"}).status_code == 428
    assert owner.patch(place, {"title": "B"}, etag=f'"{listing.pk}.1"').status_code == 412
    answer = owner.patch(place, {"title": "B"}, etag=owner.get(place)["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert Listing.objects.get().title == listing.title


def test_a_change_of_what_is_published_waits_beside_it(caller, as_agent, as_reviewer, as_stranger):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer)
    place, owner, officer = f"/listings/{listing.pk}", caller(as_agent), caller(as_reviewer)
    words = {"title": "B", "terms": {"acceptance": "疲劳试验"}}
    changed = owner.patch(place, words, etag=owner.get(place)["ETag"])
    assert changed.status_code == 200, changed.json()
    told = changed.json()
    assert (told["title"], told["proposed"]["words"]["title"]) == (listing.title, "B")
    assert told["proposed"]["changed_fields"] == ["terms.acceptance", "title"]
    assert told["proposed"]["words"]["field"] == "05"
    assert {"submit_change", "withdraw_change"} <= set(told["moves"])
    seen = caller(as_stranger).get(place)
    assert "proposed" not in seen.json()
    assert "疲劳试验" not in seen.content.decode()
    asked = owner.post(f"{place}/submit_change", CLEARED, etag=changed["ETag"])
    assert asked.json()["waiting"] == "change"
    assert officer.get("/listings", waiting="change").json()["results"][0]["id"] == str(listing.pk)
    assert caller(as_stranger).get("/listings", waiting="change").json()["results"] == []
    assert officer.get(place).json()["proposed"]["words"]["terms"]["acceptance"] == "疲劳试验"
    done = officer.post(f"{place}/publish", CLEARED, etag=asked["ETag"])
    assert (done.json()["title"], done.json()["terms"]["acceptance"]) == ("B", "疲劳试验")
    assert done.json()["proposed"] is None
    numbers = [each["number"] for each in owner.get(f"{place}/wordings").json()["results"]]
    assert numbers == [2, 1]


def test_a_listing_is_renewed_over_http(caller, as_agent, as_reviewer, as_stranger):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer)
    build_markets.run_out(listing, days=1)
    place, owner = f"/listings/{listing.pk}", caller(as_agent)
    before = owner.get(place)
    assert before.json()["is_outdated"] is True
    until = build_markets.in_days(30).isoformat()
    bad = owner.post(f"{place}/renew", {"valid_until": "soon"}, etag=before["ETag"])
    assert bad.status_code == 400
    late = owner.post(f"{place}/renew", {"valid_until": "2020-01-01"}, etag=before["ETag"])
    assert (late.status_code, late.json()["errors"][0]["pointer"]) == (422, "/valid_until")
    done = owner.post(f"{place}/renew", {"valid_until": until}, etag=before["ETag"])
    assert (done.json()["valid_until"], done.json()["is_outdated"]) == (until, False)
    other = caller(as_stranger)
    answer = other.post(f"{place}/renew", {"valid_until": until}, etag=done["ETag"])
    assert answer.status_code == 403


def test_each_reads_what_its_secrecy_allows(
    caller, as_researcher, as_reviewer, as_agent, as_anonymous
):
    listing = build_markets.offer(
        by=as_researcher,
        reviewer=as_reviewer,
        blocks=build_markets.BLOCKS,
        indicators=[build_markets.INDICATOR],
    )
    place = f"/listings/{listing.pk}"
    whole = caller(as_reviewer).get(place).json()
    assert (whole["indicators"][0]["value"], whole["indicators"][0]["shown"]) == ("62", "exact")
    assert whole["blocks"][1]["text"] == "真空脱气两次。"
    signed_in, passer_by = caller(as_agent).get(place), caller(as_anonymous).get(place)
    band = signed_in.json()["indicators"][0]
    assert (band["shown"], band["band_from"], band["band_to"]) == ("band", "50", "100")
    stated = passer_by.json()["indicators"][0]
    assert stated == {"name": "硬度", "unit": "HRC", "secrecy": "under_nda", "shown": "stated"}
    for answer in (signed_in, passer_by):
        assert answer.json()["blocks"][0]["text"] == "高速主轴轴承。"
        assert answer.json()["blocks"][1]["is_withheld"] is True
        assert "真空脱气两次" not in answer.content.decode()
        assert '"62"' not in answer.content.decode()
    assert "indicators" not in caller(as_anonymous).get("/listings").json()["results"][0]


KINDS = [(market, side) for market in Market for side in Side]


@pytest.mark.parametrize(("market", "side"), KINDS)
def test_every_kind_has_terms_of_its_own(market, side, caller, as_agent):
    owner = caller(as_agent)
    terms = {name: None for name in TERMS_OF[market, side]}
    for text in ("support", "present_solution", "acceptance", "duties", "use_of_money", "security"):
        if text in terms:
            terms[text] = "说明"
    if "discipline" in terms:
        terms["discipline"] = "430"
    if "stages" in terms:
        terms["stages"] = ["seed", "angel"]
    if "term_months" in terms:
        terms["term_months"] = 24
    given = body(market=market, side=side, terms=terms)
    if market is not Market.TECHNOLOGY:
        given["cooperation_modes"] = []
    made = owner.post("/listings", given)
    assert made.status_code == 201, made.json()
    assert made.json()["terms"] == terms
    place = made["Location"].removeprefix("/api/v1")
    changed = owner.patch(place, {"terms": {}}, etag=made["ETag"])
    assert changed.json()["terms"] == terms


@pytest.mark.parametrize(
    ("words", "status", "pointer"),
    [
        ({"terms": {"duties": "x"}}, 400, "/terms/duties"),
        ({"terms": {"exclusivity": "mine"}}, 400, "/terms/exclusivity"),
        ({"terms": {"needed_by": "soon"}}, 400, "/terms/needed_by"),
        ({"terms": None}, 400, "/terms"),
        ({"terms": []}, 400, "/terms"),
        ({"terms": {"exclusivity": "sole"}}, 422, "/terms/exclusivity"),
        (
            {"market": "talent", "cooperation_modes": [], "terms": {"discipline": "x"}},
            422,
            "/terms/discipline",
        ),
        (
            {"market": "talent", "cooperation_modes": [], "terms": {"headcount": 0}},
            400,
            "/terms/headcount",
        ),
        ({"price_way": "free_first"}, 422, "/price_way"),
        ({"cooperation_modes": "licence"}, 400, "/cooperation_modes"),
        ({"cooperation_modes": ["barter"]}, 400, "/cooperation_modes/0"),
        ({"dual_use": "both"}, 400, "/dual_use"),
        ({"indicators": [{"name": "A"}]}, 400, "/indicators/0/relation"),
        ({"indicators": [{**INDICATOR, "value": "1e5"}]}, 422, "/indicators/0/value"),
        ({"indicators": [{**INDICATOR, "name": "硬度 62"}]}, 422, "/indicators/0/name"),
        ({"blocks": [{"heading": "A", "text": "B"}]}, 400, "/blocks/0/secrecy"),
        (
            {"blocks": [{"heading": "A", "text": "B", "secrecy": "public", "x": 1}]},
            400,
            "/blocks/0/x",
        ),
        ({"body": "密级：机密"}, 422, "/body"),
    ],
)
def test_bad_terms_are_pointed_at_too(words, status, pointer, caller, as_agent):
    answer = caller(as_agent).post("/listings", body(**words))
    assert answer.status_code == status, answer.json()
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Listing.objects.exists()


def test_a_draft_is_advised_on_by_words_and_by_likeness(caller, as_agent, as_reviewer, as_stranger):
    other = build_markets.need(by=as_agent, reviewer=as_reviewer)
    owner = caller(as_agent)
    made = owner.post("/listings", body(body="该设备效率高，成本低。电话 13800000000"))
    place = made["Location"].removeprefix("/api/v1")
    told = owner.get(f"{place}/advice")
    assert told.status_code == 200, told.json()
    assert {"vague_praise", "contact_data"} <= {each["code"] for each in told.json()["advice"]}
    assert told.json()["duplicates"][0]["id"] == str(other.pk)
    chinese = Caller(as_agent, "zh-Hans").get(f"{place}/advice").json()["advice"]
    assert len(chinese) == len(told.json()["advice"])
    assert caller(as_stranger).get(f"{place}/advice").status_code == 404
    assert caller(as_stranger).get(f"/listings/{other.pk}/advice").status_code == 404


def test_a_project_shows_its_listings_in_all_markets_together(
    caller, as_researcher, as_reviewer, as_anonymous
):
    offer = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    needs = [
        build_markets.of_kind(
            market, Side.NEED, project=offer.project_id, by=as_researcher, reviewer=as_reviewer
        )
        for market in (Market.TALENT, Market.CAPITAL)
    ]
    build_markets.need(by=as_researcher, reviewer=as_reviewer)
    build_markets.offer(
        by=as_researcher,
        reviewer=as_reviewer,
        project=offer.project_id,
        state=ListingState.SUBMITTED,
    )
    place = f"/projects/{offer.project_id}/market"
    found = caller(as_anonymous).get(place).json()["results"]
    assert {row["id"] for row in found} == {str(row.pk) for row in (offer, *needs)}
    assert {row["market"] for row in found} == {"technology", "talent", "capital"}
    assert len(caller(as_researcher).get(place).json()["results"]) == 4
    assert len(caller(as_anonymous).get(place, market="talent").json()["results"]) == 1
    hidden = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.DRAFT)
    for key in (hidden.pk, offer.pk):
        assert caller(as_anonymous).get(f"/projects/{key}/market").status_code == 404


def test_a_secrecy_officer_spills_over_http(
    caller, as_agent, as_researcher, as_reviewer, as_secrecy_officer
):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer)
    place, officer = f"/listings/{listing.pk}", caller(as_secrecy_officer)
    tag = officer.get(place)["ETag"]
    owner = caller(as_agent)
    assert owner.post(f"{place}/spill", {"reason": "误填"}, etag=tag).status_code == 403
    done = officer.post(f"{place}/spill", {"reason": "误填"}, etag=tag)
    assert done.status_code == 200, done.json()
    assert (done.json()["state"], done.json()["title"]) == ("sealed", "")
    for reader in (owner, officer, caller(as_reviewer)):
        assert reader.get(place).status_code == 404
        assert reader.get(f"{place}/wordings").status_code == 404
    offer = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    place, asked = f"/projects/{offer.project_id}", {"reason": "误填"}
    tag = officer.get(place)["ETag"]
    assert caller(as_researcher).post(f"{place}/spill", asked, etag=tag).status_code == 403
    wrong = f"/talents/{offer.project_id}/spill"
    assert officer.post(wrong, asked, etag=tag).status_code == 404
    assert officer.post(f"{place}/spill", {"reason": ""}, etag=tag).status_code == 400
    assert officer.post(f"{place}/spill", asked, etag=tag).status_code == 200
    assert caller(as_researcher).get(f"/listings/{offer.pk}").status_code == 404
    assert caller(as_researcher).get(f"/projects/{offer.project_id}").status_code == 404


def test_the_same_request_again_makes_one_listing(caller, as_agent):
    owner = caller(as_agent)
    first = owner.post("/listings", body(), key="k1")
    again = owner.post("/listings", body(), key="k1")
    assert first.json() == again.json()
    assert owner.post("/listings", body(title="B"), key="k1").status_code == 422
    assert Listing.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "status", "pointer"),
    [
        ({"region": "999999"}, 422, "/region"),
        ({"field": "12"}, 422, "/field"),
        ({"price_from": "-1"}, 400, "/price_from"),
        ({"price_from": "0.001"}, 400, "/price_from"),
        ({"price_from": "1e400"}, 400, "/price_from"),
        ({"price_to": "NaN"}, 400, "/price_to"),
        ({"price_to": "1000000000000000"}, 400, "/price_to"),
        ({"price_from": "500000"}, 422, "/price_from"),
        ({"readiness": 10}, 400, "/readiness"),
        ({"readiness": "x"}, 400, "/readiness"),
        ({"valid_until": "31.12.2027"}, 400, "/valid_until"),
        ({"valid_until": "2027-02-30"}, 400, "/valid_until"),
        ({"colour": "red"}, 400, "/colour"),
        ({"state": "published"}, 400, "/state"),
        ({"market": "flea"}, 400, "/market"),
        ({"side": None}, 400, "/side"),
        ({"market": "capital"}, 422, "/cooperation_modes"),
        ({"title": ""}, 400, "/title"),
        ({"title": "长" * 201}, 400, "/title"),
        ({"body": "长" * 20_001}, 400, "/body"),
        ({"keywords": ["a"] * 21}, 400, "/keywords"),
        ({"keywords": "a"}, 400, "/keywords"),
        ({"project": "me"}, 400, "/project"),
        ({"project": "0190a0a0-0000-7000-8000-000000000000"}, 422, "/project"),
        ({"talent": "0190a0a0-0000-7000-8000-000000000000"}, 422, "/talent"),
    ],
)
def test_bad_input_is_pointed_at_and_changes_nothing(words, status, pointer, caller, as_agent):
    answer = caller(as_agent).post("/listings", body(**words))
    assert answer.status_code == status, answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Listing.objects.exists()
    assert not Entry.objects.filter(verb__startswith="listing").exists()


@pytest.mark.parametrize("given", ["a\x00b", "a\ud800b"])
def test_texts_that_cannot_be_kept_are_refused(given, caller, as_agent):
    answer = caller(as_agent).post("/listings", body(title=given))
    assert answer.status_code == 400
    assert not Listing.objects.exists()


@pytest.mark.parametrize("given", [[], "text", None, 1])
def test_a_body_is_an_object(given, caller, as_agent):
    assert caller(as_agent).post("/listings", given).status_code == 400


def test_dates_the_wrong_way_round_are_refused_at_submission(caller, as_agent):
    owner = caller(as_agent)
    made = owner.post("/listings", body(valid_until="2020-01-01"))
    place = made["Location"].removeprefix("/api/v1")
    answer = owner.post(f"{place}/submit", CLEARED, etag=made["ETag"])
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/valid_until", "validity_is_over")
    ]
    assert Listing.objects.get().state is ListingState.DRAFT


def test_everything_that_is_missing_is_told_in_the_readers_language(caller, as_researcher):
    words = {"market": "technology", "side": "offer", "title": "A", "body": "B", "region": "610100"}
    owner = caller(as_researcher)
    made = owner.post("/listings", words)
    place = made["Location"].removeprefix("/api/v1")
    answer = owner.post(f"{place}/submit", CLEARED, etag=made["ETag"])
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/field",
        "/valid_until",
        "/project",
        "/cooperation_modes",
    ]


def test_a_reference_is_used_once(caller, as_agent):
    owner = caller(as_agent)
    assert owner.post("/listings", body(external_reference="N-1")).status_code == 201
    answer = owner.post("/listings", body(external_reference="N-1"))
    assert (answer.status_code, answer.json()["code"]) == (409, "external_reference_taken")
    assert Listing.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("as_anonymous", 401),
        ("as_reviewer", 403),
        ("as_statistician", 403),
        ("as_administrator", 403),
        ("as_broker", 201),
    ],
)
def test_who_may_list(who, status, caller, request):
    answer = caller(request.getfixturevalue(who)).post("/listings", body())
    assert answer.status_code == status


@pytest.mark.parametrize("deed", MOVES)
def test_a_stranger_moves_nothing(deed, caller, as_agent, as_reviewer, as_stranger, as_anonymous):
    hidden = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    shown = build_markets.need(by=as_agent, reviewer=as_reviewer)
    for listing, status in ((hidden, 404), (shown, 403)):
        answer = caller(as_stranger).post(
            f"/listings/{listing.pk}/{deed}",
            GIVEN.get(deed, {}),
            etag=f'"{listing.pk}.{listing.version}"',
        )
        assert answer.status_code == status
        answer = caller(as_anonymous).post(f"/listings/{listing.pk}/{deed}")
        assert answer.status_code == 401
    assert caller(as_stranger).patch(f"/listings/{hidden.pk}", {"title": "B"}).status_code == 404


def test_nobody_expires_a_listing_by_hand(caller, as_agent, as_reviewer):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer)
    answer = caller(as_agent).post(f"/listings/{listing.pk}/expire")
    assert answer.status_code == 404


def test_the_market_is_narrowed_by_every_word(
    caller, as_researcher, as_agent, as_reviewer, as_anonymous
):
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    offer = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, project=project.pk, region="610113"
    )
    need = build_markets.need(
        by=as_agent,
        reviewer=as_reviewer,
        region="440300",
        field="03",
        readiness=3,
        cooperation_modes=["development"],
        price_from=None,
        price_to=None,
        keywords=[],
        confidential="秘密词",
    )
    build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    ask = caller(as_anonymous).get

    def found(**query: Any) -> set[str]:
        answer = ask("/listings", **query)
        assert answer.status_code == 200, answer.json()
        return {row["id"] for row in answer.json()["results"]}

    both, one, other = {str(offer.pk), str(need.pk)}, {str(offer.pk)}, {str(need.pk)}
    assert found() == found(market="technology") == found(state="published") == both
    assert found(side="offer") == found(field="05") == found(cooperation_mode="licence") == one
    assert found(region="610000") == found(region="610100") == found(region="610113") == one
    assert found(region="440000") == other
    assert found(organization=need.organization_id) == other
    assert found(readiness_from=5) == one
    assert found(price_from="500000.00") == found(price_to="100000") == one
    assert found(price_from="500000.01") == found(price_to="99999.99") == set()
    assert found(search="轴承钢 真空") == found(search="硬度") == one
    assert found(search="疲劳寿命") == other
    assert found(search="秘密词") == found(state="draft") == found(market="talent") == set()
    assert found(search="50") == other


@pytest.mark.parametrize(
    "query",
    [
        {"region": "999999"},
        {"field": "x"},
        {"market": "flea"},
        {"price_from": "-1"},
        {"price_from": "abc"},
        {"price_to": "Infinity"},
        {"readiness_from": "10"},
        {"organization": "me"},
        {"search": "x" * 201},
        {"search": "%"},
        {"order": "title"},
    ],
)
def test_a_word_that_narrows_nothing_is_an_error(query, caller, as_anonymous):
    assert caller(as_anonymous).get("/listings", **query).status_code == 400


@pytest.mark.parametrize(("count", "who"), [(1, "as_anonymous"), (5, "as_anonymous")])
def test_a_page_of_listings_needs_two_queries(
    count, who, caller, as_researcher, as_reviewer, request, django_assert_num_queries
):
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    for _ in range(count):
        build_markets.offer(by=as_researcher, reviewer=as_reviewer, project=project.pk)
    reader = caller(request.getfixturevalue(who))
    with django_assert_num_queries(2):
        assert len(reader.get("/listings").json()["results"]) == count


def test_a_page_for_a_member_needs_three_queries(
    caller, as_researcher, as_reviewer, django_assert_num_queries
):
    for _ in range(3):
        build_markets.need(by=as_researcher, reviewer=as_reviewer)
    reader = caller(as_researcher)
    with django_assert_num_queries(3):
        reader.get("/listings")


def test_the_console_shows_the_queue_and_publishes(
    client, as_agent, as_reviewer, reviewer, settings
):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    reviewer.is_staff = True
    reviewer.save()
    client.force_login(reviewer, backend=settings.AUTHENTICATION_BACKENDS[1])
    page = client.get("/console/markets/listing/")
    assert page.status_code == 200
    assert listing.title in page.content.decode()
    place = f"/console/markets/listing/{listing.pk}"
    assert f"{listing.pk}/move/publish/" in client.get(f"{place}/change/").content.decode()
    bare = {"version": listing.version, "note": ""}
    assert client.post(f"{place}/move/publish/", bare).status_code == 422
    declared = {**bare, "no_state_secret": "on", "cleared_by": "韩保密"}
    done = client.post(f"{place}/move/publish/", declared)
    assert done.status_code == 302
    listing.refresh_from_db()
    assert (listing.state, listing.reviewed_by) == (ListingState.PUBLISHED, reviewer)


def test_the_console_shows_a_change_side_by_side_and_sends_it_back(
    client, as_agent, as_reviewer, reviewer, settings
):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer)
    listing = build_markets.with_change(
        listing, by=as_agent, title="新名称", terms={"acceptance": "疲劳试验"}
    )
    reviewer.is_staff = True
    reviewer.save()
    client.force_login(reviewer, backend=settings.AUTHENTICATION_BACKENDS[1])
    place = f"/console/markets/listing/{listing.pk}"
    page = client.get(f"{place}/change/").content.decode()
    assert "新名称" in page
    assert "疲劳试验" in page
    assert listing.confidential in page
    assert f"{listing.pk}/move/spill/" not in page
    given = {"version": listing.version, "note": "", "field_1": "terms.acceptance"}
    given |= {"code_1": "vague", "text_1": "哪种试验？"}
    assert client.post(f"{place}/move/spill/", given).status_code == 403
    assert client.post(f"{place}/move/send_back/", given | {"text_1": ""}).status_code == 422
    done = client.post(f"{place}/move/send_back/", given)
    assert done.status_code == 302, done.content.decode()
    listing.refresh_from_db()
    assert (listing.state, listing.waiting) == (ListingState.PUBLISHED, None)


def test_the_console_of_a_secrecy_officer_spills(
    client, as_agent, as_reviewer, as_secrecy_officer, secrecy_officer, settings
):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.DRAFT)
    secrecy_officer.is_staff = True
    secrecy_officer.save()
    client.force_login(secrecy_officer, backend=settings.AUTHENTICATION_BACKENDS[1])
    place = f"/console/markets/listing/{listing.pk}"
    page = client.get(f"{place}/change/").content.decode()
    assert f"{listing.pk}/move/spill/" in page
    assert listing.confidential not in page
    done = client.post(f"{place}/move/spill/", {"version": listing.version, "reason": "误填"})
    assert done.status_code == 302
    listing.refresh_from_db()
    assert listing.state is ListingState.SEALED


def test_one_listing_and_a_change_of_it_need_a_constant_number_of_queries(
    caller, as_researcher, as_reviewer, as_anonymous, django_assert_num_queries
):
    listing = build_markets.offer(
        by=as_researcher,
        reviewer=as_reviewer,
        blocks=build_markets.BLOCKS * 5,
        indicators=[build_markets.INDICATOR] * 20,
    )
    place, passer_by, owner = f"/listings/{listing.pk}", caller(as_anonymous), caller(as_researcher)
    with django_assert_num_queries(3):  # the listing, its project and its terms
        passer_by.get(place)
    counts = []
    for number in (1, 12):
        words = {
            "keywords": [f"词 {each}" for each in range(number)],
            "blocks": [
                {"heading": f"A{each}", "text": "B", "secrecy": "public"} for each in range(number)
            ],
            "region": "610100",
            "field": "05",
        }
        tag = owner.get(place)["ETag"]
        with CaptureQueriesContext(connection) as queries:
            answer = owner.patch(place, words, etag=tag)
        assert answer.status_code == 200, answer.json()
        counts.append(len(queries))
    # The first one made the key under which the changed words are sealed.
    assert counts[1] <= counts[0]
