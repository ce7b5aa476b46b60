"""No view without a scope, and no key that outlives what it stood for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from apps.accounts import actions
from apps.accounts.models import Membership
from apps.base.api.permissions import KeyScope
from apps.base.api.views import ActorView
from apps.taxonomy.models import Code
from marketplace.actors import KINDS, SCOPES, Actor
from marketplace.organizations import OrganizationKind
from marketplace.pools import PoolState
from tests.build import pools as build_pools
from tests.callers import Caller, read_out
from tests.conftest import credit_code_of


def _views(patterns: list[Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
            view: Any = pattern.callback
            yield path, getattr(view, "cls", None) or view.view_class


VIEWS = sorted(set(_views(get_resolver().url_patterns)), key=lambda found: found[0])


@pytest.mark.parametrize(("path", "view"), VIEWS, ids=[path for path, _view in VIEWS])
def test_every_view_asks_a_key_for_a_scope(path, view):
    assert issubclass(view, ActorView)
    assert view.scope in KINDS
    assert all(issubclass(each, KeyScope) for each in view.permission_classes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_reads_what_its_scopes_name_and_nothing_else(as_statistician, kind):
    program = Caller(as_statistician)
    _key, secret = actions.create_key(
        name="narrow",
        scopes=[f"{kind}:read"],
        expires_at=timezone.now() + timedelta(days=1),
        by=as_statistician,
    )
    program.headers["Authorization"] = f"Bearer {secret}"
    for path, view in VIEWS:
        if "<" not in path and hasattr(view, "http_method_names"):
            answer = program.get(f"/{path.removeprefix('api/v1/')}")
            read_out(answer)
            if answer.status_code == 405:
                continue
            assert (answer.status_code == 403) == (view.scope != kind), (path, answer.content)
    assert program.post("/projects", {}).status_code == 403


def test_a_key_makes_no_key_that_may_do_more(as_researcher):
    program = Caller(as_researcher)
    soon = timezone.now() + timedelta(days=1)
    _key, secret = actions.create_key(
        name="narrow", scopes=["accounts:write"], expires_at=soon, by=as_researcher
    )
    program.headers["Authorization"] = f"Bearer {secret}"
    wish = {"name": "wide", "scopes": ["deals:read"], "expires_at": soon.isoformat()}
    assert program.post("/api-keys", wish).json()["code"] == "scope_too_wide"


def test_who_has_left_an_organization_reads_nothing_of_it_with_an_old_key(
    as_researcher: Actor, as_reviewer: Actor, as_manager: Actor
) -> None:
    program = Caller(as_researcher)
    draft = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.DRAFT)
    assert program.get(f"/projects/{draft.pk}").status_code == 200
    actions.end(Membership.objects.get(user=as_researcher.user), by=as_manager)
    paths = (f"/projects/{draft.pk}", "/projects", "/journal", "/contracts", "/notices", "/session")
    for path in paths:
        assert program.get(path).status_code == 401, path
    assert program.post("/projects", {}).status_code == 401


def test_a_key_of_somebody_without_an_organization_still_reads(stranger):
    program = Caller(stranger.as_actor())
    assert program.get("/session").json()["acting_for"] is None
    assert program.get("/projects").status_code == 200


def test_a_filter_does_not_tell_which_organizations_there_are(caller, as_agent, as_stranger):
    hidden = actions.register_organization(
        name="未核实",
        kind=OrganizationKind.COMPANY,
        credit_code_text=credit_code_of(77),
        region=Code.objects.get(pk="gbt2260-2024:610100").code,
        by=as_stranger,
    )
    answers = [
        caller(as_agent).get("/memberships", organization=str(pk)) for pk in (hidden.pk, uuid4())
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (200, answers[0].content)
    }


def test_an_unknown_id_and_one_that_is_hidden_look_the_same(caller, as_agent, as_researcher):
    draft = build_pools.project(by=as_researcher, reviewer=as_researcher, state=PoolState.DRAFT)
    program = caller(as_agent)
    said = set()
    for pk in (draft.pk, uuid4()):
        for answer in (
            program.get(f"/projects/{pk}"),
            program.patch(f"/projects/{pk}", {"nonsense": 1}),
            program.post(f"/projects/{pk}/admit", {"nonsense": 1}),
        ):
            assert "ETag" not in answer
            problem = answer.json()
            problem.pop("request_id")
            said.add((answer.status_code, str(problem)))
    assert len(said) == 1


def test_every_scope_belongs_to_some_view():
    assert {view.scope for _path, view in VIEWS} == set(KINDS)
    assert len(SCOPES) == 2 * len(KINDS)
