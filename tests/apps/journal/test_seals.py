"""Sensitive facts are kept under seal, and become unreadable for ever without a trace in others."""

import json

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from apps.accounts.models import User
from apps.journal.actions import destroy_key, record
from apps.journal.models import Entry, SubjectKey
from apps.journal.queries import unsealed

WORDS = {"title": ["碳纤维预浸料", "某型号预浸料"], "price": ["1.00", None]}


def note(subject, by, sealed=WORDS):
    with transaction.atomic():
        entry = record(
            "test.changed", subject, by=by, parties=[by.organization], sealed=sealed, size=3
        )
    return Entry.objects.get(pk=entry.pk)


def test_sealed_facts_are_read_with_the_key_of_their_subject(institute, as_researcher):
    first, second = note(institute, as_researcher), note(institute, as_researcher)
    assert unsealed(first) == unsealed(second) == WORDS
    assert first.sealed != second.sealed
    assert first.facts == {"size": 3}
    assert SubjectKey.objects.count() == 1


def test_no_word_under_seal_stands_in_the_table(institute, as_researcher):
    entry = note(institute, as_researcher)
    kept = bytes(entry.sealed)
    for word in ("碳纤维预浸料", "title", "price"):
        assert word.encode() not in kept
        assert word not in json.dumps(entry.facts, ensure_ascii=False)


@pytest.mark.parametrize("nothing", [None, {}])
def test_who_seals_nothing_makes_no_key(institute, as_researcher, nothing):
    entry = note(institute, as_researcher, nothing)
    assert (entry.sealed, unsealed(entry)) == (None, {})
    assert not SubjectKey.objects.exists()


def test_a_seal_that_was_tampered_with_does_not_open(institute, as_researcher):
    entry = note(institute, as_researcher)
    entry.sealed = bytes(entry.sealed)[:-1] + bytes([bytes(entry.sealed)[-1] ^ 1])
    with pytest.raises(Exception, match=r"^$") as caught:
        unsealed(entry)
    assert type(caught.value).__name__ == "InvalidTag"


def test_a_destroyed_key_leaves_the_words_of_others_and_the_entry_itself(
    institute, works, as_researcher, as_secrecy_officer
):
    entry, other = note(institute, as_researcher), note(works, as_researcher)
    destroy_key(institute, by=as_secrecy_officer)
    assert unsealed(entry) is None
    assert unsealed(other) == WORDS
    assert Entry.objects.get(pk=entry.pk).sealed == entry.sealed
    told = Entry.objects.get(verb="key.destroyed")
    assert (told.subject_id, told.actor_user) == (str(institute.pk), as_secrecy_officer.user)


def test_after_the_destruction_nothing_is_sealed_any_more(institute, as_researcher):
    destroy_key(institute, by=as_researcher)
    entry = note(institute, as_researcher)
    assert (entry.sealed, entry.facts) == (None, {"size": 3})
    kept = SubjectKey.objects.get()
    assert kept.key is None


def test_a_key_is_destroyed_once(institute, as_researcher):
    note(institute, as_researcher)
    destroy_key(institute, by=as_researcher)
    first = SubjectKey.objects.get().destroyed_at
    destroy_key(institute, by=as_researcher)
    assert SubjectKey.objects.get().destroyed_at == first
    assert Entry.objects.filter(verb="key.destroyed").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"key": b"k" * 32},
        {"key": b"k" * 32, "destroyed_at": None},
        {"destroyed_at": None},
        {"destroyed_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_destroyed_key_never_comes_back(institute, as_researcher, change):
    note(institute, as_researcher)
    destroy_key(institute, by=as_researcher)
    with pytest.raises(DatabaseError, match="never"), transaction.atomic():
        SubjectKey.objects.update(**change)
    assert SubjectKey.objects.get().key is None


@pytest.mark.parametrize(
    "change",
    [
        {"key": b"k" * 32},
        {"subject_id": "another"},
        {"key": None, "destroyed_at": "2026-01-01T00:00:00Z", "subject_id": "another"},
    ],
)
def test_a_key_is_never_changed(institute, as_researcher, change):
    entry = note(institute, as_researcher)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        SubjectKey.objects.update(**change)
    assert unsealed(entry) == WORDS


def test_a_key_is_never_removed(institute, as_researcher):
    note(institute, as_researcher)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        SubjectKey.objects.all().delete()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"key": None}, "there_or_destroyed"),
        ({"key": b"k" * 32, "destroyed_at": "2026-01-01T00:00:00Z"}, "there_or_destroyed"),
        ({"key": b"short"}, "256_bits"),
    ],
)
def test_a_key_is_whole_or_destroyed(db, given, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        SubjectKey.objects.create(subject_type="x.y", subject_id="1", **given)


def test_neither_the_api_nor_the_console_shows_what_is_sealed(
    caller, institute, as_researcher, as_administrator
):
    entry = note(institute, as_researcher)
    for actor in (as_researcher, as_administrator):
        answer = caller(actor).get("/journal", verb="test.changed")
        assert [e["facts"] for e in answer.json()["results"]] == [{"size": 3}]
        assert "sealed" not in answer.content.decode()
    officer = User.objects.get(pk=as_administrator.user)
    officer.is_staff = True
    officer.save(update_fields=["is_staff"])
    browser = Client()
    browser.force_login(officer)
    page = browser.get(f"/console/journal/entry/{entry.pk}/change/").content.decode()
    assert "test.changed" in page
    assert "sealed" not in page
    assert browser.get("/console/journal/subjectkey/").status_code == 404
