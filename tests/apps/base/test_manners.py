"""The manners that every address of the API keeps."""

import json
import threading
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import Organization
from apps.base.actions import forget_answers
from apps.base.models import StoredAnswer
from tests.conftest import credit_code_of


def body(number=55, **changes):
    return {
        "name": "新厂",
        "kind": "company",
        "credit_code": credit_code_of(number),
        "region": "610100",
    } | changes


def raw(program, content, content_type="application/json", path="/organizations"):
    return program.client.generic(
        "POST",
        f"/api/v1{path}",
        content,
        content_type=content_type,
        headers={**program.headers, "Idempotency-Key": uuid4().hex},
    )


# --- problems ---------------------------------------------------------------------------------


def test_a_problem_has_a_type_a_code_and_the_request_id(caller, as_stranger):
    program = caller(as_stranger)
    program.headers["X-Request-ID"] = "trace-12345"
    answer = program.post("/organizations", body(region="1"))
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["X-Request-ID"] == "trace-12345"
    problem = answer.json()
    assert (problem["type"], problem["request_id"]) == ("urn:problem:unknown_code", "trace-12345")


def test_a_problem_speaks_the_language_of_its_reader(caller, as_stranger):
    titles = {}
    for language in ("en", "zh-CN"):
        program = caller(as_stranger)
        program.headers["Accept-Language"] = language
        titles[language] = program.get(f"/organizations/{uuid4()}").json()["title"]
    assert titles["en"] == "There is nothing here that you may see."
    assert any("一" <= c <= "鿿" for c in titles["zh-CN"])


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        ('{"name": ', "application/json", 400),
        ('{"name": "\\u0000"}', "application/json", 400),
        ('{"name": "\\ud800"}', "application/json", 400),
        ('{"name": NaN}', "application/json", 400),
        ('{"name": 1e400}', "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        ("[" * 200_000, "application/json", 400),
        ("[]", "application/json", 400),
        ('"text"', "application/json", 400),
        ("", "application/json", 400),
        ("name=x", "application/x-www-form-urlencoded", 415),
        ("<a/>", "text/xml", 415),
        (json.dumps({"name": "x" * 5_000_000}), "application/json", 413),
    ],
    ids=lambda v: str(v)[:24],
)
def test_an_unreadable_body_is_a_clear_problem(caller, as_stranger, content, content_type, status):
    before = Organization.objects.count()
    answer = raw(caller(as_stranger), content, content_type)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert Organization.objects.count() == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/organizations?nonsense=1", 400),
        ("/organizations?cursor=nonsense", 400),
        ("/organizations?cursor=cD1ub25zZW5zZQ==", 400),
        ("/organizations?page_size=0", 400),
        ("/organizations?page_size=1e3", 400),
        ("/organizations?kind=circus", 400),
        ("/organizations?name=%00", 400),
        ("/organizations/nonsense", 404),
        ("/nowhere", 404),
    ],
)
def test_an_address_that_makes_no_sense_is_a_clear_problem(caller, as_stranger, path, status):
    program = caller(as_stranger)
    answer = program.client.get(f"/api/v1{path}", headers=program.headers)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_a_method_that_an_address_does_not_know_is_405(caller, as_stranger):
    answer = caller(as_stranger).delete("/organizations")
    assert (answer.status_code, answer.json()["method"]) == (405, "DELETE")
    assert "GET" in answer["Allow"]


def test_too_many_requests_are_told_when_to_come_back(caller, as_stranger, monkeypatch):
    from apps.base.api.throttling import Throttle

    monkeypatch.setattr(Throttle, "THROTTLE_RATES", {"known": "2/min", "anonymous": "2/min"})
    program = caller(as_stranger)
    answers = [program.get("/organizations") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 61


# --- repeats ----------------------------------------------------------------------------------


def test_a_repeated_post_acts_once_and_answers_the_same(caller, as_stranger):
    program = caller(as_stranger)
    first = program.post("/organizations", body(), key="k")
    again = program.post("/organizations", body(), key="k")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert (first["ETag"], first["Location"]) == (again["ETag"], again["Location"])
    assert Organization.objects.filter(name="新厂").count() == 1


def test_the_same_key_for_another_request_is_refused(caller, as_stranger):
    program = caller(as_stranger)
    program.post("/organizations", body(), key="k")
    for answer in (
        program.post("/organizations", body(56), key="k"),
        program.post("/api-keys", body(), key="k"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_the_same_key_of_somebody_else_is_another_key(caller, as_stranger, as_agent):
    caller(as_stranger).post("/organizations", body(), key="k")
    assert caller(as_agent).post("/organizations", body(56), key="k").status_code == 201


def test_a_refusal_is_not_remembered(caller, as_stranger):
    program = caller(as_stranger)
    assert program.post("/organizations", body(region="1"), key="k").status_code == 422
    assert not StoredAnswer.objects.exists()
    assert program.post("/organizations", body(), key="k").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "a b"])
def test_a_post_without_a_usable_key_is_refused(caller, as_stranger, key):
    program = caller(as_stranger)
    answer = program.client.post(
        "/api/v1/organizations",
        body(),
        content_type="application/json",
        headers={**program.headers, "Idempotency-Key": key},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


def test_answers_older_than_a_day_are_forgotten(caller, as_stranger):
    program = caller(as_stranger)
    program.post("/organizations", body(), key="k")
    assert forget_answers() == 0
    StoredAnswer.objects.update(created_at="2020-01-01T00:00:00Z")
    assert program.post("/organizations", body(), key="k").json()["code"] == "credit_code_taken"
    assert forget_answers() == 1


@pytest.mark.django_db(transaction=True)
def test_a_repeat_in_flight_is_told_so(caller, as_stranger):
    program, answers = caller(as_stranger), []

    def go():
        client = Client(raise_request_exception=False)
        answers.append(
            client.post(
                "/api/v1/organizations",
                body(),
                content_type="application/json",
                headers={**program.headers, "Idempotency-Key": "k"},
            ).status_code
        )
        connection.close()

    threads = [threading.Thread(target=go) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert answers.count(201) >= 1
    assert set(answers) <= {201, 409}
    assert Organization.objects.filter(name="新厂").count() == 1


# --- pages ------------------------------------------------------------------------------------


def test_pages_show_every_row_once_even_when_rows_come_in_between(caller, as_stranger):
    program = caller(as_stranger)
    for number in range(20, 27):
        program.post("/organizations", body(number, name=f"厂{number}"))
    seen, path = [], "/api/v1/organizations?page_size=3"
    while path:
        page = program.client.get(path, headers=program.headers).json()
        seen += [row["id"] for row in page["results"]]
        if len(seen) == 3:
            program.post("/organizations", body(27, name="晚来"))
        path = page["next"]
    assert len(seen) == len(set(seen)) == 8  # the seven and the caller's own works
    assert seen == sorted(seen, reverse=True)


# --- versions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("etag", "status"), [("", 428), ("*", 428), ('"nonsense"', 412), ('W/"1"', 412)]
)
def test_a_change_names_the_version_it_was_decided_on(
    caller, as_administrator, institute, etag, status
):
    answer = caller(as_administrator).post(f"/organizations/{institute.pk}/verify", etag=etag)
    assert answer.status_code == status


# --- health -----------------------------------------------------------------------------------


def test_health_says_how_far_behind_each_reader_is(client, db):
    assert client.get("/health/live").json() == {"status": "alive"}
    ready = client.get("/health/ready").json()
    assert (ready["status"], ready["redis"]) == ("ready", "answers")
    assert {"waiting", "set_aside", "lag"} == set.union(
        *map(set, ready["readers"].values()), set()
    ) or not ready["readers"]
