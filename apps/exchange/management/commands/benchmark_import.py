"""Measure how long it takes to check and to take in a table."""

import json
import time
from argparse import ArgumentParser
from datetime import timedelta
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from openpyxl import Workbook

from apps.accounts.models import Membership
from apps.documents import actions as documents
from apps.exchange import actions
from apps.exchange.models import Import
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.coach import DraftKind
from marketplace.exchange import PLACES, RUNNING, FileFormat, ImportState, columns_of

#: How long a text each row has, as a real entry does.
BODY = "采用真空脱气与控轧控冷工艺,夹杂物总量低,疲劳寿命提高,适用于高速铁路轴承与风电主轴。" * 6
INDICATORS = (
    "硬度 | ≥ | 62 | HRC | GB/T 230.1 | 60 HRC | public\n"
    "疲劳寿命 | ≥ | 1.5 | 亿次 | 载荷 4 GPa | 0.8 亿次 | under_nda"
)


class Command(BaseCommand):
    """Makes a table of its own, takes it in, and prints how long that took; the drafts stay."""

    help = "Measure an import: makes a table of --rows, checks it and commits it; JSON output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rows", type=int, default=10_000)
        parser.add_argument("--kind", choices=sorted(PLACES), default="technology_offer")
        parser.add_argument("--format", choices=["xlsx", "csv"], default="xlsx")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, check, commit, and print the seconds of each."""
        member = Membership.objects.current().filter(role="researcher").order_by("id").first()
        if member is None:
            raise CommandError("There is no researcher: make demo data first.")
        by = member.user.as_actor(organization=member.organization_id)
        kind, rows = DraftKind(options["kind"]), options["rows"]
        figures = _measured(kind, rows, FileFormat(options["format"]), by=by)
        self.stdout.write(json.dumps(figures, ensure_ascii=False, indent=1))


def _measured(kind: DraftKind, rows: int, file_format: FileFormat, *, by: Actor) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}
    begun = time.process_time()

    def timed(name: str, since: float) -> None:
        seconds[name] = round(time.monotonic() - since, 2)
        # What this process used since the beginning: on a busy machine the surer figure.
        processor[name] = round(time.process_time() - begun, 2)

    started = time.monotonic()
    with TemporaryFile() as file:
        _write(file, kind, rows, file_format)
        size = file.tell()
        file.seek(0)
        timed("making the file", started)
        started = time.monotonic()
        document = documents.store(file, name=f"a.{file_format}", cleared_by="benchmark", by=by)
    job = actions.begin(document, kind=kind, cleared_by="benchmark", by=by)
    timed("handing it in", started)
    started = time.monotonic()
    job = actions.step(actions.check(job, by=by), by=Actor.system("benchmark_import"))
    timed("reading it", started)
    job = _worked(job)
    timed("reading and checking", started)
    if job.state is not ImportState.CHECKED or job.faults_total:
        faults = list(job.faults.values("row", "column", "code", "message")[:5])
        raise CommandError(f"{job.state} {job.failure} {faults}")
    started = time.monotonic()
    job = _worked(actions.commit(job, by=by))
    timed("committing", started)
    if job.state is not ImportState.DONE:
        raise CommandError(f"{job.state} {job.failure}")
    return {
        "kind": kind,
        "format": file_format,
        "rows": rows,
        "bytes": size,
        "created": job.rows_created,
        "seconds": seconds,
        "processor_seconds_so_far": processor,
        "rows_per_second": {
            "reading and checking": round(rows / seconds["reading and checking"]),
            "committing": round(rows / seconds["committing"]),
        },
    }


def _worked(job: Import) -> Import:
    while job.state in RUNNING:
        job = actions.step(job, by=Actor.system("benchmark_import"))
    return job


def _write(file: IO[bytes], kind: DraftKind, rows: int, file_format: FileFormat) -> None:
    """Write a table of realistic listings; their references are new each time."""
    run = uuid4().hex[:8]
    until = day_of(timezone.now()) + timedelta(days=300)
    words: dict[str, Any] = {
        "body": BODY,
        "region": "610100 西安市",
        "field": "05",
        "valid_until": until,
        "cooperation_modes": "licence;transfer",
        "keywords": "轴承钢;真空脱气;控轧控冷",
        "readiness": 6,
        "price_from": "100000.00",
        "price_to": "500000.00",
        "indicators": INDICATORS,
        "confidential": "配方见附件三",
        "intellectual_property": "0201",
        "is_service_invention": "是",
    }
    heads = [c.key for c in columns_of(kind) if c.key in {*words, "external_reference", "title"}]

    def row(number: int) -> list[Any]:
        own = {
            "external_reference": f"{run}-{number}",
            "title": f"高韧性轴承钢制备技术 {run} 第 {number} 号",
        }
        return [(words | own)[head] for head in heads]

    if file_format is FileFormat.CSV:
        lines = [heads, *(row(number) for number in range(rows))]
        text = "\r\n".join(
            ",".join('"' + str(cell).replace('"', '""') + '"' for cell in line) for line in lines
        )
        file.write(text.encode())
        return
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(heads)
    for number in range(rows):
        sheet.append(row(number))
    made = BytesIO()
    book.save(made)
    file.write(made.getvalue())
