"""Saved searches: kept, changed, stopped, resumed, removed; nobody else's business."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.finding import actions
from apps.finding.api.serializers import SearchCriteria
from apps.finding.models import Alert, Hit, SavedSearch
from apps.journal.models import Entry
from apps.markets.api.filters import ListingFilter
from marketplace.errors import Refused
from marketplace.finding import MOST_SEARCHES
from tests.build import finding as build
from tests.build import markets as build_markets

GIVEN = {
    "name": "西安的轴承钢",
    "criteria": {
        "search": "轴承钢",
        "market": "technology",
        "region": "610000",
        "price_to": "500000.00",
        "readiness_from": 4,
    },
    "frequency": "daily",
    "language": "zh-hans",
}


def test_a_search_is_kept_shown_and_written_down_without_what_it_is_for(caller, as_agent):
    answer = caller(as_agent).post("/saved-searches", GIVEN)
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert {name: said[name] for name in GIVEN} == GIVEN
    assert (said["is_active"], said["last_alerted_at"]) == (True, None)
    search = SavedSearch.objects.get(pk=said["id"])
    assert search.stop_key not in answer.content.decode()
    entry = Entry.objects.get(verb="saved_search.saved")
    assert (entry.facts, entry.parties, entry.sealed) == ({}, [], None)
    assert caller(as_agent).get(answer["Location"].removeprefix("/api/v1")).json() == said


def test_a_search_knows_the_words_of_the_list_of_listings():
    words = set(ListingFilter.base_filters) - {"state", "waiting", "sort", "facet"}
    assert set(SearchCriteria().fields) == words


@pytest.mark.parametrize(
    ("words", "pointer", "status"),
    [
        ({"criteria": {"colour": "red"}}, "/criteria/colour", 400),
        ({"criteria": {"state": "draft"}}, "/criteria/state", 400),
        ({"criteria": {"market": "weapons"}}, "/criteria/market", 400),
        ({"criteria": {"price_from": "-1"}}, "/criteria/price_from", 400),
        ({"criteria": {"readiness_from": 10}}, "/criteria/readiness_from", 400),
        ({"criteria": {"organization": "none"}}, "/criteria/organization", 400),
        ({"criteria": {"search": ""}}, "/criteria/search", 400),
        ({"criteria": {"search": 5}}, "/criteria/search", 400),
        ({"criteria": "all"}, "/criteria", 400),
        ({"criteria": {"region": "999999"}}, "/criteria/region", 422),
        ({"criteria": {"field": "x"}}, "/criteria/field", 422),
        ({"criteria": {"search": "!?"}}, "/criteria/search", 422),
        ({"frequency": "hourly"}, "/frequency", 400),
        ({"language": "fr"}, "/language", 400),
        ({"name": ""}, "/name", 400),
        ({"name": "x" * 81}, "/name", 400),
        ({"name": "a\u200bb"}, "/name", 422),
        ({"stop_key": "x" * 43}, "/stop_key", 400),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(
    caller, as_agent, words, pointer, status
):
    answer = caller(as_agent).post("/saved-searches", GIVEN | words)
    assert answer.status_code == status, answer.content
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not SavedSearch.objects.exists()


def test_a_name_is_one_line():
    assert actions._name("  轴承 \r\nBcc: all\t") == "轴承 Bcc: all"


def test_a_name_is_used_once_by_a_person_and_freely_by_others(caller, as_agent, as_researcher):
    program = caller(as_agent)
    assert program.post("/saved-searches", GIVEN).status_code == 201
    answer = program.post("/saved-searches", GIVEN)
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert caller(as_researcher).post("/saved-searches", GIVEN).status_code == 201


def test_a_person_keeps_no_more_than_fifty(caller, as_agent):
    for number in range(MOST_SEARCHES):
        build.search(by=as_agent, name=f"第 {number}")
    answer = caller(as_agent).post("/saved-searches", GIVEN)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_searches")
    actions.remove(SavedSearch.objects.first(), by=as_agent)
    assert caller(as_agent).post("/saved-searches", GIVEN).status_code == 201


def test_other_criteria_take_the_place_of_the_former_ones(caller, as_agent):
    program = caller(as_agent)
    kept = program.post("/saved-searches", GIVEN)
    path = f"/saved-searches/{kept.json()['id']}"
    assert program.patch(path, {"name": "x"}).status_code == 428
    answer = program.patch(path, {"criteria": {"side": "need"}}, etag=kept["ETag"])
    assert answer.status_code == 200, answer.content
    assert (answer.json()["criteria"], answer.json()["name"]) == ({"side": "need"}, GIVEN["name"])
    assert program.patch(path, {"name": "x"}, etag=kept["ETag"]).status_code == 412
    same = program.patch(path, {"criteria": {"side": "need"}}, etag=answer["ETag"])
    assert same["ETag"] == answer["ETag"]
    wrong = program.patch(path, {"criteria": {"region": "999999"}}, etag=answer["ETag"])
    assert wrong.status_code == 422
    assert Entry.objects.get(verb="saved_search.changed").facts == {"fields": ["criteria"]}


def test_stopped_and_resumed_twice_is_once(caller, as_agent):
    program = caller(as_agent)
    kept = program.post("/saved-searches", GIVEN)
    path = f"/saved-searches/{kept.json()['id']}"
    stopped = program.post(f"{path}/stop", etag=kept["ETag"])
    assert (stopped.status_code, stopped.json()["is_active"]) == (200, False)
    assert program.post(f"{path}/stop", etag=stopped["ETag"])["ETag"] == stopped["ETag"]
    assert program.get("/saved-searches", is_active="true").json()["results"] == []
    resumed = program.post(f"{path}/resume", etag=stopped["ETag"])
    assert (resumed.status_code, resumed.json()["is_active"]) == (200, True)
    verbs = Entry.objects.filter(verb__startswith="saved_search.").values_list("verb", flat=True)
    assert list(verbs.order_by("pk")) == [
        "saved_search.saved",
        "saved_search.stopped",
        "saved_search.resumed",
    ]


def test_a_search_is_removed_with_all_that_it_told(caller, as_agent, as_researcher, as_reviewer):
    search = build.search(by=as_agent)
    build_markets.offer(by=as_researcher, reviewer=as_reviewer)
    build.alert(search)
    program = caller(as_agent)
    etag = program.get(f"/saved-searches/{search.pk}")["ETag"]
    assert program.delete(f"/saved-searches/{search.pk}").status_code == 428
    assert program.delete(f"/saved-searches/{search.pk}", etag=etag).status_code == 204
    assert not SavedSearch.objects.exists()
    assert not Hit.objects.exists()
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "who", ["as_stranger", "as_researcher", "as_reviewer", "as_administrator", "as_secrecy_officer"]
)
def test_a_search_is_nobody_elses_business(caller, as_agent, who, request):
    search = build.search(by=as_agent)
    other = caller(request.getfixturevalue(who))
    path = f"/saved-searches/{search.pk}"
    etag = f'"{search.pk}.1"'
    assert other.get("/saved-searches").json()["results"] == []
    for answer in (
        other.get(path),
        other.patch(path, {"name": "x"}, etag=etag),
        other.delete(path, etag=etag),
        other.post(f"{path}/stop", etag=etag),
        other.post(f"{path}/resume", etag=etag),
        other.get(f"/saved-searches/{uuid4()}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    search.refresh_from_db()
    assert (search.version, search.is_active) == (1, True)


def test_colleagues_read_nothing_of_it_in_the_journal(caller, as_agent, second_reviewer, works):
    build.search(by=as_agent)
    entries = Entry.objects.filter(verb="saved_search.saved")
    assert not entries.filter(parties__contains=[works.pk]).exists()


def test_who_acts_for_nobody_keeps_no_search(stranger):
    with pytest.raises(Refused):
        build.search(by=stranger.as_actor())
    assert not SavedSearch.objects.exists()


def test_what_is_no_word_of_ours_is_kept_out_by_the_table(as_agent):
    search = build.search(by=as_agent)
    for wrong in ({"frequency": "hourly"}, {"language": "fr"}, {"name": ""}, {"stop_key": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedSearch.objects.filter(pk=search.pk).update(**wrong)


def test_a_page_of_searches_takes_a_fixed_number_of_queries(caller, as_agent):
    program = caller(as_agent)
    counts = []
    for number in (1, 9):
        for each in range(number):
            build.search(by=as_agent, name=f"{number}.{each}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert program.get("/saved-searches").status_code == 200
        counts.append(len(queries))
    assert counts == [2, 2]


# --- the link in every mail --------------------------------------------------------------------

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def passer_by():
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def test_one_click_stops_without_signing_in_and_twice_is_fine(passer_by, as_agent):
    search = build.search(by=as_agent)
    for _time in range(2):
        answer = passer_by.post(f"/alerts/stop/{search.stop_key}", ONE_CLICK)
        assert answer.status_code == 200
        assert not answer.cookies
    search.refresh_from_db()
    assert (search.is_active, search.version) == (False, 2)
    entry = Entry.objects.get(verb="saved_search.stopped")
    assert (entry.actor_user, entry.parties, entry.facts) == (None, [], {})


def test_one_click_may_come_as_any_form(passer_by, as_agent):
    search = build.search(by=as_agent)
    passer_by.generic(
        "POST",
        f"/alerts/stop/{search.stop_key}",
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )
    search.refresh_from_db()
    assert not search.is_active


def test_to_follow_the_link_stops_nothing(passer_by, as_agent):
    search = build.search(by=as_agent)
    path = f"/alerts/stop/{search.stop_key}"
    for answer in (passer_by.get(path), passer_by.head(path), passer_by.post(path, {"x": "y"})):
        assert answer.status_code in (200, 400)
    search.refresh_from_db()
    assert search.is_active


@pytest.mark.parametrize(
    ("language", "button", "done"),
    [("zh-hans", "停止提醒", "已停止"), ("en", "Stop the alerts", "are stopped")],
)
def test_the_page_speaks_the_language_of_the_mail(passer_by, as_agent, language, button, done):
    search = build.search(by=as_agent, language=language)
    path = f"/alerts/stop/{search.stop_key}"
    page = passer_by.get(path, headers={"Accept-Language": "de"})
    assert (page["Content-Language"], page["X-Robots-Tag"]) == (language, "noindex")
    assert "no-store" in page["Cache-Control"]
    text = page.content.decode()
    assert f'lang="{language}"' in text
    assert button in text
    assert "<script" not in text
    assert done in passer_by.post(path, ONE_CLICK).content.decode()
    assert button not in passer_by.get(path).content.decode()


def test_a_name_is_no_markup(passer_by, as_agent):
    search = build.search(by=as_agent, name="<script>alert(1)</script>")
    assert "<script" not in passer_by.get(f"/alerts/stop/{search.stop_key}").content.decode()


def test_a_wrong_key_is_a_page_there_is_not(passer_by, as_agent):
    search = build.search(by=as_agent)
    wrong = search.stop_key[:-1] + ("A" if search.stop_key[-1] != "A" else "B")
    for key in (wrong, "x", str(search.pk), "k" * 5000):
        for answer in (
            passer_by.get(f"/alerts/stop/{key}"),
            passer_by.post(f"/alerts/stop/{key}", ONE_CLICK),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    search.refresh_from_db()
    assert search.is_active


def test_keys_are_random_and_different(as_agent):
    keys = {build.search(by=as_agent, name=str(number)).stop_key for number in range(9)}
    assert len(keys) == 9
    assert {len(key) for key in keys} == {43}
