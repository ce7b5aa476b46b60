"""People, organizations, memberships and keys."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts import actions
from apps.accounts.models import ApiKey, Membership, Organization, User
from apps.journal.models import Entry
from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Missing, Refused, Stale
from marketplace.organizations import OrganizationKind
from tests.conftest import credit_code_of

PASSWORD = "correct horse battery"


def verbs():
    return list(Entry.objects.order_by("id").values_list("verb", flat=True))


def sign_up(client, **changes):
    body = {"username": "newcomer", "name": "新人", "password": PASSWORD} | changes
    return client.post(
        "/api/v1/people", body, content_type="application/json", headers={"Accept-Language": "en"}
    )


@pytest.fixture
def browser(db):
    return Client()


def test_a_newcomer_signs_up_signs_in_and_enters_an_organization(browser):
    assert sign_up(browser).status_code == 201
    session = browser.post(
        "/api/v1/session",
        {"username": "newcomer", "password": PASSWORD},
        content_type="application/json",
    )
    assert session.status_code == 200
    assert session.json()["memberships"] == []
    entered = browser.post(
        "/api/v1/organizations",
        {
            "name": "新公司",
            "kind": "company",
            "credit_code": credit_code_of(77),
            "region": "610100",
        },
        content_type="application/json",
        headers={"Idempotency-Key": "one"},
    )
    assert entered.status_code == 201, entered.content
    assert (entered.json()["region"], entered.json()["is_verified"]) == ("610100", False)
    memberships = browser.get("/api/v1/session").json()["memberships"]
    assert [m["role"] for m in memberships] == ["organization_manager"]
    assert verbs() == ["person.signed_up", "organization.registered"]
    assert browser.delete("/api/v1/session").status_code == 204
    assert browser.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"password": "12345678"}, 422, "weak_password"),
        ({"username": "a b"}, 400, "invalid_input"),
        ({"name": "\x00"}, 400, "unreadable"),
        ({"name": ""}, 400, "invalid_input"),
        ({"nickname": "x"}, 400, "invalid_input"),
    ],
)
def test_a_wrong_sign_up_makes_nobody(browser, changes, status, code):
    answer = sign_up(browser, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not User.objects.exists()


def test_a_user_name_is_taken_once(browser):
    sign_up(browser)
    assert sign_up(browser).json()["code"] == "username_taken"
    assert User.objects.count() == 1


def test_passwords_are_kept_by_argon2(browser, settings):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
    sign_up(browser)
    assert User.objects.get().password.startswith("argon2")


def test_five_wrong_passwords_lock_the_name_and_say_for_how_long(browser):
    sign_up(browser)
    wrong = {"username": "newcomer", "password": "no"}
    statuses = [
        browser.post("/api/v1/session", wrong, content_type="application/json").status_code
        for _ in range(6)
    ]
    assert statuses[:4] == [401] * 4
    locked = browser.post(
        "/api/v1/session", wrong | {"password": PASSWORD}, content_type="application/json"
    )
    assert locked.status_code == 429
    assert locked["Retry-After"] == "901"


def test_a_session_acts_only_for_an_organization_of_its_person(browser, as_researcher, works):
    browser.force_login(User.objects.get(pk=as_researcher.user))
    own, foreign = as_researcher.organization, works.pk
    assert browser.get("/api/v1/session", headers={"Acting-For": str(own)}).status_code == 200
    assert browser.get("/api/v1/session", headers={"Acting-For": str(foreign)}).status_code == 403
    assert browser.get("/api/v1/session", headers={"Acting-For": "nonsense"}).status_code == 403


def test_a_browser_without_a_csrf_token_changes_nothing(as_researcher):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(pk=as_researcher.user))
    answer = browser.post(
        "/api/v1/organizations",
        {},
        content_type="application/json",
        headers={"Idempotency-Key": "x"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")


# --- keys -------------------------------------------------------------------------------------


def key_body(**changes):
    ends = (timezone.now() + timedelta(days=30)).isoformat()
    return {"name": "etl", "scopes": ["accounts:read"], "expires_at": ends} | changes


def test_a_key_is_shown_once_and_kept_as_a_digest(caller, as_researcher):
    program = caller(as_researcher)
    answer = program.post("/api-keys", key_body(), key="k1")
    assert answer.status_code == 201
    secret = answer.json()["key"]
    kept = ApiKey.objects.get(pk=answer.json()["id"])
    assert secret not in str(vars(kept))
    again = program.post(
        "/api-keys", key_body() | {"expires_at": answer.json()["expires_at"]}, key="k1"
    )
    assert again.status_code in (409, 422)
    assert "key" not in again.json()


def test_the_same_key_request_again_does_not_tell_the_secret_again(caller, as_researcher):
    program, body = caller(as_researcher), key_body()
    assert program.post("/api-keys", body, key="k1").status_code == 201
    again = program.post("/api-keys", body, key="k1")
    assert (again.status_code, again.json()["code"]) == (409, "secret_already_shown")
    assert ApiKey.objects.filter(name="etl").count() == 1


def test_a_key_does_only_what_its_scopes_allow(caller, as_researcher):
    program = caller(as_researcher)
    program.headers["Authorization"] = (
        f"Bearer {program.post('/api-keys', key_body()).json()['key']}"
    )
    assert program.get("/organizations").status_code == 200
    assert program.get("/journal").status_code == 403
    refused = program.post("/api-keys", key_body())
    assert (refused.status_code, ApiKey.objects.filter(name="etl").count()) == (403, 1)


@pytest.mark.parametrize("fate", ["revoked", "expired", "inactive", "nonsense"])
def test_a_dead_key_opens_nothing(caller, as_researcher, fate):
    program = caller(as_researcher)
    key = ApiKey.objects.get()
    if fate == "revoked":
        answer = program.post(f"/api-keys/{key.pk}/revoke", etag=f'"{key.pk}.1"')
        assert answer.status_code == 200
    elif fate == "expired":
        ApiKey.objects.update(
            created_at=timezone.now() - timedelta(2), expires_at=timezone.now() - timedelta(1)
        )
    elif fate == "inactive":
        User.objects.filter(pk=as_researcher.user).update(is_active=False)
    else:
        program.headers["Authorization"] = "Bearer 你好"
    answer = program.get("/organizations")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_a_key_acts_with_the_roles_its_person_has_now(caller, as_manager, manager, institute):
    program = caller(as_manager)
    given = {"username": "x", "organization": str(institute.pk), "role": "researcher"}
    assert program.post("/memberships", given).json()["code"] == "unknown_person"
    researcher = actions.grant(manager, institute, role=Role.RESEARCHER, by=as_manager)
    actions.end(Membership.objects.get(role=Role.ORGANIZATION_MANAGER), by=as_manager)
    assert program.post("/memberships", given).json()["code"] == "wrong_role"
    assert program.get("/memberships").status_code == 200
    actions.end(researcher, by=as_manager)
    # Who has left the organization has no key to it.
    assert program.get("/memberships").status_code == 401


# --- organizations ----------------------------------------------------------------------------


def register(program, **changes):
    body = {
        "name": "新厂",
        "kind": "company",
        "credit_code": credit_code_of(88),
        "region": "610100",
    } | changes
    return program.post("/organizations", body)


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"credit_code": credit_code_of(88)[:-1] + "*"}, 422, "credit_code_form", "/credit_code"),
        ({"credit_code": "91350100M000100Y44"}, 422, "credit_code_check", "/credit_code"),
        ({"region": "999999"}, 422, "unknown_code", "/region"),
        ({"kind": "circus"}, 400, "invalid_input", "/kind"),
        ({"kind": "office"}, 403, "wrong_kind", None),
        ({"name": "x" * 201}, 400, "invalid_input", "/name"),
    ],
)
def test_a_wrong_organization_is_not_entered(caller, as_stranger, changes, status, code, pointer):
    before = Organization.objects.count()
    answer = register(caller(as_stranger), **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert Organization.objects.count() == before


def test_a_credit_code_belongs_to_one_organization(caller, as_stranger):
    program = caller(as_stranger)
    assert register(program).status_code == 201
    answer = register(program, name="again")
    assert (answer.status_code, answer.json()["code"]) == (409, "credit_code_taken")


def test_an_unverified_organization_is_hidden_from_others(
    caller, as_stranger, as_agent, as_administrator
):
    entered = register(caller(as_stranger)).json()
    path = f"/organizations/{entered['id']}"
    statuses = [caller(a).get(path).status_code for a in (as_stranger, as_agent, as_administrator)]
    assert statuses == [200, 404, 200]


def test_an_administrator_verifies_once(caller, as_stranger, as_administrator):
    entered = register(caller(as_stranger)).json()
    officer = caller(as_administrator)
    etag = officer.get(f"/organizations/{entered['id']}")["ETag"]
    path = f"/organizations/{entered['id']}/verify"
    assert caller(as_stranger).post(path, etag=etag).status_code == 403
    assert officer.post(path).status_code == 428
    first = officer.post(path, etag=etag)
    assert (first.status_code, first.json()["is_verified"]) == (200, True)
    assert officer.post(path, etag=etag).status_code == 412
    assert officer.post(path, etag=first["ETag"]).json()["code"] == "verified_already"


def test_nobody_is_verified_by_nobody(institute):
    with pytest.raises(IntegrityError, match="verified_by_somebody"), transaction.atomic():
        Organization.objects.filter(pk=institute.pk).update(verified_by=None)


# --- memberships ------------------------------------------------------------------------------


def test_a_manager_gives_roles_that_suit_his_organization(caller, as_manager, stranger):
    program, body = (
        caller(as_manager),
        {"username": "stranger", "organization": str(as_manager.organization)},
    )
    given = program.post("/memberships", body | {"role": "researcher"})
    assert given.status_code == 201, given.content
    twice = program.post("/memberships", body | {"role": "researcher"})
    assert (twice.status_code, twice.json()["code"]) == (409, "role_held_already")
    wrong = program.post("/memberships", body | {"role": "reviewer"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "role_does_not_suit")
    nobody = program.post("/memberships", body | {"role": "researcher", "username": "nobody"})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "unknown_person")


def test_a_manager_gives_no_roles_elsewhere(as_manager, stranger, works):
    with pytest.raises(Refused):
        actions.grant(stranger, works, role=Role.COMPANY_AGENT, by=as_manager)
    assert not Membership.objects.filter(user=stranger).exists()


def test_office_roles_open_and_close_the_console(as_administrator, office, stranger):
    membership = actions.grant(stranger, office, role=Role.REVIEWER, by=as_administrator)
    stranger.refresh_from_db()
    assert stranger.is_staff
    actions.end(membership, by=as_administrator)
    stranger.refresh_from_db()
    assert not stranger.is_staff


def test_the_last_administrator_stays(as_administrator):
    membership = Membership.objects.get(role=Role.ADMINISTRATOR)
    with pytest.raises(Conflict) as caught:
        actions.end(membership, by=as_administrator)
    assert caught.value.code == "last_administrator"
    membership.refresh_from_db()
    assert membership.ended_at is None


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_dismiss_each_other(as_administrator, office, stranger):
    actions.grant(stranger, office, role=Role.ADMINISTRATOR, by=as_administrator)
    other = stranger.as_actor(organization=office.pk)
    outcomes = []

    def go(membership, by):
        try:
            actions.end(membership, by=by)
            outcomes.append("ended")
        except (Conflict, Refused, Missing):
            outcomes.append("refused")
        finally:
            connection.close()

    rows = {m.user_id: m for m in Membership.objects.filter(role=Role.ADMINISTRATOR)}
    threads = [
        threading.Thread(target=go, args=(rows[other.user], as_administrator)),
        threading.Thread(target=go, args=(rows[as_administrator.user], other)),
    ]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(outcomes) == ["ended", "refused"]
    assert Membership.objects.current().filter(role=Role.ADMINISTRATOR).count() == 1


def test_an_old_version_decides_nothing(as_manager, researcher, institute):
    membership = actions.grant(researcher, institute, role=Role.RESEARCHER, by=as_manager)
    with pytest.raises(Stale):
        actions.end(membership, by=as_manager, expected=membership.version + 1)


def test_an_office_is_founded_by_the_clockwork_alone(administrator, as_administrator):
    given = {"name": "新登记处", "credit_code_text": credit_code_of(99), "region": "610100"}
    with pytest.raises(Refused):
        actions.found_office(**given, administrator=administrator, by=as_administrator)
    office = actions.found_office(**given, administrator=administrator, by=Actor.system("found"))
    assert (office.kind, office.verified_by) == (OrganizationKind.OFFICE, administrator)


def test_a_person_needs_an_invitation_to_see_a_membership(
    caller, as_manager, as_stranger, researcher, institute
):
    membership = actions.grant(researcher, institute, role=Role.RESEARCHER, by=as_manager)
    assert caller(as_manager).get(f"/memberships/{membership.pk}").status_code == 200
    assert caller(as_stranger).get(f"/memberships/{membership.pk}").status_code == 404


def test_a_wrong_code_text_is_an_error_of_its_field(as_stranger):
    with pytest.raises(Invalid):
        actions.register_organization(
            name="x",
            kind=OrganizationKind.COMPANY,
            credit_code_text="1",
            region="610100",
            by=as_stranger,
        )
