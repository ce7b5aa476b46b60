"""
Take in what a file holds: all of it is checked, then all of it is committed, piece by piece.

A piece is one transaction. Checking does what committing does and takes it back, so both find the
same; what is done and how far it has come commit together, so a process that dies loses nothing and
repeats nothing.
"""

import gc
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from apps.documents import actions as documents
from apps.documents.models import Document
from apps.exchange.imports import ReadRow, rows_of, take
from apps.exchange.imports.rows import column_of
from apps.exchange.models import Import, ImportFault, ImportRow
from apps.exchange.queries import reading_labels
from apps.journal.actions import record
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from marketplace.documents import DocumentState
from marketplace.errors import Conflict, Invalid, MarketError, Refused
from marketplace.exchange import (
    IMPORT,
    MOST_FAULTS,
    POOLS,
    REFERENCE,
    RUNNING,
    FileFormat,
    ImportState,
)
from marketplace.listings import AUTHORS
from marketplace.pools import AUTHORS as AUTHORS_OF_POOL
from marketplace.vocabulary import Term

#: How many rows are worked on in one transaction, and how many are read at once.
BATCH, CHUNK = 500, 1000
#: How a file is told from another by its name; what is in it was looked at when it came in.
FORMATS = {".xlsx": FileFormat.XLSX, ".csv": FileFormat.CSV, ".jsonl": FileFormat.JSONL}
#: What has become of the rows; every phase counts anew.
COUNTS = ("rows_created", "rows_changed", "rows_unchanged", "rows_submitted")
#: What a piece of work changes of an import.
PROGRESS = (
    *("state", "rows_total", "rows_done", "faults_total", "check_seconds", "commit_seconds"),
    *COUNTS,
)


@transaction.atomic
def begin(
    document: Document, *, kind: DraftKind, submit: bool = False, cleared_by: str, by: Actor
) -> Import:
    """Make ready what a file of the own organization holds; nothing is read yet."""
    person = _must_be_author(kind, by)
    document = documents.claim(document, by=by)
    suffix = "." + document.name.rpartition(".")[2].lower()
    if suffix not in FORMATS:
        raise Invalid("A table is an .xlsx, .csv or .jsonl file.", code="no_table", field="file")
    job = Import(
        organization_id=document.organization_id,
        author_id=person,
        kind=kind,
        file_format=FORMATS[suffix],
        document=document,
        submit=submit,
        cleared_by=cleared_by,
        imported_from=document.name[:80],
    )
    job.save(force_insert=True)
    record(
        "import.begun",
        job,
        by=by,
        parties=[job.organization_id],
        kind=kind,
        sha256=document.sha256,
    )
    return job


@transaction.atomic
def check(job: Import, *, by: Actor, expected: int | None = None) -> Import:
    """Ask for all rows to be tried; what was found before is forgotten."""
    job = _own(job, by=by, expected=expected)
    job.state = IMPORT.after(job.state, "check")
    _must_be_there(job)
    job.rows.all().delete()
    job.faults.all().delete()
    job.rows_total, job.rows_done, job.faults_total, job.is_commit = None, 0, 0, False
    job.check_seconds = 0
    _count_anew(job)
    job.store(
        *("state", "is_commit", "rows_total", "rows_done", "faults_total", "check_seconds", *COUNTS)
    )
    record("import.check_asked", job, by=by, parties=[job.organization_id])
    return job


@transaction.atomic
def commit(job: Import, *, by: Actor, expected: int | None = None) -> Import:
    """Ask for all rows to be taken in; only what was checked and found right."""
    job = _own(job, by=by, expected=expected)
    job.state = IMPORT.after(job.state, "commit")
    _must_be_there(job)
    if job.faults_total:
        raise Conflict(
            "There are faults in the file; put them right and hand it in again.",
            code="import_has_faults",
        )
    job.rows_done, job.is_commit, job.commit_seconds = 0, True, 0
    _count_anew(job)
    job.store("state", "is_commit", "rows_done", "commit_seconds", *COUNTS)
    record("import.commit_asked", job, by=by, parties=[job.organization_id])
    return job


@transaction.atomic
def cancel(job: Import, *, by: Actor, expected: int | None = None) -> Import:
    """Stop after the piece that is being worked on; what is in stays in."""
    job = _own(job, by=by, expected=expected)
    job.state = IMPORT.after(job.state, "cancel")
    job.store("state")
    record("import.cancelled", job, by=by, parties=[job.organization_id], rows_done=job.rows_done)
    return job


@transaction.atomic
def resume(job: Import, *, by: Actor, expected: int | None = None) -> Import:
    """Go on where it was cancelled or failed."""
    job = _own(job, by=by, expected=expected)
    job.state = IMPORT.after(job.state, "resume_commit" if job.is_commit else "resume")
    _must_be_there(job)
    job.failure = ""
    if job.is_commit:  # What was wrong may be right by now.
        job.faults.all().delete()
        job.faults_total = 0
    job.store("state", "failure", "faults_total")
    record("import.resumed", job, by=by, parties=[job.organization_id], rows_done=job.rows_done)
    return job


@transaction.atomic
def step(job: Import, *, by: Actor, batch: int = BATCH) -> Import:
    """Do the next piece of the work: read the file, or try or take in the next rows of it."""
    started = time.monotonic()
    job = Import.objects.locked(job, by=by)
    _must_be_clock(by)
    if job.state not in RUNNING:
        return job
    try:
        with transaction.atomic():
            _must_be_there(job)
            if job.rows_total is None:
                _read(job)
            else:
                _work(job, batch)
    except MarketError as error:
        return fail(job, failure=error.code, by=by)
    seconds = time.monotonic() - started
    if job.is_commit:
        job.commit_seconds += seconds
    else:
        job.check_seconds += seconds
    is_over = job.rows_done == job.rows_total and not (job.is_commit and job.faults_total)
    if is_over:
        job.state = IMPORT.after(job.state, "finish" if job.is_commit else "finish_check")
        record(
            "import.done" if job.is_commit else "import.checked",
            job,
            by=by,
            parties=[job.organization_id],
            rows=job.rows_total,
            created=job.rows_created,
            changed=job.rows_changed,
            submitted=job.rows_submitted,
            faults=job.faults_total,
        )
    job.store(*PROGRESS)
    if job.state is ImportState.DONE:
        _let_go(job, by=by)
    elif job.is_commit and job.faults_total:
        return fail(job, failure="import_has_faults", by=by)
    return job


@transaction.atomic
def fail(job: Import, *, failure: str, by: Actor) -> Import:
    """Stop because the work cannot go on; it can be resumed when the reason is gone."""
    job = Import.objects.locked(job, by=by)
    _must_be_clock(by)
    job.state = IMPORT.after(job.state, "fail")
    job.failure = failure[:80]
    job.store("state", "failure")
    record("import.failed", job, by=by, parties=[job.organization_id], failure=job.failure)
    return job


@transaction.atomic
def forget(job: Import, *, by: Actor) -> Import:
    """Be rid of the rows and the file of an import that nobody goes on with."""
    job = Import.objects.locked(job, by=by)
    _must_be_clock(by)
    if job.state is not ImportState.CANCELLED:
        job.state = IMPORT.after(job.state, "cancel")
    job.forgotten_at = timezone.now()
    job.store("state", "forgotten_at")
    _let_go(job, by=by)
    record("import.forgotten", job, by=by, parties=[job.organization_id])
    return job


def _must_be_author(kind: DraftKind, by: Actor) -> UUID:
    """Return the person who acts, or raise Refused where he may not begin things of this kind."""
    if by.user is None or by.organization is None:
        raise Refused("You do not act for an organization that may do this.", code="not_yours")
    by.must_have(*(AUTHORS_OF_POOL[POOLS[kind]] if kind in POOLS else AUTHORS))
    return by.user


def _must_be_clock(by: Actor) -> None:
    if not by.is_system:
        raise Refused("Only the clock does this.", code="only_the_clock")


def _must_be_there(job: Import) -> None:
    """Raise Conflict where the file of an import was destroyed, for then nothing of it comes in."""
    if job.document.state is DocumentState.DESTROYED:
        raise Conflict("The file is no longer there; hand it in again.", code="file_destroyed")


def _own(job: Import, *, by: Actor, expected: int | None) -> Import:
    job = Import.objects.locked(job, by=by, expected=expected)
    by.must_act_for(job.organization_id)
    _must_be_author(job.kind, by)
    return job


def _count_anew(job: Import) -> None:
    for name in COUNTS:
        setattr(job, name, 0)


def _read(job: Import) -> None:
    """Read the whole file into rows, and note what in it cannot be read."""
    first: dict[str, int] = {}
    faults: list[tuple[int, MarketError]] = []
    rows: list[ImportRow] = []
    total = 0
    try:
        with storages["documents"].open(job.document.place) as file:
            for row in rows_of(file, job.file_format, job.kind, reading_labels()):
                faults += [(row.number, fault) for fault in row.faults]
                faults += _repeated(row, first)
                if not row.words:
                    continue
                total += 1
                rows.append(_kept(job, row))
                if len(rows) == CHUNK:
                    ImportRow.objects.bulk_create(rows)
                    rows = []
    except Invalid as error:
        faults.append((1, error))
    ImportRow.objects.bulk_create(rows)
    job.rows_total = total
    _note(job, faults)


def _kept(job: Import, row: ReadRow) -> ImportRow:
    return ImportRow(
        import_job=job,
        number=row.number,
        reference=str(row.words.get(REFERENCE) or ""),
        words=row.words,
    )


def _repeated(row: ReadRow, first: dict[str, int]) -> list[tuple[int, MarketError]]:
    """Return a fault where an earlier row has the same reference."""
    reference = str(row.words.get(REFERENCE) or "")
    before = first.setdefault(reference, row.number) if reference else row.number
    if before == row.number:
        return []
    return [
        (
            row.number,
            Invalid(
                "Row {row} has the same reference.",
                code="repeated_reference",
                field=REFERENCE,
                row=before,
            ),
        )
    ]


def _work(job: Import, batch: int) -> None:
    """Try the next rows, or take them in; where any of them is wrong, none comes in."""
    rows = list(job.rows.order_by("number")[job.rows_done : job.rows_done + batch])
    person = job.author.as_actor(organization=job.organization_id, request_id=f"import-{job.pk}")
    unread: dict[int, set[str]] = defaultdict(set)
    found = job.faults.filter(row__in=[row.number for row in rows])
    for number, column in found.values_list("row", "column"):
        unread[number].add(column)
    with _uncollected(), transaction.atomic():
        outcome = take(job, rows, by=person, unread=unread)
        if outcome.faults or not job.is_commit:
            transaction.set_rollback(True)
    _note(job, outcome.faults)
    if outcome.faults and job.is_commit:
        return
    job.rows_done += len(rows)
    job.rows_created += outcome.created
    job.rows_changed += outcome.changed
    job.rows_unchanged += outcome.unchanged
    job.rows_submitted += outcome.submitted


@contextmanager
def _uncollected() -> Iterator[None]:
    """
    Let no garbage be looked for among the many rows of one piece, which are needed to its end.

    That takes a third of the time, and finds nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _note(job: Import, faults: Iterable[tuple[int, MarketError]]) -> None:
    """Write down what is wrong; beyond MOST_FAULTS only how much it is."""
    told = list(faults)
    room = max(0, MOST_FAULTS - job.faults_total)
    ImportFault.objects.bulk_create(
        ImportFault(
            import_job=job,
            row=number,
            column=column_of(fault.field)[:120],
            place=fault.field[:120],
            code=fault.code,
            message=fault.message,
            facts={name: _fact(value) for name, value in fault.facts.items()},
        )
        for number, fault in told[:room]
    )
    job.faults_total += len(told)


def _fact(value: object) -> Any:
    """Return a fact so that it can be kept; of a word, which vocabulary it is of."""
    if isinstance(value, Term):
        kind = type(value)
        return {"vocabulary": f"{kind.__module__}.{kind.__qualname__}", "word": value.value}
    return value if isinstance(value, int | str | None) else str(value)


def _let_go(job: Import, *, by: Actor) -> None:
    """Be rid of what an import no longer needs: who asks for it is shown the things themselves."""
    job.rows.all().delete()
    if job.document.state is not DocumentState.DESTROYED:
        documents.destroy(job.document, by=by)
