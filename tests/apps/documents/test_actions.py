"""Files are taken in, kept, destroyed, and swept up."""

import io
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pgtrigger
import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.core.files.storage.filesystem import FileSystemStorage
from django.db import DataError, IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from apps.accounts.models import Organization
from apps.documents import actions, tasks
from apps.documents.models import Document
from apps.journal.models import Entry
from marketplace.actors import Actor
from marketplace.documents import LARGEST, DocumentState, MediaType
from marketplace.errors import Conflict, Invalid, Missing, Refused, Stale
from tests.apps.documents.files import DOCX, PDF, PNG

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: object) -> Path:
    """Keep documents in a folder of the test's own."""
    place = tmp_path / "documents"
    changed = {**settings.STORAGES}  # type: ignore[attr-defined]
    documents = changed["documents"]
    changed["documents"] = {
        **documents,
        "OPTIONS": {**documents["OPTIONS"], "location": str(place)},
    }
    settings.STORAGES = changed  # type: ignore[attr-defined]
    return place


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def stored(by: Actor, data: bytes = PDF, name: str = "报告.pdf") -> Document:
    return actions.store(io.BytesIO(data), name=name, cleared_by="王处长", by=by)


def verbs() -> list[str]:
    return list(
        Entry.objects.filter(verb__startswith="document.")
        .order_by("id")
        .values_list("verb", flat=True)
    )


def test_a_file_is_stored_with_its_hash_under_a_random_name(
    as_researcher: Actor, institute: Organization, folder: Path
) -> None:
    document = stored(as_researcher)
    document.refresh_from_db()
    assert document.organization == institute
    assert document.author_id == as_researcher.user
    assert document.name == "报告.pdf"
    assert document.media_type is MediaType.PDF
    assert document.size == len(PDF)
    assert document.sha256 == sha256(PDF).hexdigest()
    assert document.state is DocumentState.STORED
    assert document.declared_on == timezone.localdate()
    [file] = files(folder)
    assert file == folder / document.place
    assert file.read_bytes() == PDF
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == file.parent.stat().st_mode & 0o777 == 0o700
    assert "报告" not in document.place
    entry = Entry.objects.get(verb="document.stored")
    assert entry.parties == [institute.pk]
    assert entry.facts == {
        "media_type": "application/pdf",
        "size": len(PDF),
        "sha256": document.sha256,
    }


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"name": "../a.pdf", "cleared_by": " "}, {"name_has_path", "not_cleared"}),
        ({"cleared_by": "x" * 81}, {"not_cleared"}),
        ({"stream": io.BytesIO(b"MZ\0\0")}, {"file_type_unknown"}),
        ({"stream": io.BytesIO(b"")}, {"file_empty"}),
        ({"name": "a.png"}, {"name_and_content_differ"}),
    ],
)
def test_a_refused_file_leaves_neither_bytes_nor_row(
    change: dict[str, object], codes: set[str], as_researcher: Actor, folder: Path
) -> None:
    good = {"stream": io.BytesIO(PDF), "name": "a.pdf", "cleared_by": "王处长"}
    given = {**good, **change}
    with pytest.raises(Invalid) as caught:
        actions.store(given.pop("stream"), **given, by=as_researcher)  # type: ignore[arg-type]
    assert {each.code for each in caught.value.causes or [caught.value]} == codes
    assert files(folder) == []
    assert not Document.objects.exists()
    assert verbs() == []


class Endless:
    """A stream that never ends, and counts what was read of it."""

    count = 0

    def read(self, size: int, /) -> bytes:
        self.count += size
        return b"a" * size


def test_a_stream_without_end_is_given_up(as_researcher: Actor, folder: Path) -> None:
    stream = Endless()
    with pytest.raises(Invalid) as caught:
        actions.store(stream, name="a.txt", cleared_by="王处长", by=as_researcher)
    assert caught.value.code == "file_too_large"
    assert stream.count <= LARGEST + 2 * actions.PIECE
    assert files(folder) == []


def test_only_a_person_of_an_organization_hands_files_in(as_anonymous: Actor, folder: Path) -> None:
    for actor in (as_anonymous, Actor.system("test")):
        with pytest.raises(Refused):
            stored(actor)
    assert files(folder) == []


def test_a_stranger_does_not_know_of_it(as_researcher: Actor, as_stranger: Actor) -> None:
    document = stored(as_researcher)
    assert list(Document.objects.visible_to(as_researcher)) == [document]
    assert list(Document.objects.visible_to(as_stranger)) == []
    assert list(Document.objects.visible_to(Actor.anonymous())) == []
    for act in (actions.claim, actions.destroy):
        with pytest.raises(Missing):
            act(document, by=as_stranger)
    assert verbs() == ["document.stored"]


def test_a_row_that_cannot_be_written_takes_its_bytes_along(
    as_researcher: Actor, folder: Path
) -> None:
    """A NUL is what no column takes; the API does not let one through."""
    with pytest.raises(DataError), transaction.atomic():
        actions.store(io.BytesIO(PDF), name="a.pdf", cleared_by="王\0", by=as_researcher)
    assert files(folder) == []
    assert not Document.objects.exists()


def test_claiming_keeps_a_file_and_may_be_done_twice(as_researcher: Actor) -> None:
    document = actions.claim(stored(as_researcher), by=as_researcher, expected=1)
    assert document.state is DocumentState.CLAIMED
    claimed_at = document.claimed_at
    assert actions.claim(document, by=as_researcher).claimed_at == claimed_at
    with pytest.raises(Stale):
        actions.claim(document, by=as_researcher, expected=1)


def test_destroying_forgets_the_name_and_the_clock_removes_the_bytes(
    as_researcher: Actor, folder: Path
) -> None:
    document = actions.claim(stored(as_researcher), by=as_researcher)
    document = actions.destroy(document, by=as_researcher)
    assert document.state is DocumentState.DESTROYED
    assert document.name == ""
    assert len(files(folder)) == 1
    with pytest.raises(Missing):
        actions.note_opening(document, by=as_researcher)
    for act in (actions.claim, actions.destroy):
        with pytest.raises(Conflict):
            act(document, by=as_researcher)
    assert tasks.sweep() == 1
    assert files(folder) == []
    assert tasks.sweep() == 0
    document.refresh_from_db()
    assert document.removed_at is not None
    assert verbs() == [
        *("document.stored", "document.claimed", "document.destroyed", "document.removed")
    ]


def test_removing_twice_is_written_down_once(as_researcher: Actor) -> None:
    document = actions.destroy(stored(as_researcher), by=as_researcher)
    clock = Actor.system("documents.sweep")
    for _ in range(2):
        actions.note_removal(document, by=clock)
    assert verbs().count("document.removed") == 1
    with pytest.raises(Refused):
        actions.note_removal(stored(as_researcher), by=clock)


def test_who_opens_a_file_is_written_down(
    as_researcher: Actor, as_agent: Actor, institute: Organization, works: Organization
) -> None:
    document = stored(as_researcher)
    assert actions.note_opening(document, by=as_agent) == document
    entry = Entry.objects.get(verb="document.opened")
    assert entry.actor_user == as_agent.user
    assert entry.parties == sorted([institute.pk, works.pk])


def test_what_nothing_claims_in_two_days_is_destroyed(as_researcher: Actor, folder: Path) -> None:
    fresh, old, kept = (stored(as_researcher) for _ in range(3))
    actions.claim(kept, by=as_researcher)
    Document.objects.filter(pk__in=[old.pk, kept.pk]).update(
        created_at=timezone.now() - timedelta(days=2, minutes=1)
    )
    tasks.sweep()
    states = dict(Document.objects.values_list("pk", "state"))
    assert states == {
        fresh.pk: DocumentState.STORED,
        old.pk: DocumentState.DESTROYED,
        kept.pk: DocumentState.CLAIMED,
    }
    assert files(folder) == sorted([folder / fresh.place, folder / kept.place])


class Broken(FileSystemStorage):
    """A store that is out of order for the time being."""

    is_broken = True

    def delete(self, name: str) -> None:
        if self.is_broken:
            raise OSError("out of order")
        super().delete(name)


def test_a_store_out_of_order_is_asked_again(
    as_researcher: Actor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = actions.destroy(stored(as_researcher), by=as_researcher)
    store = Broken(location=folder)
    storages._storages["documents"] = store  # type: ignore[attr-defined]
    assert tasks.sweep() == 0
    assert (folder / document.place).exists()
    store.is_broken = False
    assert tasks.sweep() == 1
    assert not (folder / document.place).exists()


def test_bytes_without_a_row_are_removed_after_a_day(as_researcher: Actor, folder: Path) -> None:
    """As when the process died, or the transaction around was given up."""
    document = stored(as_researcher)
    with transaction.atomic():
        stored(as_researcher, PNG, "a.png")
        transaction.set_rollback(True)
    assert Document.objects.count() == 1
    assert len(files(folder)) == 2
    assert tasks.sweep_orphans() == 0
    today = datetime.now(UTC).date()
    old = folder / f"{today - timedelta(days=2):%Y-%m-%d}"
    (folder / document.place).parent.rename(old)
    moved = f"{old.name}/{Path(document.place).name}"
    with pgtrigger.ignore("documents.Document:document_bytes_stay"):
        Document.objects.filter(pk=document.pk).update(place=moved)
    assert tasks.sweep_orphans() == 1
    assert files(folder) == [folder / moved]
    assert tasks.sweep_orphans() == 0


def test_what_a_file_is_cannot_be_changed(as_researcher: Actor) -> None:
    document = stored(as_researcher)
    for change in ({"sha256": "0" * 64}, {"size": 1}, {"place": "x"}, {"media_type": "image/png"}):
        with pytest.raises(ProgrammingError), transaction.atomic():
            Document.objects.filter(pk=document.pk).update(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0},
        {"sha256": "A" * 64},
        {"media_type": "application/zip"},
        {"cleared_by": ""},
        {"name": ""},
        {"removed_at": "2026-01-01T00:00Z"},
        {"destroyed_at": "2026-01-01T00:00Z"},
    ],
)
def test_impossible_rows_are_refused(change: dict[str, object], as_researcher: Actor) -> None:
    row = {
        "organization_id": as_researcher.organization,
        "author_id": as_researcher.user,
        "name": "a.pdf",
        "media_type": MediaType.PDF,
        "size": 1,
        "sha256": "0" * 64,
        "place": "x",
        "cleared_by": "王处长",
        "declared_on": "2026-01-01",
    }
    with pytest.raises(IntegrityError):
        Document.objects.create(**{**row, **change})


def test_an_office_file_is_kept_as_it_is(as_researcher: Actor, folder: Path) -> None:
    document = stored(as_researcher, DOCX, "方案.docx")
    assert (folder / document.place).read_bytes() == DOCX
    assert Path(settings.DOCUMENTS_ROOT) != folder
