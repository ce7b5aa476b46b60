"""Tables as people fill them in, and imports of them."""

import csv
import json
from collections.abc import Sequence
from io import BytesIO, StringIO
from typing import Any

from openpyxl import Workbook

from apps.documents import actions as documents
from apps.exchange import actions
from apps.exchange.models import Import
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from marketplace.exchange import RUNNING
from tests.build import markets as build_markets

CLOCK = Actor.system("test")


def need(number: int = 1, **words: Any) -> dict[str, Any]:
    """Return the words of one need of technology, by heading."""
    return {
        "external_reference": f"N-{number}",
        "title": f"求购长寿命轴承钢 {number} 号",
        "body": "需要疲劳寿命提高 50% 的轴承钢。",
        "region": "610100",
        "field": "05",
        "cooperation_modes": "licence",
        "valid_until": build_markets.in_days(90).isoformat(),
    } | words


def offer(number: int = 1, **words: Any) -> dict[str, Any]:
    """Return the words of one offer of technology, by heading."""
    return (
        need(number)
        | {
            "external_reference": f"A-{number}",
            "title": f"高韧性轴承钢 {number} 号",
            "body": "硬度 62 HRC。",
            "readiness": 6,
            "price_from": "1000.50",
            "intellectual_property": "0201",
        }
        | words
    )


def grid(rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """Return rows as a table with headings."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    return [list(heads), *([row.get(head) for head in heads] for row in rows)]


def xlsx(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return a workbook of rows."""
    book = Workbook()
    for line in grid(rows):
        book.active.append(line)
    return saved(book)


def saved(book: Workbook) -> bytes:
    """Return the bytes of a workbook."""
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def as_csv(rows: Sequence[dict[str, Any]], encoding: str = "utf-8-sig") -> bytes:
    """Return CSV of rows."""
    text = StringIO()
    csv.writer(text).writerows(grid(rows))
    return text.getvalue().encode(encoding)


def jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return JSON Lines of rows."""
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


WRITERS = {"xlsx": xlsx, "csv": as_csv, "jsonl": jsonl}


def begun(
    content: bytes,
    *,
    by: Actor,
    kind: DraftKind = DraftKind.TECHNOLOGY_NEED,
    name: str = "a.xlsx",
    submit: bool = False,
) -> Import:
    """Return an import of a file that was handed in."""
    document = documents.store(BytesIO(content), name=name, cleared_by="王保密", by=by)
    return actions.begin(document, kind=kind, submit=submit, cleared_by="王保密", by=by)


def worked(job: Import, batch: int = 500) -> Import:
    """Do all the work that an import asks for."""
    while job.state in RUNNING:
        job = actions.step(job, by=CLOCK, batch=batch)
    return job


def checked(content: bytes, *, by: Actor, batch: int = 500, **options: Any) -> Import:
    """Return an import that was checked."""
    return worked(actions.check(begun(content, by=by, **options), by=by), batch)


def done(content: bytes, *, by: Actor, batch: int = 500, **options: Any) -> Import:
    """Return an import that was committed."""
    job = checked(content, by=by, batch=batch, **options)
    assert faults(job) == set(), faults(job)
    return worked(actions.commit(job, by=by), batch)


def faults(job: Import) -> set[tuple[int, str, str]]:
    """Return the faults of an import as row, column and code."""
    return set(job.faults.values_list("row", "column", "code"))
