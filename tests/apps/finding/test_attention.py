"""Favourites and views: what one wants to find again, and how much a listing is looked at."""

from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.finding.models import Favourite, Views
from apps.journal.models import Entry
from apps.markets import actions as markets
from marketplace.listings import ListingState
from tests.build import markets as build_markets


@pytest.fixture
def offer(as_researcher, as_reviewer):
    return build_markets.offer(by=as_researcher, reviewer=as_reviewer)


# --- favourites --------------------------------------------------------------------------------


def test_a_favourite_is_kept_once_and_removed_once(caller, as_agent, offer):
    program = caller(as_agent)
    first = program.post("/favourites", {"listing": str(offer.pk)})
    assert first.status_code == 201, first.content
    assert first["Location"] == f"/api/v1/favourites/{offer.pk}"
    again = program.post("/favourites", {"listing": str(offer.pk)})
    assert (again.status_code, again.json()) == (200, first.json())
    assert Favourite.objects.count() == 1
    [said] = program.get("/favourites").json()["results"]
    assert (said["listing"]["id"], said["listing"]["title"]) == (str(offer.pk), offer.title)
    assert program.delete(f"/favourites/{offer.pk}").status_code == 204
    assert program.delete(f"/favourites/{offer.pk}").status_code == 404
    assert program.get("/favourites").json()["results"] == []
    entries = Entry.objects.filter(verb__startswith="favourite.")
    assert [(entry.verb, entry.facts, entry.parties) for entry in entries.order_by("pk")] == [
        ("favourite.added", {}, []),
        ("favourite.removed", {}, []),
    ]
    assert not entries.filter(subject_id=str(offer.pk)).exists()


def test_the_newest_favourite_comes_first(caller, as_agent, as_researcher, as_reviewer):
    program = caller(as_agent)
    keys = []
    for _each in range(3):
        offer = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
        keys.append(str(offer.pk))
    for key in (keys[1], keys[2], keys[0]):
        program.post("/favourites", {"listing": key})
    said = program.get("/favourites").json()["results"]
    assert [each["listing"]["id"] for each in said] == [keys[0], keys[2], keys[1]]


def test_what_one_may_not_see_is_as_if_it_were_not_there(
    caller, as_agent, as_researcher, as_reviewer
):
    hidden = build_markets.offer(by=as_researcher, reviewer=as_reviewer, state=ListingState.DRAFT)
    program = caller(as_agent)
    said = {
        (answer.status_code, answer.json()["title"])
        for key in (hidden.pk, uuid4())
        for answer in (
            program.post("/favourites", {"listing": str(key)}),
            program.delete(f"/favourites/{key}"),
            program.get(f"/listings/{key}/views"),
            program.post(f"/listings/{key}/view"),
        )
    }
    assert len(said) == 1
    assert next(iter(said))[0] == 404
    assert not Favourite.objects.exists()
    assert not Views.objects.exists()


def test_a_favourite_that_is_hidden_is_not_shown_and_can_be_removed(
    caller, as_agent, as_researcher, offer
):
    program = caller(as_agent)
    program.post("/favourites", {"listing": str(offer.pk)})
    markets.pause(offer, by=as_researcher)
    assert program.get("/favourites").json()["results"] == []
    assert program.post("/favourites", {"listing": str(offer.pk)}).status_code == 404
    assert program.delete(f"/favourites/{offer.pk}").status_code == 204
    assert not Favourite.objects.exists()


def test_favourites_are_nobody_elses_business(caller, as_agent, as_stranger, as_manager, offer):
    caller(as_agent).post("/favourites", {"listing": str(offer.pk)})
    for other in (as_stranger, as_manager):
        assert caller(other).get("/favourites").json()["results"] == []
        assert caller(other).delete(f"/favourites/{offer.pk}").status_code == 404
    assert Favourite.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"listing": "x"}, {"listing": None}, {"colour": "red"}, []])
def test_what_cannot_be_meant_is_no_favourite(caller, as_agent, body):
    assert caller(as_agent).post("/favourites", body).status_code == 400
    assert not Favourite.objects.exists()


def test_a_page_of_favourites_takes_a_fixed_number_of_queries(
    caller, as_agent, as_researcher, as_reviewer
):
    program = caller(as_agent)
    counts = []
    for number in (1, 3):
        for _each in range(number):
            offer = build_markets.offer(by=as_researcher, reviewer=as_reviewer)
            program.post("/favourites", {"listing": str(offer.pk)})
        with CaptureQueriesContext(connection) as queries:
            assert program.get("/favourites").status_code == 200
        counts.append(len(queries))
    assert counts == [2, 2]


# --- views -------------------------------------------------------------------------------------


def test_views_are_counted_by_day_and_told_to_the_own_organization(
    caller, as_anonymous, as_agent, as_researcher, as_manager, offer
):
    for reader in (as_anonymous, as_agent, as_agent):
        answer = caller(reader).post(f"/listings/{offer.pk}/view")
        assert (answer.status_code, answer.content, answer.cookies) == (204, b"", {})
    Views.objects.create(listing=offer, day=date(2026, 1, 1), count=5)
    caller(as_agent).post("/favourites", {"listing": str(offer.pk)})
    today = Views.objects.latest("day")
    for own in (as_researcher, as_manager):
        assert caller(own).get(f"/listings/{offer.pk}/views").json() == {
            "views": 8,
            "favourites": 1,
            "days": [
                {"day": today.day.isoformat(), "count": 3},
                {"day": "2026-01-01", "count": 5},
            ],
        }


def test_a_view_needs_no_key_no_body_and_no_account(offer, client):
    assert client.post(f"/api/v1/listings/{offer.pk}/view").status_code == 204
    beacon = client.post(
        f"/api/v1/listings/{offer.pk}/view", b"x", content_type="text/plain;charset=UTF-8"
    )
    assert beacon.status_code == 204
    assert Views.objects.get().count == 2
    assert client.get(f"/api/v1/listings/{offer.pk}/view").status_code == 405


@pytest.mark.parametrize(
    "who", ["as_researcher", "as_manager", "as_reviewer", "as_administrator", "as_secrecy_officer"]
)
def test_the_own_organization_and_officers_are_not_counted(caller, offer, who, request):
    viewer = caller(request.getfixturevalue(who))
    assert viewer.post(f"/listings/{offer.pk}/view").status_code == 204
    assert not Views.objects.exists()


@pytest.mark.parametrize("who", ["as_agent", "as_stranger", "as_reviewer", "as_administrator"])
def test_others_are_not_told_how_much_a_listing_is_looked_at(caller, offer, who, request):
    program = caller(request.getfixturevalue(who))
    assert program.get(f"/listings/{offer.pk}/views").status_code == 404


def test_a_view_is_counted_in_one_statement_beside_the_question_who_may(caller, as_agent, offer):
    program = caller(as_agent)
    with CaptureQueriesContext(connection) as queries:
        program.post(f"/listings/{offer.pk}/view")
    assert len(queries) == 3  # The key, the listing, the count.
    assert queries[-1]["sql"].startswith("INSERT INTO finding_views")
    assert {field.name for field in Views._meta.get_fields()} == {"id", "listing", "day", "count"}


def test_nothing_is_kept_twice(as_agent, offer):
    Views.objects.create(listing=offer, day=date(2026, 1, 1), count=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Views.objects.create(listing=offer, day=date(2026, 1, 1), count=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Views.objects.create(listing=offer, day=date(2026, 1, 2), count=0)
    Favourite.objects.create(user_id=as_agent.user, listing=offer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Favourite.objects.create(user_id=as_agent.user, listing=offer)
