"""Load the code lists that the market carries."""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import TypeVar

from django.db import connection, models, transaction

from apps.journal.actions import record
from apps.taxonomy.models import Code, Concordance, Edition, Zone
from marketplace.actors import Actor, Role
from marketplace.errors import Invalid
from marketplace.taxonomy import (
    Certainty,
    Period,
    Relation,
    Row,
    Subject,
    ZoneKind,
    must_not_overlap,
    tree,
)
from marketplace.vocabulary import Term

T = TypeVar("T", bound=Term)

#: The lists that the project carries.
DATA = Path(__file__).parent / "data"

EDITIONS = "editions.csv"
CONCORDANCES = "concordances.csv"
ZONES = "zones.csv"

EDITION_COLUMNS = [
    *("key", "subject", "name_zh", "name_en", "source", "valid_from", "valid_until"),
    *("certainty", "is_partial", "note_zh", "note_en"),
]
CODE_COLUMNS = ["code", "parent", "name_zh", "name_en", "certainty"]
CONCORDANCE_COLUMNS = [
    *("from_edition", "from_code", "to_edition", "to_code"),
    *("kind", "changed_on", "certainty"),
]
ZONE_COLUMNS = [
    *("key", "name_zh", "name_en", "kind", "region", "parent"),
    *("valid_from", "valid_until", "source", "certainty"),
]

#: What a code, or the key of an edition, may consist of: it becomes a part of keys and paths.
CODE = re.compile(r"[0-9A-Za-z.-]{1,40}")

#: No more faults than a person can read.
MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much a loading wrote."""

    editions: int
    codes: int
    concordances: int
    zones: int


@transaction.atomic
def load(folder: Path = DATA, *, by: Actor) -> Loaded:
    """
    Load every edition, concordance and zone of `folder`; what is unchanged is not written again.

    Raise Invalid that names file and line, and load nothing, where the files do not fit together.
    An edition never loses a code, for records may point at it: a list with fewer codes is a new
    edition.
    """
    by.must_have(Role.ADMINISTRATOR)
    _wait_for_other_loading()
    editions = _read_editions(folder)
    stored = {edition.key: edition for edition in Edition.objects.all()}
    changed = [e for e in editions if e.key not in stored or stored[e.key].digest != e.digest]
    codes = {e.key: _read_codes(folder, e) for e in changed}
    _keep_what_was_there(codes)
    _write(Edition, changed, "key")
    _write(Code, [code for listed in codes.values() for code in listed], "key")
    relations = _write_concordances(folder)
    for edition in changed:
        record(
            "edition.loaded", edition, by=by, codes=len(codes[edition.key]), digest=edition.digest
        )
    related = {key for relation in relations for key in _editions_of(relation)}
    touched = ({edition.key for edition in changed} | related) & stored.keys()
    Edition.objects.filter(key__in=touched).update(version=models.F("version") + 1)
    for edition in Edition.objects.filter(key__in=related).order_by("key"):
        count = sum(edition.key in _editions_of(relation) for relation in relations)
        record("edition.related", edition, by=by, concordances=count)
    zones = _write_zones(folder)
    for zone in zones:
        record("zone.loaded", zone, by=by)
    return Loaded(
        editions=len(changed),
        codes=sum(len(listed) for listed in codes.values()),
        concordances=len(relations),
        zones=len(zones),
    )


def _wait_for_other_loading() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('taxonomy.load', 0))")


# --- files ------------------------------------------------------------------------------------


def _lines(
    folder: Path, name: str, columns: list[str], may_be_empty: set[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield every line of a file with its number; the first line names the columns."""
    path = folder / name
    if not path.is_file():
        raise Invalid("There is no file {file}.", code="missing_file", field=name, file=name)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        raise Invalid("{file} is no text in UTF-8.", code="wrong_encoding", field=name, file=name)
    reader = csv.reader(StringIO(text, newline=""))
    if next(reader, None) != columns:
        raise Invalid(
            "{file}, line 1: the columns must be {columns}.",
            code="wrong_columns",
            field=f"{name}.1",
            file=name,
            columns=", ".join(columns),
        )
    for cells in reader:
        line = reader.line_num
        if len(cells) != len(columns):
            raise _fault(
                "{file}, line {line}: there must be {given} cells.", name, line, len(columns)
            )
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
        for column, cell in row.items():
            if not cell and column not in may_be_empty:
                raise _fault("{file}, line {line}: {given} is empty.", name, line, column)
        yield line, row


def _fault(message: str, name: str, line: int, given: object, code: str = "wrong_line") -> Invalid:
    return Invalid(message, code=code, field=f"{name}.{line}", file=name, line=line, given=given)


def _term(vocabulary: type[T], text: str, name: str, line: int) -> T:
    if text not in vocabulary.values():
        raise _no_word(text, name, line)
    return vocabulary(text)


def _no_word(text: str, name: str, line: int) -> Invalid:
    return _fault("{file}, line {line}: “{given}” is no word for this.", name, line, text)


def _no_form(text: str, name: str, line: int) -> Invalid:
    return _fault("{file}, line {line}: “{given}” is no form of a code.", name, line, text)


def _day(text: str, name: str, line: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _fault("{file}, line {line}: “{given}” is no day.", name, line, text) from None


def _must_last(start: date, until: date | None, name: str, line: int) -> None:
    if until is not None and until <= start:
        raise _fault(
            "{file}, line {line}: it must end after its first day, not on {given}.",
            name,
            line,
            until,
        )


def _day_or_none(text: str, name: str, line: int) -> date | None:
    return _day(text, name, line) if text else None


def _each(keys: Iterable[tuple[int, str]], name: str) -> None:
    """Raise Invalid where a key occurs twice."""
    seen: set[str] = set()
    faults = []
    for line, key in keys:
        if key in seen:
            faults.append(
                _fault(
                    "{file}, line {line}: the code {given} came before.",
                    name,
                    line,
                    key,
                    "duplicate_code",
                )
            )
        seen.add(key)
    Invalid.unless_none(faults[:MOST_FAULTS])


# --- editions and their codes -----------------------------------------------------------------


def _read_editions(folder: Path) -> list[Edition]:
    editions: list[Edition] = []
    periods: list[Period] = []
    lines: list[tuple[int, str]] = []
    for line, row in _lines(
        folder, EDITIONS, EDITION_COLUMNS, {"valid_until", "note_zh", "note_en"}
    ):
        if not CODE.fullmatch(row["key"]):
            raise _no_form(row["key"], EDITIONS, line)
        path = folder / f"{row['key']}.csv"
        if not path.is_file():
            raise _fault(
                "{file}, line {line}: there is no file {given}.", EDITIONS, line, path.name
            )
        digest = hashlib.sha256(repr(sorted(row.items())).encode() + path.read_bytes()).hexdigest()
        edition = Edition(
            key=row["key"],
            subject=_term(Subject, row["subject"], EDITIONS, line),
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            source=row["source"],
            valid_from=_day(row["valid_from"], EDITIONS, line),
            valid_until=_day_or_none(row["valid_until"], EDITIONS, line),
            certainty=_term(Certainty, row["certainty"], EDITIONS, line),
            is_partial=row["is_partial"] == "yes",
            note_zh=row["note_zh"],
            note_en=row["note_en"],
            digest=digest,
        )
        _must_last(edition.valid_from, edition.valid_until, EDITIONS, line)
        if row["is_partial"] not in ("yes", "no"):
            raise _no_word(row["is_partial"], EDITIONS, line)
        editions.append(edition)
        lines.append((line, edition.key))
        periods.append(Period(line, edition.subject, edition.valid_from, edition.valid_until))
    _each(lines, EDITIONS)
    others = Edition.objects.exclude(key__in=[edition.key for edition in editions])
    loaded = [Period(0, other.subject, other.valid_from, other.valid_until) for other in others]
    must_not_overlap([*periods, *loaded], file=EDITIONS)
    return editions


def _read_codes(folder: Path, edition: Edition) -> list[Code]:
    name = f"{edition.key}.csv"
    listed = list(_lines(folder, name, CODE_COLUMNS, {"parent", "name_en", "certainty"}))
    for line, row in listed:
        if not CODE.fullmatch(row["code"]):
            raise _no_form(row["code"], name, line)
    paths = tree((Row(line, row["code"], row["parent"]) for line, row in listed), file=name)
    return [
        Code(
            key=f"{edition.key}:{row['code']}",
            edition=edition,
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            parent_id=f"{edition.key}:{row['parent']}" if row["parent"] else None,
            level=len(paths[row["code"]]),
            path="/".join((edition.key, *paths[row["code"]], "")),
            certainty=(
                _term(Certainty, row["certainty"], name, line)
                if row["certainty"]
                else edition.certainty
            ),
        )
        for line, row in listed
    ]


def _keep_what_was_there(codes: Mapping[str, list[Code]]) -> None:
    """Raise Invalid where an edition that is there already would lose codes."""
    kept = {code.key for listed in codes.values() for code in listed}
    stored = Code.objects.filter(edition__in=codes).values_list("edition_id", "code", "key")
    faults = [
        Invalid(
            "{file}: the code {given} is missing, which was loaded before.",
            code="code_lost",
            field=f"{edition}.csv",
            file=f"{edition}.csv",
            given=code,
        )
        for edition, code, key in stored.order_by("key")
        if key not in kept
    ]
    Invalid.unless_none(faults[:MOST_FAULTS])


# --- concordances and zones -------------------------------------------------------------------


def _write_concordances(folder: Path) -> list[Concordance]:
    """Write the concordances that are new or changed, and return them."""
    given: list[tuple[int, Concordance]] = []
    for line, row in _lines(folder, CONCORDANCES, CONCORDANCE_COLUMNS, {"changed_on"}):
        relation = Concordance(
            from_code_id=f"{row['from_edition']}:{row['from_code']}",
            to_code_id=f"{row['to_edition']}:{row['to_code']}",
            kind=_term(Relation, row["kind"], CONCORDANCES, line),
            changed_on=_day_or_none(row["changed_on"], CONCORDANCES, line),
            certainty=_term(Certainty, row["certainty"], CONCORDANCES, line),
        )
        if relation.from_code_id == relation.to_code_id:
            raise _fault(
                "{file}, line {line}: {given} cannot become itself.",
                CONCORDANCES,
                line,
                relation.from_code_id,
            )
        given.append((line, relation))
    _each(((line, str(relation)) for line, relation in given), CONCORDANCES)
    sides = [(n, key) for n, r in given for key in (r.from_code_id, r.to_code_id)]
    _must_be_codes(sides, CONCORDANCES)
    facts = ("from_code_id", "to_code_id", "kind", "changed_on", "certainty")
    fresh = _fresh([relation for _line, relation in given], Concordance, facts)
    _write(Concordance, fresh, "from_code", "to_code")
    return fresh


def _write_zones(folder: Path) -> list[Zone]:
    """Write the zones that are new or changed, and return them."""
    given: list[tuple[int, Zone]] = []
    for line, row in _lines(folder, ZONES, ZONE_COLUMNS, {"parent", "valid_until"}):
        zone = Zone(
            key=row["key"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            kind=_term(ZoneKind, row["kind"], ZONES, line),
            region_id=row["region"],
            parent_id=row["parent"] or None,
            valid_from=_day(row["valid_from"], ZONES, line),
            valid_until=_day_or_none(row["valid_until"], ZONES, line),
            source=row["source"],
            certainty=_term(Certainty, row["certainty"], ZONES, line),
        )
        _must_last(zone.valid_from, zone.valid_until, ZONES, line)
        given.append((line, zone))
    tree((Row(line, zone.key, zone.parent_id or "") for line, zone in given), file=ZONES)
    _must_be_codes([(line, zone.region_id) for line, zone in given], ZONES)
    facts = tuple(field.attname for field in Zone._meta.concrete_fields)
    fresh = _fresh([zone for _line, zone in given], Zone, facts)
    _write(Zone, fresh, "key")
    return fresh


def _must_be_codes(keys: list[tuple[int, str]], name: str) -> None:
    known = set(
        Code.objects.filter(key__in={key for _line, key in keys}).values_list("key", flat=True)
    )
    faults = [
        _fault("{file}, line {line}: there is no code {given}.", name, line, key, "unknown_code")
        for line, key in keys
        if key not in known
    ]
    Invalid.unless_none(faults[:MOST_FAULTS])


def _editions_of(relation: Concordance) -> tuple[str, str]:
    return relation.from_code_id.partition(":")[0], relation.to_code_id.partition(":")[0]


# --- writing ----------------------------------------------------------------------------------

M = TypeVar("M", bound=models.Model)


def _fresh(rows: list[M], model: type[M], facts: tuple[str, ...]) -> list[M]:
    """Return those of `rows` that do not stand in the table with the same `facts`."""
    stored = set(model._default_manager.values_list(*facts))
    return [row for row in rows if tuple(getattr(row, fact) for fact in facts) not in stored]


def _write(model: type[M], rows: list[M], *unique: str) -> None:
    """Insert `rows`, or overwrite those with the same `unique` columns."""
    kept = {*unique, "id", "version"}
    columns = [f.name for f in model._meta.concrete_fields if f.name not in kept]
    model._default_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=list(unique),
        update_fields=columns,
        batch_size=2000,
    )
