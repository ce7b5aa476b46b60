"""The console shows the figures, and changes none."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.statistics import actions
from apps.statistics.models import Figure
from marketplace.actors import Actor
from tests.build import statistics as build

pytestmark = pytest.mark.django_db


def sign_in(user: User) -> Client:
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("table", ["figure", "foldrun", "verification"])
def test_a_statistician_looks_at_figures_and_runs(
    table: str, as_statistician: Actor, statistician: User
) -> None:
    build.entry()
    actions.fold(by=as_statistician)
    actions.verify(by=as_statistician)
    client = sign_in(statistician)
    assert client.get(f"/console/statistics/{table}/").status_code == 200
    assert client.get(f"/console/statistics/{table}/add/").status_code == 403


def test_a_figure_cannot_be_changed_at_the_console(
    as_statistician: Actor, statistician: User
) -> None:
    build.entry()
    actions.fold(by=as_statistician)
    figure = Figure.objects.get()
    client = sign_in(statistician)
    address = f"/console/statistics/figure/{figure.pk}"
    assert client.get(f"{address}/change/").status_code == 200
    assert client.post(f"{address}/change/", {"count": 5}).status_code == 403
    assert client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    figure.refresh_from_db()
    assert figure.count == 1


def test_others_see_no_figures_at_the_console(as_agent: Actor, agent: User) -> None:
    client = sign_in(agent)
    assert client.get("/console/statistics/figure/").status_code == 403
