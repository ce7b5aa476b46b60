"""Tables over HTTP."""

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from openpyxl import load_workbook

from apps.exchange import tasks
from apps.exchange.models import Import
from apps.markets.models import Listing
from apps.reviews import actions as reviews
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from tests.build import exchange as build
from tests.callers import Caller

CLEARANCE = {"no_state_secret": "true", "cleared_by": "王保密"}


def handed_in(
    caller: Caller, content: bytes, name: str = "needs.xlsx", key: str = "", **words: Any
) -> HttpResponse:
    given = {"kind": "technology_need", **CLEARANCE, **words}
    return caller.client.post(
        "/api/v1/imports",
        {**given, "file": SimpleUploadedFile(name, content)},
        headers={**caller.headers, "Idempotency-Key": key or uuid4().hex},
    )


def streamed(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_table_is_handed_in_checked_and_committed(caller, as_researcher):
    me = caller(as_researcher)
    answer = handed_in(me, build.xlsx([build.need(1), build.need(2)]))
    assert answer.status_code == 201, answer.content
    job = answer.json()
    assert (job["state"], job["rows_total"], job["name"]) == ("uploaded", None, "needs.xlsx")
    assert job["moves"] == ["check", "cancel"]
    path = f"/imports/{job['id']}"
    answer = me.post(f"{path}/check", etag=answer["ETag"])
    assert answer.json()["state"] == "checking"
    tasks.step()
    answer = me.get(path)
    job = answer.json()
    assert (job["state"], job["rows_done"], job["rows_total"]) == ("checked", 2, 2)
    assert (job["rows_created"], job["faults_total"]) == (2, 0)
    assert job["check_seconds"] > 0
    answer = me.post(f"{path}/commit", etag=answer["ETag"])
    assert answer.status_code == 200
    tasks.step()
    assert me.get(path).json()["state"] == "done"
    assert Listing.objects.count() == 2
    assert [each["id"] for each in me.get("/imports").json()["results"]] == [job["id"]]


def test_a_repeated_upload_is_one_import(caller, as_researcher):
    me, content = caller(as_researcher), build.xlsx([build.need(1)])
    first, second = (handed_in(me, content, key="once") for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert Import.objects.count() == 1


@pytest.mark.parametrize(
    ("language", "heading", "detail"),
    [("en", "Region", "“999999” is no code for Region"), ("zh-hans", "地区", "999999")],
)
def test_faults_are_told_in_the_language_of_the_reader(language, heading, detail, as_researcher):
    job = build.checked(
        build.xlsx([build.need(1, region="999999"), build.need(2)]), by=as_researcher
    )
    answer = Caller(as_researcher, language).get(f"/imports/{job.pk}/faults").json()
    [fault] = answer["results"]
    assert (fault["row"], fault["column"], fault["heading"]) == (2, "region", heading)
    assert fault["code"] == "unknown_code"
    assert detail in fault["detail"]


def test_faults_come_in_pages(caller, as_researcher):
    rows = [build.need(n, region="x") for n in range(1, 6)]
    job = build.checked(build.xlsx(rows), by=as_researcher)
    me = caller(as_researcher)
    first = me.get(f"/imports/{job.pk}/faults", page_size=3).json()
    assert [fault["row"] for fault in first["results"]] == [2, 3, 4]
    rest = me.client.get(first["next"], headers=me.headers).json()
    assert [fault["row"] for fault in rest["results"]] == [5, 6]


def test_what_has_faults_is_not_committed(caller, as_researcher):
    job = build.checked(build.xlsx([build.need(1, region="x")]), by=as_researcher)
    me = caller(as_researcher)
    etag = me.get(f"/imports/{job.pk}")["ETag"]
    answer = me.post(f"/imports/{job.pk}/commit", etag=etag)
    assert (answer.status_code, answer.json()["code"]) == (409, "import_has_faults")
    answer = me.post(f"/imports/{job.pk}/cancel", etag=etag)
    assert answer.json()["state"] == "cancelled"
    answer = me.post(f"/imports/{job.pk}/resume", etag=answer["ETag"])
    assert answer.json()["state"] == "checking"


@pytest.mark.parametrize(
    ("words", "name", "status"),
    [
        ({"kind": "flea"}, "a.xlsx", 400),
        ({"no_state_secret": "false"}, "a.xlsx", 422),
        ({"cleared_by": ""}, "a.xlsx", 400),
        ({"colour": "red"}, "a.xlsx", 400),
        ({}, "a.csv", 422),
        ({}, "a.pdf", 422),
    ],
)
def test_what_cannot_be_an_import_is_refused(words, name, status, caller, as_researcher):
    content = build.xlsx([build.need(1)])
    assert handed_in(caller(as_researcher), content, name, **words).status_code == status
    assert not Import.objects.exists()


def test_a_document_that_is_no_table_is_refused(caller, as_researcher):
    answer = handed_in(caller(as_researcher), "文本".encode(), "a.txt")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_table")


def test_strangers_find_nothing(caller, as_researcher, as_stranger, as_administrator, as_anonymous):
    job = build.begun(build.xlsx([build.need(1)]), by=as_researcher)
    for by in (as_stranger, as_administrator):
        other = caller(by)
        assert other.get("/imports").json()["results"] == []
        for path in ("", "/faults"):
            assert other.get(f"/imports/{job.pk}{path}").status_code == 404
        for move in ("check", "commit", "cancel", "resume"):
            answer = other.post(f"/imports/{job.pk}/{move}", etag=f'"{job.pk}.1"')
            assert answer.status_code == 404
    assert caller(as_anonymous).get(f"/imports/{job.pk}").status_code == 401


def test_who_begins_nothing_hands_nothing_in(caller, as_reviewer, as_researcher):
    content = build.xlsx([build.need(1)])
    assert handed_in(caller(as_reviewer), content).status_code == 403
    assert handed_in(caller(as_researcher), content, kind="fund").status_code == 403


@pytest.mark.parametrize("format", ["xlsx", "csv"])
@pytest.mark.parametrize("kind", list(DraftKind))
def test_every_kind_has_its_template_and_its_export(kind, format, caller, as_researcher):
    me = caller(as_researcher)
    answer = me.get(f"/templates/{kind}", file_format=format)
    assert answer.status_code == 200
    assert f"template-{kind}-" in answer["Content-Disposition"]
    answer = me.get(f"/exports/{kind}", file_format=format)
    assert answer.status_code == 200
    content = streamed(answer)
    if format == "xlsx":
        assert load_workbook(BytesIO(content)).active.max_row == 1
    else:
        assert content.startswith(b"\xef\xbb\xbfExternal reference*,")


def published(by: Actor, reviewer: Actor, **words: Any) -> None:
    build.done(build.xlsx([build.need(1, **words)]), by=by)
    listing = reviews.submit(Listing.objects.get(), cleared_by="王保密", by=by)
    reviews.accept(listing, cleared_by="孙", by=reviewer)


def test_an_export_is_narrowed_like_the_list(caller, as_manager, as_reviewer, as_stranger):
    published(as_manager, as_reviewer)
    other = caller(as_stranger)

    def lines(**query: Any) -> int:
        answer = other.get("/exports/technology_need", file_format="csv", **query)
        return streamed(answer).decode().count("\r\n") - 1

    assert lines() == 1
    assert lines(region="610000") == 1
    assert lines(region="440000") == 0
    assert lines(field="05", price_from="5") == 0
    assert other.get("/exports/technology_need", colour="red").status_code == 400
    assert other.get("/exports/technology_need", file_format="pdf").status_code == 400
    assert other.get("/exports/technology_offer", file_format="csv").status_code == 200
    assert other.get("/exports/flea").status_code == 404
    assert other.get("/templates/flea").status_code == 404


def test_passers_by_take_no_tables(caller, as_anonymous):
    assert caller(as_anonymous).get("/exports/project").status_code == 401
    assert caller(as_anonymous).get("/templates/project").status_code == 401
