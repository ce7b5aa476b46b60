"""Runs over HTTP and at the console."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.retrieval import tasks
from apps.retrieval.actions import runs
from apps.retrieval.models import Run
from marketplace.actors import Actor
from marketplace.listings import Market
from marketplace.runs import RunKind, RunState

pytestmark = pytest.mark.django_db

CLOCK = Actor.system("test")
WORDS = {"kind": "refit", "market": "technology"}


def stuck(market: Market = Market.TECHNOLOGY) -> Run:
    run = runs.begin_run(RunKind.REFIT, market, by=CLOCK)
    tasks._run_piece()
    reason = "Learning was broken off {times} times."
    return runs.get_stuck(run, reason, {"times": 3}, by=CLOCK)


def test_an_administrator_begins_a_run_and_sees_how_far_it_comes(caller, as_administrator):
    me = caller(as_administrator)
    answer = me.post("/retrieval-runs", WORDS)
    assert answer.status_code == 201, answer.content
    run = answer.json()
    assert (run["kind"], run["market"], run["state"]) == ("refit", "technology", "waiting")
    assert (run["step"], run["done"], run["whole"], run["reason"]) == ("count", 0, 0, "")
    assert run["moves"] == ["cancel"]
    tasks.run()
    run = me.get(f"/retrieval-runs/{run['id']}").json()
    assert (run["state"], run["moves"]) == ("done", [])
    assert run["ended_at"] >= run["began_at"]
    kinds = [each["kind"] for each in me.get("/retrieval-runs").json()["results"]]
    assert kinds == ["rematch", "refit"]


def test_it_is_cancelled_and_resumed_by_who_saw_its_version(caller, as_administrator):
    me = caller(as_administrator)
    answer = me.post("/retrieval-runs", WORDS)
    path = f"/retrieval-runs/{answer.json()['id']}"
    assert me.post(f"{path}/cancel").status_code == 428
    first = answer["ETag"]
    answer = me.post(f"{path}/cancel", etag=first)
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert me.post(f"{path}/resume", etag=first).status_code == 412
    answer = me.post(f"{path}/resume", etag=answer["ETag"])
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    assert me.post(f"{path}/resume", etag=answer["ETag"]).status_code == 409


def test_there_is_one_at_a_time(caller, as_administrator):
    me = caller(as_administrator)
    assert me.post("/retrieval-runs", WORDS).status_code == 201
    answer = me.post("/retrieval-runs", WORDS)
    assert (answer.status_code, answer.json()["code"]) == (409, "run_is_under_way")


@pytest.mark.parametrize(
    ("words", "status"),
    [({"kind": "flea"}, 400), ({"market": "flea"}, 400), ({"colour": "red"}, 400)],
)
def test_what_is_no_run_is_refused(words, status, caller, as_administrator):
    assert caller(as_administrator).post("/retrieval-runs", WORDS | words).status_code == status


def test_it_says_why_it_is_stuck(caller, as_statistician):
    run = stuck()
    answer = caller(as_statistician).get(f"/retrieval-runs/{run.pk}").json()
    assert (answer["state"], answer["reason"]) == (*("stuck", "Learning was broken off 3 times."),)
    assert answer["moves"] == ["cancel", "resume"]


def test_others_do_not_see_it(caller, as_researcher, as_broker):
    run = stuck()
    for actor in (as_researcher, as_broker):
        me = caller(actor)
        assert me.get("/retrieval-runs").json()["results"] == []
        assert me.get(f"/retrieval-runs/{run.pk}").status_code == 404
        assert me.post("/retrieval-runs", WORDS).status_code == 403


def test_the_console_shows_how_far_it_has_come(administrator, as_administrator):
    User.objects.filter(pk=administrator.pk).update(is_staff=True)
    run = stuck()
    Run.objects.filter(pk=run.pk).update(done=1200, whole=3400)
    client = Client()
    client.force_login(User.objects.get(pk=administrator.pk))
    page = client.get(reverse("admin:retrieval_run_changelist"), headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "1,200 / 3,400" in page.content.decode()
    shown = client.get(reverse("admin:retrieval_run_change", args=[run.pk]))
    assert shown.status_code == 200
    assert client.post(reverse("admin:retrieval_run_change", args=[run.pk])).status_code == 403
    assert run.state is RunState.STUCK
