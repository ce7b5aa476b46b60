"""Listings are found by words and codes, at once, and by nobody who may not know of them."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.markets import actions, search
from apps.markets.models import Findable, Listing
from apps.markets.models.shelf import bit_of, number_of
from apps.markets.search import Criteria, Hit
from apps.markets.tasks import index_words
from apps.reviews import actions as reviews
from apps.taxonomy.models import Code
from marketplace.actors import Actor
from marketplace.listings import CooperationMode, ListingState, Market, PriceWay, Side
from marketplace.money import LARGEST
from marketplace.reviews import REVIEWERS, Purpose
from marketplace.search import Facet, Order, folded
from marketplace.secrecy import Secrecy
from tests.build import markets as build_markets
from tests.build import search as build_search

pytestmark = pytest.mark.django_db

CAST = (
    *("anonymous", "researcher", "manager", "agent", "stranger", "reviewer", "administrator"),
    *("vetted_agent", "vetted_reviewer", "secrecy_officer"),
)


def found(asked: Criteria, by: Actor, **options: Any) -> list[Any]:
    return [hit.listing for hit in search.page(asked, by=by, **options)]


# --- against a naive reading ------------------------------------------------------------------


@pytest.fixture
def everybody(request: pytest.FixtureRequest) -> dict[str, Actor]:
    cast = {name: request.getfixturevalue(f"as_{name}") for name in CAST}
    works = cast["vetted_agent"].organization
    # The manager of the second owner of what is shared.
    cast["owner"] = replace(cast["manager"], organization=works)
    return cast | {"system": Actor.system("test")}


@pytest.fixture
def world(everybody, institute, works, agent, researcher, reviewer) -> list[Listing]:
    return build_search.market([institute, works], researcher, reviewer)


CRITERIA = st.builds(
    Criteria,
    words=st.sampled_from(["", "", *build_search.WORDS, "涂层 合金", '"高温合金" 铝']),
    market=st.sampled_from([None, None, None, *Market]),
    side=st.sampled_from([None, None, None, *Side]),
    state=st.sampled_from([None, None, None, None, ListingState.PUBLISHED, *ListingState]),
    waiting=st.sampled_from([None, None, None, None, Purpose.ENTRY]),
    field=st.sampled_from([None, None, None, None, "05", "07", "0701"]),
    region=st.sampled_from([None, None, None, None, *build_search.REGIONS]),
    cooperation_mode=st.sampled_from([None, None, None, *CooperationMode]),
    price_way=st.sampled_from([None, None, None, *PriceWay]),
    readiness_from=st.sampled_from([None, None, None, 1, 5, 6]),
    readiness_to=st.sampled_from([None, None, None, 1, 5]),
    price_from=st.sampled_from([None, None, None, *map(Decimal, ["0", "0.01", "300", "500.01"])]),
    price_to=st.sampled_from([None, None, None, *map(Decimal, ["0", "99.99", "100", "250"])]),
)


def meets(row: Listing, asked: Criteria, by: Actor, paths: dict[str, str]) -> bool:
    """Judge a listing as one would who reads it."""
    texts = [row.title, row.body, *row.keywords]
    texts += [f"{b['heading']} {b['text']}" for b in row.blocks if b["secrecy"] == Secrecy.PUBLIC]
    text = folded("\n".join(texts))
    words = [folded(word).strip('"') for word in asked.words.split()]
    if "高温合金" in words and '"' not in asked.words:
        words = ["高温", "合金"]  # A loose term stands for its dictionary words.
    low, high = row.price_from, row.price_to
    has_price = low is not None or high is not None

    def below(key: str | None, code: str | None) -> bool:
        return code is None or (key is not None and code in paths[key].split("/"))

    return (
        all(word in text for word in words)
        and (asked.market in (None, row.market) and asked.side in (None, row.side))
        and asked.state in (None, row.state)
        and asked.price_way in (None, row.price_way)
        and (
            asked.waiting is None
            or (
                row.waiting is asked.waiting
                and (by.has(*REVIEWERS) or row.organization_id == by.organization)
            )
        )
        and below(row.field_id, asked.field)
        and below(row.region_id, asked.region)
        and (asked.cooperation_mode is None or asked.cooperation_mode in row.cooperation_modes)
        and (asked.readiness_from is None or (row.readiness or 0) >= asked.readiness_from)
        and (asked.readiness_to is None or 0 < (row.readiness or 0) <= asked.readiness_to)
        and (
            asked.price_from is None
            or (has_price and (LARGEST if high is None else high) >= asked.price_from)
        )
        and (asked.price_to is None or (has_price and (low or 0) <= asked.price_to))
    )


def walked(asked: Criteria, by: Actor, order: Order | None, *, is_backward: bool) -> list[Hit]:
    """Return all that is found, page by page."""
    hits: list[Hit] = []
    after = None
    while True:
        page = search.page(asked, by=by, order=order, after=after, is_backward=is_backward, size=7)
        hits += page
        if len(page) < 7:
            return hits
        after = page[-1].position


def test_what_is_found_is_what_may_be_seen_and_meets_the_criteria(everybody, world) -> None:
    paths = dict(
        Code.objects.filter(edition__in=["fields-2001", "gbt2260-2024"]).values_list("key", "path")
    )
    seen = {name: list(Listing.objects.visible_to(by)) for name, by in everybody.items()}
    assert len({len(rows) for rows in seen.values()}) > 5

    @settings(max_examples=150)
    @given(st.sampled_from(sorted(everybody)), CRITERIA, st.sampled_from([None, *Order]))
    def check(name: str, asked: Criteria, order: Order | None) -> None:
        by = everybody[name]
        fitting = [row for row in seen[name] if meets(row, asked, by, paths)]
        expected = {row.pk for row in fitting}
        hits = walked(asked, by, order, is_backward=False)
        assert [hit.listing for hit in hits] == list(dict.fromkeys(hit.listing for hit in hits))
        assert {hit.listing for hit in hits} == expected
        assert walked(asked, by, order, is_backward=True) == hits[::-1]
        rows = {row.pk: row for row in fitting}
        if search.order_of(asked, order) is Order.DATE:
            keys = [(rows[hit.listing].listed_at, hit.listing) for hit in hits]
            assert keys == sorted(keys, reverse=True)
        else:
            order_keys = [(-hit.position[0], rows[hit.listing].health, hit.listing) for hit in hits]
            assert order_keys == sorted(order_keys, reverse=True)
        everything = [row.pk for row in world]
        assert set(search.matching(asked, by=by, among=everything)) == expected
        assert {
            row.pk for row in search.narrowed(Listing.objects.visible_to(by), asked, by=by)
        } == (expected)
        counts = search.facets(
            asked, [Facet.MARKET, Facet.COOPERATION_MODE, Facet.READINESS], by=by
        )
        assert counts.total == len(expected)
        for facet, free, values in (
            (Facet.MARKET, {"market": None}, lambda row: [row.market]),
            (Facet.COOPERATION_MODE, {"cooperation_mode": None}, lambda row: row.cooperation_modes),
            (
                Facet.READINESS,
                {"readiness_from": None, "readiness_to": None},
                lambda row: [] if row.readiness is None else [str(row.readiness)],
            ),
        ):
            others = replace(asked, **free)
            assert counts.facets[facet] == Counter(
                value
                for row in seen[name]
                if meets(row, others, by, paths)
                for value in values(row)
            )

    check()


# --- words ------------------------------------------------------------------------------------


def test_numbers_of_words_never_change() -> None:
    """Rows hold them, so a new word gets the next one."""
    assert [number_of(state) for state in ListingState] == list(range(1, 11))
    assert number_of(ListingState.PUBLISHED) == 5
    assert [bit_of(mode) for mode in CooperationMode] == [1, 2, 4, 8, 16, 32]
    assert list(Market) == ["technology", "talent", "capital"]
    assert list(Side) == ["offer", "need"]
    assert list(PriceWay) == ["negotiated", "listed_price", "auction", "free_first"]
    assert list(Purpose) == ["entry", "change", "exit"]


def test_every_character_and_every_word_of_a_listing_is_found(
    as_agent, as_reviewer, as_anonymous
) -> None:
    text = "镍基高温合金（GH4169）的涂层，Al₂O₃ coatings 与 C-19；𠮷"
    listing = build_markets.need(
        by=as_agent,
        reviewer=as_reviewer,
        title="鑫" + text[:10],
        body=text,
        keywords=["龘龘"],
        blocks=[{"heading": "齉", "text": "爨", "secrecy": Secrecy.PUBLIC}],
    )
    characters = [*(each for each in text if ord(each) > 0x3000 and each.isalnum()), *"鑫龘齉爨"]
    words = ["GH4169", "gh", "4169", "coating", "COATINGS", "C-19", "c19", "al2o3"]
    for each in [*characters, *words, "镍基 coating", '"高温合金"', "“的涂层”"]:
        assert found(Criteria(words=each), as_anonymous) == [listing.pk], each
    for each in ["镍钴", "GH4168", '"合金高温"', "c18", "鑫鑫"]:
        assert found(Criteria(words=each), as_anonymous) == [], each


def test_better_hits_come_first(as_agent, as_reviewer, as_anonymous) -> None:
    texts = [
        {"title": "钨铜触头", "body": "无", "keywords": []},
        {"title": "钨的触头", "body": "无", "keywords": ["铜"]},
        {"title": "材料", "body": "采用钨铜触头", "keywords": []},
        {"title": "材料", "body": "铜与钨，各种触头", "keywords": []},
    ]
    listings = [
        build_markets.need(by=as_agent, reviewer=as_reviewer, **words) for words in reversed(texts)
    ]
    assert found(Criteria(words="钨 铜 触头"), as_anonymous)[0] == listings[-1].pk
    assert found(Criteria(words="钨 铜 触头"), as_anonymous)[1] == listings[-2].pk
    newest_first = [row.pk for row in reversed(listings)]
    assert found(Criteria(words="钨 铜 触头"), as_anonymous, order=Order.DATE) == newest_first


# --- at once ----------------------------------------------------------------------------------


def test_a_listing_is_found_from_the_moment_it_is_published_until_it_is_not(
    as_agent, as_reviewer, as_anonymous, as_stranger
) -> None:
    asked = Criteria(words="钽电容")
    listing = reviews.draft(
        Listing,
        build_markets.words(title="钽电容", body="求购"),
        market=Market.TECHNOLOGY,
        side=Side.NEED,
        by=as_agent,
    )

    def seen() -> list[bool]:
        everybody = (as_anonymous, as_stranger, as_reviewer, as_agent)
        return [found(asked, by) == [listing.pk] for by in everybody]

    assert seen() == [False, False, False, True]
    listing = reviews.submit(listing, cleared_by="韩", by=as_agent)
    assert seen() == [False, False, True, True]
    listing = reviews.accept(listing, cleared_by="韩", by=as_reviewer)
    assert seen() == [True] * 4
    listing = actions.pause(listing, by=as_agent)
    assert seen() == [False, False, True, True]
    listing = actions.resume(listing, by=as_agent)
    assert seen() == [True] * 4
    listing = reviews.change(listing, {"title": "铌电容"}, by=as_agent)
    listing = reviews.submit_change(listing, cleared_by="韩", by=as_agent)
    assert seen() == [True] * 4
    assert found(Criteria(words="铌电容"), as_agent) == []
    listing = reviews.accept(listing, cleared_by="韩", by=as_reviewer)
    assert seen() == [False] * 4
    assert found(Criteria(words="铌电容"), as_anonymous) == [listing.pk]
    actions.withdraw(listing, by=as_agent)
    assert found(Criteria(words="铌电容"), as_anonymous) == []


def test_a_draft_is_found_by_its_new_words_at_once(as_agent) -> None:
    listing = reviews.draft(
        Listing,
        build_markets.words(title="钽"),
        market=Market.TECHNOLOGY,
        side=Side.NEED,
        by=as_agent,
    )
    reviews.change(listing, {"title": "铌"}, by=as_agent)
    assert found(Criteria(words="钽"), as_agent) == []
    assert found(Criteria(words="铌"), as_agent) == [listing.pk]


def test_a_spilled_listing_leaves_no_word_behind(as_agent, as_reviewer, as_secrecy_officer) -> None:
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, title="钽电容")
    reviews.spill(listing, reason="误填", by=as_secrecy_officer)
    for by in (as_agent, as_reviewer, as_secrecy_officer, Actor.system("test")):
        assert found(Criteria(words="钽电容"), by) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(words) FROM markets_findable")
        assert cursor.fetchall() == [(0,)]


def test_what_is_written_past_the_actions_is_found_by_its_codes(as_agent, as_reviewer) -> None:
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, region="610100")
    rows = Listing.objects.filter(pk=listing.pk)
    rows.update(region="gbt2260-2024:440300", price_from=None, price_to=7, readiness=2, health=3)
    asked = Criteria(region="440000", price_to=Decimal(1), readiness_to=2)
    assert found(asked, as_agent) == [listing.pk]
    assert found(Criteria(region="610000"), as_agent) == []
    assert Findable.objects.get().health == 3


def test_words_that_are_missing_are_work_to_be_done(as_agent, as_reviewer, as_anonymous) -> None:
    listing = build_markets.need(by=as_agent, reviewer=as_reviewer, title="钽电容")
    Findable.objects.update(words=None)
    assert found(Criteria(words="钽电容"), as_anonymous) == []
    assert index_words() == 1
    assert index_words() == 0
    assert found(Criteria(words="钽电容"), as_anonymous) == [listing.pk]


# --- leaks ------------------------------------------------------------------------------------


def test_nothing_secret_is_found_by_anybody(everybody, world) -> None:
    assert any(found(Criteria(words="公开"), by) for by in everybody.values())
    for name, by in everybody.items():
        for secret in build_search.SECRETS:
            asked = Criteria(words=secret)
            assert found(asked, by) == [], name
            counts = search.facets(asked, [Facet.MARKET], by=by)
            assert (counts.total, counts.facets[Facet.MARKET]) == (0, {}), name


def test_what_has_a_dual_use_is_neither_found_nor_counted_by_strangers(
    as_vetted_agent, as_reviewer, as_anonymous, as_stranger, as_vetted_reviewer, caller
) -> None:
    build_markets.need(
        by=as_vetted_agent,
        reviewer=as_vetted_reviewer,
        title="钽电容",
        dual_use="military_to_civil",
    )
    for by, number in ((as_anonymous, 0), (as_stranger, 0), (as_vetted_agent, 1)):
        assert len(found(Criteria(words="钽电容"), by)) == number
        answer = caller(by).get("/listings/facets", search="钽电容", facet="market,field,region")
        assert answer.json()["count"] == number
        assert any(answer.json()["facets"].values()) == bool(number)


# --- over HTTP --------------------------------------------------------------------------------


def test_a_search_shows_where_its_words_stand(caller, as_agent, as_reviewer, as_anonymous) -> None:
    build_markets.need(
        by=as_agent,
        reviewer=as_reviewer,
        title="钽电容",
        body="求购" + "甲" * 300 + "固体钽电容器" + "乙" * 300,
    )
    ask = caller(as_anonymous).get
    [row] = ask("/listings", search="钽电容").json()["results"]
    assert row["highlights"]["title"] == [["钽电容", True]]
    body = row["highlights"]["body"]
    assert ["钽电容", True] in body
    assert sum(len(text) for text, _ in body) <= 162
    [row] = ask("/listings").json()["results"]
    assert row["highlights"] is None


@pytest.mark.parametrize("sort", Order.values())
def test_pages_go_on_and_back_while_listings_come_in(
    sort, caller, as_agent, as_reviewer, as_anonymous
) -> None:
    mine = [build_markets.need(by=as_agent, reviewer=as_reviewer) for _ in range(7)]
    reader = caller(as_anonymous)

    def page(address: str) -> dict[str, Any]:
        answer = reader.get(address.partition("/api/v1")[2])
        assert answer.status_code == 200, answer.json()
        return answer.json()

    first = page(f"/api/v1/listings?sort={sort}&search={quote('轴承钢')}&page_size=3")
    assert first["previous"] is None
    build_markets.need(by=as_agent, reviewer=as_reviewer)
    second = page(first["next"])
    third = page(second["next"])
    assert third["next"] is None
    pages = (first, second, third)
    keys = [row["id"] for each in pages for row in each["results"]]
    assert keys == [str(row.pk) for row in reversed(mine)]
    back = page(third["previous"])
    assert [row["id"] for row in back["results"]] == [row["id"] for row in second["results"]]
    front = page(back["previous"])
    assert [row["id"] for row in front["results"]] == [row["id"] for row in first["results"]]
    # What came in meanwhile stands before the first page.
    assert len(page(front["previous"])["results"]) == 1


@pytest.mark.parametrize("cursor", ["x", "WzFd", "e30", "WyJkYXRlIiwxLDIsMyw0XQ", "é"])
def test_a_cursor_that_is_none_of_ours_is_refused(cursor, caller, as_anonymous) -> None:
    answer = caller(as_anonymous).get(f"/listings?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "cursor")


def test_a_cursor_of_another_order_is_refused(caller, as_agent, as_reviewer, as_anonymous) -> None:
    for _ in range(2):
        build_markets.need(by=as_agent, reviewer=as_reviewer)
    ask = caller(as_anonymous).get
    link = ask("/listings", page_size=1).json()["next"]
    cursor = link.partition("cursor=")[2].partition("&")[0]
    assert ask(f"/listings?sort=health&cursor={cursor}").status_code == 400
    assert ask(f"/listings?cursor={cursor}").status_code == 200


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("", {"search": "…—"}, "no_word"),
        ("", {"sort": "price"}, "invalid_choice"),
        ("", {"readiness_to": "0"}, "min_value"),
        ("", {"region": "61010"}, "unknown_code"),
        ("", {"facet": "market"}, "unknown_filter"),
        ("", {"search": "x" * 201}, "max_length"),
        ("/facets", {}, "required"),
        ("/facets", {"facet": "colour"}, "facet"),
        ("/facets", {"facet": "market,side,field,region,readiness"}, "facet"),
        ("/facets", {"facet": "market", "sort": "date"}, "unknown_filter"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(
    path, query, code, language, as_anonymous, caller
) -> None:
    reader = caller(as_anonymous)
    reader.headers["Accept-Language"] = language
    answer = reader.get(f"/listings{path}", **query)
    assert answer.status_code == 400, answer.json()
    [error] = answer.json()["errors"]
    assert error["code"] == code
    assert any("一" <= each <= "鿿" for each in error["detail"]) == (language == "zh")


def test_facets_of_codes_go_down_with_the_code_that_is_chosen(
    caller, as_agent, as_reviewer, as_anonymous
) -> None:
    places = ["610113", "610113", "610102", "610400", "440300", "610000"]
    for place, field in zip(places, ["05", "0701", "0702", "07", "05", "05"], strict=True):
        build_markets.need(by=as_agent, reviewer=as_reviewer, region=place, field=field)
    reader = caller(as_anonymous)

    def counted(facet: str, **query: str) -> dict[str, int]:
        answer = reader.get("/listings/facets", facet=facet, **query)
        assert answer.status_code == 200, answer.json()
        return {each["value"]: each["count"] for each in answer.json()["facets"][facet]}

    assert counted("region") == {"610000": 5, "440000": 1}
    assert counted("region", region="610000") == {"610100": 3, "610400": 1, "610000": 1}
    assert counted("region", region="610100") == {"610113": 2, "610102": 1}
    # Below it there is nothing: those beside it can be chosen.
    assert counted("region", region="610113") == {"610113": 2, "610102": 1}
    assert counted("field") == {"05": 3, "07": 3}
    assert counted("field", field="05") == {"05": 3, "07": 3}
    assert counted("field", field="07") == {"0701": 1, "0702": 1, "07": 1}
    assert counted("field", field="0701", region="610100") == {"0701": 1, "0702": 1}
    assert counted("market", field="07", region="610113") == {"technology": 1}


def test_a_page_and_its_counts_need_the_same_few_queries_however_much_there_is(
    caller, as_agent, as_reviewer, as_anonymous, django_assert_num_queries
) -> None:
    reader, member = caller(as_anonymous), caller(as_agent)
    for _ in range(2):
        for _ in range(3):
            build_markets.need(by=as_agent, reviewer=as_reviewer)
        with django_assert_num_queries(2):
            reader.get("/listings")
        with django_assert_num_queries(3):
            member.get("/listings")
        # Within the transaction of a test there is a savepoint, and the settings are put back.
        with django_assert_num_queries(6):
            reader.get("/listings?search=轴承钢&sort=date")
        with django_assert_num_queries(6):
            reader.get("/listings?search=轴承钢&market=technology")
        with django_assert_num_queries(7):
            reader.get("/listings?search=轴承钢&region=610100")
        with django_assert_num_queries(5):
            reader.get("/listings/facets?search=轴承钢&facet=market,field,region")
