"""Owners agree to one wording of what was made in the course of duty."""

from dataclasses import replace

import pytest

from apps.pools.models import Project
from apps.reviews import actions
from apps.reviews import actions as reviews
from apps.reviews.models import Consent
from marketplace.actors import Actor
from marketplace.errors import Conflict, Invalid, Missing, Refused
from marketplace.pools import PoolState
from marketplace.secrecy import DualUse
from tests.build import pools as build_pools
from tests.callers import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(as_researcher: Actor, as_reviewer: Actor) -> Project:
    return build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.DRAFT)


def submitted(project: Project, by: Actor) -> Project:
    return reviews.submit(project, cleared_by="韩保密", by=by)


def test_without_the_managers_consent_nothing_is_submitted(
    project: Project, as_researcher: Actor
) -> None:
    with pytest.raises(Invalid) as caught:
        submitted(project, as_researcher)
    assert [cause.code for cause in caught.value.causes] == ["consent_missing"]
    project.refresh_from_db()
    assert project.state is PoolState.DRAFT


def test_with_it_the_project_is_submitted(
    project: Project, as_researcher: Actor, as_manager: Actor
) -> None:
    actions.consent(project, by=as_manager)
    assert submitted(project, as_researcher).state is PoolState.SUBMITTED


def test_a_consent_says_nothing_of_other_words(
    project: Project, as_researcher: Actor, as_manager: Actor
) -> None:
    actions.consent(project, by=as_manager)
    changed = reviews.change(project, {"title": "另一种轴承钢"}, by=as_researcher)
    with pytest.raises(Invalid):
        submitted(changed, as_researcher)


def test_a_consent_can_be_taken_back_and_given_again(
    project: Project, as_researcher: Actor, as_manager: Actor
) -> None:
    actions.consent(project, by=as_manager)
    actions.withdraw_consent(project, by=as_manager)
    with pytest.raises(Invalid):
        submitted(project, as_researcher)
    with pytest.raises(Conflict):
        actions.withdraw_consent(project, by=as_manager)
    actions.consent(project, by=as_manager)
    assert submitted(project, as_researcher).state is PoolState.SUBMITTED
    assert Consent.objects.filter(subject_id=project.pk).count() == 2


def test_nobody_else_consents(
    project: Project, as_researcher: Actor, as_agent: Actor, as_stranger: Actor
) -> None:
    with pytest.raises(Refused):
        actions.consent(project, by=as_researcher)
    for by in (as_agent, as_stranger):
        with pytest.raises(Missing):
            actions.consent(project, by=by)
    assert not Consent.objects.exists()


def test_a_co_owner_sees_the_draft_whole_and_consents(
    as_researcher: Actor, as_manager: Actor, as_agent: Actor
) -> None:
    partner = build_pools.manager_of(as_agent.organization)
    owners = [
        {"organization": str(as_manager.organization), "share": "60.00"},
        {"organization": str(as_agent.organization), "share": "40.00"},
    ]
    project = reviews.draft(Project, build_pools.PROJECT | {"owners": owners}, by=as_researcher)
    assert Caller(as_agent).get(f"/projects/{project.pk}").status_code == 404
    assert Caller(partner).get(f"/projects/{project.pk}/wordings").status_code == 200
    actions.consent(project, by=as_manager)
    with pytest.raises(Invalid) as caught:
        submitted(project, as_researcher)
    (cause,) = caught.value.causes
    assert (cause.code, cause.field) == ("consent_missing", "consent")
    answer = Caller(partner).get(f"/projects/{project.pk}")
    consent = Caller(partner).post(f"/projects/{project.pk}/consent", {}, etag=answer["ETag"])
    assert consent.status_code == 200
    assert submitted(project, as_researcher).state is PoolState.SUBMITTED


def test_what_was_not_made_in_the_course_of_duty_needs_nobodys_consent(
    as_researcher: Actor, as_reviewer: Actor, as_manager: Actor
) -> None:
    free = build_pools.project(
        by=as_researcher,
        reviewer=as_reviewer,
        state=PoolState.DRAFT,
        is_service_invention=False,
    )
    with pytest.raises(Conflict):
        actions.consent(free, by=as_manager)
    assert submitted(free, as_researcher).state is PoolState.SUBMITTED


def test_a_co_owner_who_is_not_vetted_knows_nothing_of_what_has_a_dual_use(
    as_researcher: Actor, as_manager: Actor, as_agent: Actor
) -> None:
    partner = build_pools.manager_of(as_agent.organization)
    owners = [
        {"organization": str(as_manager.organization), "share": "60.00"},
        {"organization": str(as_agent.organization), "share": "40.00"},
    ]
    words = build_pools.PROJECT | {"owners": owners, "dual_use": DualUse.MILITARY_TO_CIVIL}
    project = reviews.draft(Project, words, by=as_researcher)
    assert not Project.objects.visible_to(partner).exists()
    vetted = replace(partner, is_vetted=True)
    assert list(Project.objects.visible_to(vetted)) == [project]
