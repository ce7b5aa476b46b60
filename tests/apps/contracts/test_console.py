"""The reviewers' queue in the console."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.contracts.models import Contract
from marketplace.actors import Actor
from marketplace.contracts import ContractState
from tests.build import contracts as build

pytestmark = pytest.mark.django_db

QUEUE = "/console/contracts/contract/"


def console(actor: Actor) -> Client:
    User.objects.filter(pk=actor.user).update(is_staff=True)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(User.objects.get(pk=actor.user))
    return client


def test_two_reviewers_register_by_buttons(
    as_researcher: Actor, as_reviewer: Actor, as_second_reviewer: Actor
) -> None:
    people = {"author": as_researcher, "first": as_reviewer, "second": as_second_reviewer}
    row = build.contract(ContractState.SUBMITTED, **people)
    first, second = console(as_reviewer), console(as_second_reviewer)
    assert row.title in first.get(QUEUE, {"turn": "mine"}).content.decode()
    page = first.get(f"{QUEUE}{row.pk}/change/").content.decode()
    assert "苏州精密仪器公司" in page
    assert "move/accept/" in page
    assert "move/register/" not in page
    move = f"{QUEUE}{row.pk}/move/"
    assert first.post(f"{move}accept/", {"version": row.version}).status_code == 302
    review = {"version": row.version + 1, "recognised_amount": "8000000.01", "note": ""}
    assert first.post(f"{move}review/", review).status_code == 422
    review["recognised_amount"] = "6800000.00"
    assert first.post(f"{move}review/", review).status_code == 302
    assert row.title not in first.get(QUEUE, {"turn": "mine"}).content.decode()
    registration = {"version": row.version + 2, "note": ""}
    assert first.post(f"{move}register/", registration).status_code == 422
    assert second.post(f"{move}register/", registration).status_code == 302
    assert Contract.objects.get().state is ContractState.REGISTERED
    for place in ("ledgerentry", "registrationoffice"):
        assert second.get(f"/console/contracts/{place}/").status_code == 200


def test_a_refusal_by_button_names_its_ground(
    as_researcher: Actor, as_reviewer: Actor, as_second_reviewer: Actor
) -> None:
    people = {"author": as_researcher, "first": as_reviewer, "second": as_second_reviewer}
    row = build.contract(ContractState.ACCEPTED, **people)
    move = f"{QUEUE}{row.pk}/move/refuse/"
    given = {"version": row.version, "ground": "dislike", "note": "属于承揽合同。"}
    assert console(as_reviewer).post(move, given).status_code == 422
    given["ground"] = "not_a_technology_contract"
    assert console(as_reviewer).post(move, given).status_code == 302
    assert Contract.objects.get().state is ContractState.REFUSED
