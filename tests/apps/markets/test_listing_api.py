"""Listings over HTTP."""

from typing import Any

import pytest

from apps.accounts.models import Membership
from apps.journal.models import Entry
from apps.markets.models import Listing
from marketplace.actors import Role
from marketplace.listings import ListingState
from tests.build import markets as build_markets
from tests.build import pools as build_pools

#: Said here because some tests ask for their actors by name.
pytestmark = pytest.mark.django_db


def body(**words: Any) -> dict[str, Any]:
    return {
        "market": "technology",
        "side": "need",
        "title": "求购长寿命轴承钢",
        "body": "需要疲劳寿命提高 50% 的轴承钢。",
        "keywords": ["轴承钢"],
        "field": "05",
        "region": "610100",
        "cooperation": "development",
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
    assert made.json()["moves"] == ["submit"]
    assert made.json()["price_to"] == "300000.00"
    assert made.json()["confidential"] == "用于某型主轴"
    place = made["Location"].removeprefix("/api/v1")
    for other in (officer, passer_by, caller(as_stranger)):
        assert other.get(place).status_code == 404
    changed = owner.patch(place, {"readiness": 8, "price_from": "100.50"}, etag=made["ETag"])
    assert changed.status_code == 200, changed.json()
    assert (changed.json()["readiness"], changed.json()["price_from"]) == (8, "100.50")
    asked = owner.post(f"{place}/submit", etag=changed["ETag"])
    assert asked.json()["state"] == "submitted"
    assert passer_by.get(place).status_code == 404
    done = officer.post(f"{place}/publish", {"note": "可"}, etag=asked["ETag"])
    assert done.status_code == 200, done.json()
    assert done.json()["state"] == "published"
    assert done.json()["published_on"] == build_markets.in_days(0).isoformat()
    seen = passer_by.get(place)
    assert seen.json()["title"] == "求购长寿命轴承钢"
    assert not {"confidential", "author", "reviewed_by", "review_note"} & seen.json().keys()
    assert "某型主轴" not in seen.content.decode()
    paused = owner.post(f"{place}/pause", etag=done["ETag"])
    assert passer_by.get(place).status_code == 404
    resumed = owner.post(f"{place}/resume", etag=paused["ETag"])
    assert resumed.json()["moves"] == ["pause", "withdraw", "conclude"]
    gone = owner.post(f"{place}/withdraw", etag=resumed["ETag"])
    assert (gone.json()["state"], gone.json()["moves"]) == ("withdrawn", [])
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
    asked = owner.post(f"{place}/submit", etag=made["ETag"])
    Membership.objects.create(user=agent, organization=office, role=Role.REVIEWER)
    officer = caller(agent.as_actor(organization=office.pk))
    answer = officer.post(f"{place}/publish", etag=asked["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (403, "own_work")
    assert Listing.objects.get().state is ListingState.SUBMITTED


@pytest.mark.parametrize("deed", ["send_back", "refuse"])
def test_what_is_turned_down_is_told_why_and_only_to_its_owner(
    deed, caller, as_agent, as_reviewer, as_stranger
):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    place, officer = f"/listings/{listing.pk}", caller(as_reviewer)
    tag = officer.get(place)["ETag"]
    assert officer.post(f"{place}/{deed}", {"reason": ""}, etag=tag).status_code == 400
    answer = officer.post(f"{place}/{deed}", {"reason": "缺少指标"}, etag=tag)
    assert answer.status_code == 200
    assert caller(as_agent).get(place).json()["review_note"] == "缺少指标"
    assert caller(as_stranger).get(place).status_code == 404


def test_a_decision_needs_the_current_version(caller, as_agent, as_reviewer, as_second_reviewer):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    place = f"/listings/{listing.pk}"
    first, second = caller(as_reviewer), caller(as_second_reviewer)
    tag = first.get(place)["ETag"]
    assert first.post(f"{place}/publish").status_code == 428
    assert first.post(f"{place}/publish", etag='"else.1"').status_code == 412
    assert first.post(f"{place}/publish", etag=tag).status_code == 200
    late = second.post(f"{place}/publish", etag=tag)
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    again = second.post(f"{place}/publish", etag=second.get(place)["ETag"])
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert Entry.objects.filter(verb="listing.published").count() == 1


def test_a_change_needs_the_current_version_and_an_open_state(caller, as_agent, as_reviewer):
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer)
    place, owner = f"/listings/{listing.pk}", caller(as_agent)
    assert owner.patch(place, {"title": "B"}).status_code == 428
    assert owner.patch(place, {"title": "B"}, etag=f'"{listing.pk}.1"').status_code == 412
    answer = owner.patch(place, {"title": "B"}, etag=owner.get(place)["ETag"])
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert Listing.objects.get().title == listing.title


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
        ({"cooperation": "barter"}, 400, "/cooperation"),
        ({"market": "capital"}, 422, "/cooperation"),
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
    answer = owner.post(f"{place}/submit", etag=made["ETag"])
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
    answer = owner.post(f"{place}/submit", etag=made["ETag"])
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/field",
        "/valid_until",
        "/project",
        "/cooperation",
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


@pytest.mark.parametrize(
    "deed", ["submit", "publish", "send_back", "refuse", "pause", "resume", "withdraw", "conclude"]
)
def test_a_stranger_moves_nothing(deed, caller, as_agent, as_reviewer, as_stranger, as_anonymous):
    hidden = build_markets.need(by=as_agent, reviewer=as_reviewer, state=ListingState.SUBMITTED)
    shown = build_markets.need(by=as_agent, reviewer=as_reviewer)
    for listing, status in ((hidden, 404), (shown, 403)):
        answer = caller(as_stranger).post(
            f"/listings/{listing.pk}/{deed}",
            {"reason": "x"} if deed in ("send_back", "refuse") else {},
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
        cooperation="development",
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
    assert found(side="offer") == found(field="05") == found(cooperation="licence") == one
    assert found(region="610000") == found(region="610100") == found(region="610113") == one
    assert found(region="440000") == other
    assert found(organization=need.organization_id) == other
    assert found(readiness_from=5) == one
    assert found(price_from="500000.00") == found(price_to="100000") == one
    assert found(price_from="500000.01") == found(price_to="99999.99") == set()
    assert found(search="轴承钢 真空") == found(search="硬度") == one
    assert found(search="疲劳寿命") == other
    assert found(search="秘密词") == found(state="draft") == found(market="talent") == set()
    assert found(search="%") == other
    assert found(search="_") == set()


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
        {"search": "x" * 101},
        {"order": "title"},
    ],
)
def test_a_word_that_narrows_nothing_is_an_error(query, caller, as_anonymous):
    assert caller(as_anonymous).get("/listings", **query).status_code == 400


@pytest.mark.parametrize(("count", "who"), [(1, "as_anonymous"), (5, "as_anonymous")])
def test_a_page_of_listings_needs_one_query(
    count, who, caller, as_researcher, as_reviewer, request, django_assert_num_queries
):
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer)
    for _ in range(count):
        build_markets.offer(by=as_researcher, reviewer=as_reviewer, project=project.pk)
    reader = caller(request.getfixturevalue(who))
    with django_assert_num_queries(1):
        assert len(reader.get("/listings").json()["results"]) == count


def test_a_page_for_a_member_needs_two_queries(
    caller, as_researcher, as_reviewer, django_assert_num_queries
):
    for _ in range(3):
        build_markets.need(by=as_researcher, reviewer=as_reviewer)
    reader = caller(as_researcher)
    with django_assert_num_queries(2):
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
    done = client.post(f"{place}/move/publish/", {"version": listing.version, "note": ""})
    assert done.status_code == 302
    listing.refresh_from_db()
    assert (listing.state, listing.reviewed_by) == (ListingState.PUBLISHED, reviewer)
