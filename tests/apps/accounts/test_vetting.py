"""Which organizations may know of dual-use things, and who is told so."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts import actions
from apps.accounts.models import Membership, Organization, User
from apps.journal.models import Entry
from marketplace.actors import OFFICE_ROLES, Actor, Role
from marketplace.errors import Conflict, Missing, Refused, Stale
from marketplace.organizations import OrganizationKind
from tests.conftest import credit_code_of


def verbs(organization):
    return list(
        Entry.objects.filter(subject_id=str(organization.pk))
        .order_by("id")
        .values_list("verb", flat=True)
    )


def test_a_secrecy_officer_vets_and_unvets(works, as_secrecy_officer, secrecy_officer):
    vetted = actions.vet(works, by=as_secrecy_officer)
    assert vetted.vetted_at is not None
    assert vetted.vetted_by == secrecy_officer
    unvetted = actions.unvet(vetted, by=as_secrecy_officer)
    assert (unvetted.vetted_at, unvetted.vetted_by) == (None, None)
    works.refresh_from_db()
    assert works.vetted_at is None
    assert verbs(works) == ["organization.vetted", "organization.unvetted"]
    assert Entry.objects.get(verb="organization.vetted").parties == [works.pk]


@pytest.mark.parametrize("act", [actions.vet, actions.unvet])
@pytest.mark.parametrize(
    "who", ["as_agent", "as_reviewer", "as_administrator", "as_statistician", "as_stranger"]
)
def test_no_other_role_vets(request, works, act, who):
    actor = request.getfixturevalue(who)
    with pytest.raises(Refused) as refused:
        act(works, by=actor)
    assert refused.value.code == "wrong_role"
    assert verbs(works) == []


def test_the_clockwork_vets_nobody(works):
    with pytest.raises(Refused) as refused:
        actions.vet(works, by=Actor.system("vet"))
    assert refused.value.code == "no_person"


def test_nobody_vets_an_organization_of_their_own(works, as_secrecy_officer, secrecy_officer):
    Membership.objects.create(user=secrecy_officer, organization=works, role=Role.RESEARCHER)
    with pytest.raises(Refused) as refused:
        actions.vet(works, by=as_secrecy_officer)
    assert refused.value.code == "own_organization"


def test_the_officer_of_an_office_answers_for_its_people(office, as_secrecy_officer):
    assert actions.vet(office, by=as_secrecy_officer).vetted_at is not None


def test_an_organization_is_vetted_once(vetted_works, as_secrecy_officer):
    with pytest.raises(Conflict) as conflict:
        actions.vet(vetted_works, by=as_secrecy_officer)
    assert conflict.value.code == "vetted_already"
    actions.unvet(vetted_works, by=as_secrecy_officer)
    with pytest.raises(Conflict) as conflict:
        actions.unvet(vetted_works, by=as_secrecy_officer)
    assert conflict.value.code == "not_vetted"


@pytest.fixture
def unverified(as_stranger):
    return actions.register_organization(
        name="新厂",
        kind=OrganizationKind.COMPANY,
        credit_code_text=credit_code_of(88),
        region="610100",
        by=as_stranger,
    )


def test_an_organization_nobody_verified_is_unknown_to_the_secrecy_officer(
    unverified, as_secrecy_officer, office, secrecy_officer
):
    with pytest.raises(Missing):
        actions.vet(unverified, by=as_secrecy_officer)
    both = Membership.objects.create(
        user=secrecy_officer, organization=office, role=Role.ADMINISTRATOR
    )
    with pytest.raises(Conflict) as conflict:
        actions.vet(unverified, by=both.user.as_actor(organization=office.pk))
    assert conflict.value.code == "not_verified"


def test_an_old_version_vets_nothing(works, as_secrecy_officer):
    with pytest.raises(Stale):
        actions.vet(works, by=as_secrecy_officer, expected=works.version + 1)
    assert verbs(works) == []


@pytest.mark.parametrize("column", ["vetted_at", "vetted_by"])
def test_nobody_is_vetted_by_nobody(vetted_works, column):
    with pytest.raises(IntegrityError, match="vetted_by_somebody"), transaction.atomic():
        Organization.objects.filter(pk=vetted_works.pk).update(**{column: None})


def test_what_is_not_verified_cannot_be_vetted(vetted_works, unverified, administrator):
    given = {"vetted_at": timezone.now(), "vetted_by": administrator}
    with pytest.raises(IntegrityError, match="verified_before"), transaction.atomic():
        Organization.objects.filter(pk=unverified.pk).update(**given)
    with pytest.raises(IntegrityError, match="verified_before"), transaction.atomic():
        Organization.objects.filter(pk=vetted_works.pk).update(verified_at=None, verified_by=None)


# --- the actor --------------------------------------------------------------------------------


def test_an_actor_is_vetted_as_the_organization_acted_for_is(
    agent, works, other_works, vetted_works, as_secrecy_officer, django_assert_num_queries
):
    for organization in (works, other_works):
        Membership.objects.create(user=agent, organization=organization, role=Role.COMPANY_AGENT)
    with django_assert_num_queries(1):
        assert agent.as_actor(organization=works.pk).is_vetted
    assert agent.as_actor().is_vetted
    assert not agent.as_actor(organization=other_works.pk).is_vetted
    actions.unvet(vetted_works, by=as_secrecy_officer)
    assert not agent.as_actor(organization=works.pk).is_vetted


def test_who_acts_for_nobody_is_not_vetted(stranger, as_anonymous):
    assert not stranger.as_actor().is_vetted
    assert not as_anonymous.is_vetted


def test_a_key_is_vetted_as_its_organization_is_now(caller, as_agent, works, as_secrecy_officer):
    program, path = caller(as_agent), f"/organizations/{works.pk}"
    assert program.get(path).json()["is_vetted"] is False
    actions.vet(works, by=as_secrecy_officer)
    assert program.get(path).json()["is_vetted"] is True


# --- over HTTP --------------------------------------------------------------------------------


def test_vetting_over_http(caller, works, as_secrecy_officer):
    officer, path = caller(as_secrecy_officer), f"/organizations/{works.pk}"
    etag = officer.get(path)["ETag"]
    assert officer.post(f"{path}/vet").status_code == 428
    wrong = officer.post(f"{path}/vet", {"for": "ever"}, etag=etag)
    assert (wrong.status_code, verbs(works)) == (400, [])
    vetted = officer.post(f"{path}/vet", etag=etag)
    assert (vetted.status_code, vetted.json()["is_vetted"]) == (200, True)
    again = officer.post(f"{path}/vet", etag=vetted["ETag"])
    assert (again.status_code, again.json()["code"]) == (409, "vetted_already")
    unvetted = officer.post(f"{path}/unvet", etag=vetted["ETag"])
    assert (unvetted.status_code, unvetted.json()["is_vetted"]) == (200, False)
    again = officer.post(f"{path}/unvet", etag=unvetted["ETag"])
    assert (again.status_code, again.json()["code"]) == (409, "not_vetted")
    assert verbs(works) == ["organization.vetted", "organization.unvetted"]


@pytest.mark.parametrize("move", ["vet", "unvet"])
def test_strangers_change_nothing(caller, works, as_agent, as_stranger, as_administrator, move):
    for actor in (as_agent, as_stranger, as_administrator):
        answer = caller(actor).post(f"/organizations/{works.pk}/{move}", etag=f'"{works.pk}.1"')
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_role")
    assert caller(Actor.anonymous()).post(f"/organizations/{works.pk}/{move}").status_code == 401
    assert verbs(works) == []


def test_who_has_no_business_with_it_is_not_told_who_is_vetted(
    request, caller, works, as_secrecy_officer, as_stranger, as_researcher, as_agent, as_reviewer
):
    def seen(actor):
        program = caller(actor)
        one = program.get(f"/organizations/{works.pk}").json()
        listed = program.get("/organizations", credit_code=works.credit_code).json()["results"]
        assert listed == [one]
        return one

    before = [seen(actor) for actor in (as_stranger, as_researcher)]
    assert [one["is_vetted"] for one in before] == [None, None]
    actions.vet(works, by=as_secrecy_officer)
    # Not even from a version that rises.
    assert [seen(actor) for actor in (as_stranger, as_researcher)] == before
    told = [seen(actor)["is_vetted"] for actor in (as_agent, as_reviewer, as_secrecy_officer)]
    assert told == [True, True, True]
    for actor in (as_stranger, as_researcher):
        assert caller(actor).get("/journal", verb="organization.vetted").json()["results"] == []


def test_nobody_narrows_organizations_by_their_vetting(caller, as_stranger):
    assert caller(as_stranger).get("/organizations", is_vetted="true").status_code == 400


# --- the role, and the console ----------------------------------------------------------------


def test_a_secrecy_officer_is_an_officer(as_administrator, office, works, stranger):
    assert Role.SECRECY_OFFICER in OFFICE_ROLES
    membership = actions.grant(stranger, office, role=Role.SECRECY_OFFICER, by=as_administrator)
    stranger.refresh_from_db()
    assert stranger.is_staff
    actions.end(membership, by=as_administrator)
    stranger.refresh_from_db()
    assert not stranger.is_staff


@pytest.fixture
def console(as_secrecy_officer):
    officer = User.objects.get(pk=as_secrecy_officer.user)
    officer.is_staff = True
    officer.save(update_fields=["is_staff"])
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(officer)
    return browser


def test_a_secrecy_officer_vets_at_the_console(console, works):
    page = f"/console/accounts/organization/{works.pk}"
    shown = console.get(f"{page}/change/").content.decode()
    assert f"{page}/move/vet/" in shown
    assert f"{page}/move/unvet/" not in shown
    assert f"{page}/move/verify/" not in shown
    answer = console.post(f"{page}/move/vet/", {"version": works.version})
    assert answer.status_code == 302
    works.refresh_from_db()
    assert works.vetted_at is not None
    assert f"{page}/move/unvet/" in console.get(f"{page}/change/").content.decode()
    listed = console.get("/console/accounts/organization/", {"vetted_at__isempty": "0"})
    assert works.name in listed.content.decode()
