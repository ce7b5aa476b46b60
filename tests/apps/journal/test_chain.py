"""The chain shows what was changed behind the back of the triggers."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.journal.actions import destroy_key, record, tell
from apps.journal.models import Entry, Link, SubjectKey, Untold
from apps.journal.queries import unsealed, walk_chain


@pytest.fixture(autouse=True)
def reader(settings):
    settings.JOURNAL_READERS = {"chain": "apps.journal.readers.take"}


@pytest.fixture
def entries(institute, as_researcher):
    """Return six linked entries, each with something sealed."""
    written = []
    for number in range(6):
        with transaction.atomic():
            written.append(
                record(
                    f"test.{number}",
                    institute,
                    by=as_researcher,
                    parties=[as_researcher.organization],
                    sealed={"title": f"题 {number}"},
                    size=1.5,
                    amount="1.00",
                    names=["甲", "乙"],
                )
            )
    assert tell("chain", batch=4) == 6
    return written


def behind_the_back(statement, *values):
    """Change rows with the triggers asleep."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        assert cursor.rowcount == 1
        cursor.execute("SET LOCAL session_replication_role = origin")


def verify(*options):
    out = StringIO()
    call_command("verify_journal", *options, stdout=out)
    return out.getvalue()


def test_a_whole_chain_verifies(entries):
    chain = walk_chain(batch=2)
    assert (chain.links, chain.unlinked, chain.first_break) == (6, 0, None)
    assert chain.head == bytes(Link.objects.get(position=6).digest).hex()
    assert "6 links; 0 entries not yet linked" in verify()


def test_an_empty_chain_verifies(db):
    assert json.loads(verify("--json")) == {
        "links": 0,
        "unlinked": 0,
        "head": "00" * 32,
        "first_break": None,
    }


def test_an_entry_not_yet_linked_is_counted_and_breaks_nothing(entries, institute, as_researcher):
    with transaction.atomic():
        record("test.fresh", institute, by=as_researcher)
    assert json.loads(verify("--json"))["unlinked"] == 1
    tell("chain")
    assert json.loads(verify("--json"))["unlinked"] == 0


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "verb = 'test.other'",
        "subject_type = 'x.y'",
        "subject_id = '1'",
        "actor_user = NULL",
        "actor_organization = NULL",
        "actor_task = 'x'",
        "request_id = 'x'",
        "parties = '{}'",
        "facts = facts || '{\"size\": 2}'",
        "sealed = NULL",
        "sealed = sealed || '\\x00'",
    ],
)
def test_a_changed_entry_is_named(entries, change):
    third = entries[2]
    behind_the_back(f"UPDATE journal_entry SET {change} WHERE id = %s", third.pk)  # noqa: S608
    with pytest.raises(CommandError, match=f"entry {third.pk}: the entry was changed") as caught:
        verify()
    assert caught.value.returncode == 1
    found = walk_chain(batch=2).first_break
    assert (found.position, found.entry) == (3, third.pk)


def test_programs_are_told_of_a_break_too(entries):
    behind_the_back("UPDATE journal_entry SET verb = 'x' WHERE id = %s", entries[4].pk)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_journal", "--json", stdout=out)
    assert json.loads(out.getvalue())["first_break"] == {
        "position": 5,
        "entry": entries[4].pk,
        "reason": "the entry was changed",
    }


def test_a_removed_entry_is_named(entries):
    behind_the_back("DELETE FROM journal_entry WHERE id = %s", entries[1].pk)
    with pytest.raises(CommandError, match=f"entry {entries[1].pk}: the entry was removed"):
        verify()


def test_a_removed_link_is_noticed(entries):
    behind_the_back("DELETE FROM journal_link WHERE position = %s", 4)
    with pytest.raises(CommandError, match=r"position 5, .* a link before it was removed"):
        verify()


def test_an_entry_changed_together_with_its_link_breaks_the_next(entries):
    third = entries[2]
    behind_the_back("UPDATE journal_entry SET verb = 'x' WHERE id = %s", third.pk)
    before = bytes(Link.objects.get(position=2).digest)
    digest = Entry.objects.get(pk=third.pk).digest_after(before)
    behind_the_back("UPDATE journal_link SET digest = %s WHERE position = 3", digest)
    assert walk_chain().first_break.position == 4


def test_the_chain_outlives_the_destruction_of_a_key(entries, institute, as_researcher):
    destroy_key(institute, by=as_researcher)
    tell("chain")
    assert unsealed(Entry.objects.get(pk=entries[0].pk)) is None
    assert SubjectKey.objects.get().key is None
    chain = walk_chain()
    assert (chain.links, chain.first_break) == (7, None)


def test_an_entry_that_was_set_aside_is_linked_late(entries, institute, as_researcher):
    with transaction.atomic():
        late = record("test.late", institute, by=as_researcher)
        record("test.later", institute, by=as_researcher)
    Untold.objects.filter(entry_id=late.pk).update(set_aside_at="2026-01-01T00:00:00Z")
    tell("chain")
    Untold.objects.update(set_aside_at=None)
    tell("chain")
    assert Link.objects.get(entry_id=late.pk).position == 8
    assert walk_chain(batch=3).first_break is None


@pytest.mark.parametrize("deed", ["update", "delete"])
def test_a_link_can_be_neither_changed_nor_removed(entries, deed):
    act = {
        "update": lambda: Link.objects.update(digest=b"x" * 32),
        "delete": Link.objects.all().delete,
    }
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        act[deed]()
    assert walk_chain().first_break is None


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"position": 0, "digest": b"x" * 32}, "begin_at_one"),
        ({"position": 1, "digest": b"x"}, "256_bits"),
    ],
)
def test_an_impossible_link_is_refused(db, given, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Link.objects.create(entry_id=1, **given)


def test_an_entry_is_linked_once(entries):
    with pytest.raises(IntegrityError), transaction.atomic():
        Link.objects.create(position=7, entry_id=entries[0].pk, digest=b"x" * 32)


def test_the_walk_holds_few_links_at_once(entries, django_assert_num_queries):
    # Three batches of two links and their entries, the one that comes back empty, two counts.
    with django_assert_num_queries(9):
        walk_chain(batch=2)
