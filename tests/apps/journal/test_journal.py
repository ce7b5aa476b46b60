"""What happened is written once, kept for ever, and told to every reader exactly once."""

import threading
from importlib import import_module

import pytest
from django.db import ProgrammingError, connection, transaction

from apps.journal import actions
from apps.journal.actions import record, record_many, tell
from apps.journal.models import Entry, Untold
from apps.journal.queries import walk_chain

HEARD: list[str] = []


def hear(entries: list[Entry]) -> None:
    """Read the journal, for these tests."""
    for entry in entries:
        if entry.verb == "test.poisoned":
            raise ValueError("cannot digest this")
        HEARD.append(entry.verb)


@pytest.fixture(autouse=True)
def reader(settings):
    HEARD.clear()
    settings.JOURNAL_READERS = {"test": "tests.apps.journal.test_journal.hear"}


def note(verb, subject, by):
    with transaction.atomic():
        return record(verb, subject, by=by, parties=[by.organization], size=3)


@pytest.mark.django_db(transaction=True)
def test_a_deed_and_its_entry_belong_to_one_transaction(institute, as_researcher):
    with pytest.raises(RuntimeError, match="one transaction"):
        record("test.done", institute, by=as_researcher)


def test_an_entry_says_who_did_what_and_carries_the_request_id(institute, as_researcher):
    entry = note("test.done", institute, as_researcher)
    entry.refresh_from_db()
    assert (entry.verb, entry.subject_id) == ("test.done", str(institute.pk))
    assert (entry.actor_user, entry.actor_organization) == (as_researcher.user, institute.pk)
    assert (entry.request_id, entry.facts) == ("test", {"size": 3})


@pytest.mark.parametrize("deed", ["update", "delete"])
def test_an_entry_can_be_neither_changed_nor_removed(institute, as_researcher, deed):
    note("test.done", institute, as_researcher)
    act = {"update": lambda: Entry.objects.update(verb="x"), "delete": Entry.objects.all().delete}
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        act[deed]()
    assert Entry.objects.get().verb == "test.done"


def test_a_reader_is_told_once_and_in_order(institute, as_researcher):
    for number in range(5):
        note(f"test.{number}", institute, as_researcher)
    assert tell("test", batch=2) == 5
    assert tell("test") == 0
    assert [f"test.{number}" for number in range(5)] == HEARD
    assert not Untold.objects.exists()


def test_a_poisoned_entry_is_set_aside_and_the_news_goes_on(institute, as_researcher):
    for verb in ("test.before", "test.poisoned", "test.after"):
        note(verb, institute, as_researcher)
    tell("test")
    assert HEARD[-2:] == ["test.before", "test.after"]
    assert "cannot digest" in Untold.objects.get().error
    assert tell("test") == 0


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_commits_late_is_told_all_the_same(institute, as_researcher):
    written, may_commit = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            record("test.late", institute, by=as_researcher)
            written.set()
            may_commit.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    note("test.early", institute, as_researcher)
    tell("test")
    assert HEARD == ["test.early"]
    may_commit.set()
    thread.join()
    tell("test")
    assert HEARD == ["test.early", "test.late"]


@pytest.mark.django_db(transaction=True)
def test_several_tellers_tell_nothing_twice(institute, as_researcher):
    for number in range(40):
        note(f"test.{number}", institute, as_researcher)

    def go():
        tell("test", batch=3)
        connection.close()

    threads = [threading.Thread(target=go) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    tell("test")
    assert sorted(HEARD) == sorted(f"test.{number}" for number in range(40))


def test_one_reads_the_entries_that_concern_ones_organization(
    caller, institute, as_researcher, as_stranger, as_administrator
):
    note("test.done", institute, as_researcher)
    read = {
        who: [e["verb"] for e in caller(actor).get("/journal", verb="test.done").json()["results"]]
        for who, actor in [
            ("own", as_researcher),
            ("stranger", as_stranger),
            ("administrator", as_administrator),
        ]
    }
    assert read == {"own": ["test.done"], "stranger": [], "administrator": ["test.done"]}


def test_many_entries_are_written_as_one_is(institute, works, as_researcher, monkeypatch):
    monkeypatch.setattr(actions, "CHUNK", 2)
    rows = [(institute, {"size": 1}), (works, {}), (institute, {"size": 3})]
    with transaction.atomic():
        count = record_many(
            "test.done", iter(rows), by=as_researcher, parties=[institute.pk, None, works.pk]
        )
    written = Entry.objects.order_by("id")
    assert count == 3
    assert [e.facts for e in written] == [{"size": 1}, {}, {"size": 3}]
    assert [e.subject_id for e in written] == [str(s.pk) for s, _ in rows]
    assert {tuple(e.parties) for e in written} == {tuple(sorted([institute.pk, works.pk]))}
    assert {(e.actor_user, e.request_id) for e in written} == {(as_researcher.user, "test")}
    assert tell("test") == 3
    assert HEARD == ["test.done"] * 3


@pytest.mark.django_db(transaction=True)
def test_many_deeds_and_their_entries_belong_to_one_transaction(institute, as_researcher):
    with pytest.raises(RuntimeError, match="one transaction"):
        record_many("test.done", [(institute, {})], by=as_researcher)


def test_an_import_of_thousands_takes_few_statements(
    institute, as_researcher, django_assert_max_num_queries
):
    with django_assert_max_num_queries(10), transaction.atomic():
        record_many("test.done", ((institute, {}) for _ in range(2500)), by=as_researcher)
    assert Untold.objects.count() == Entry.objects.count() == 2500


def test_what_waits_from_before_the_chain_is_linked_too(institute, as_researcher, settings):
    settings.JOURNAL_READERS = {}
    note("test.old", institute, as_researcher)
    settings.JOURNAL_READERS = {"chain": "apps.journal.readers.take"}
    migration = import_module("apps.journal.migrations.0002_seals").Migration
    with connection.cursor() as cursor:
        cursor.execute(migration.operations[-1].sql)
    assert tell("chain") == 1
    assert walk_chain().links == 1
