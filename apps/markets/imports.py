"""
Listings from files: JSON Lines or CSV, all or nothing, and again without harm.

A file holds the listings of one organization. JSON Lines is one object per line; CSV has a header
of the same names and separates keywords by semicolons. Both are UTF-8, with or without a byte order
mark. An empty cell, null and a word that is left out mean the same. The words:

    external_reference     what the organization calls the listing; each once; required
    market, side           technology | talent | capital, offer | need; required
    title, body, region    required; region is six digits (GB/T 2260)
    keywords               at most 20
    field                  technology field, 01 to 11
    cooperation            development | transfer | licence | equity | consulting | service
    readiness              1 to 9 (GB/T 22900)
    price_from, price_to   yuan, at most two decimals
    confidential           only for the own organization and reviewers
    valid_until            2027-12-31
    project, talent, fund  id of the entry of its pool that an offer points at

A technology offer that names no project gets one, drafted from its own words and from

    intellectual_property  code of the kind of right
    is_service_invention   true | false, whether it was made in the course of duty; true if left out

What has been imported before is known by its external reference: it stays where nothing is
different, is changed where it still may be, and is a fault where it may not.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from rest_framework import serializers

from apps.accounts.models import Organization, User
from apps.base.api.errors import words
from apps.base.api.serializers import Amount, Input, TermChoice
from apps.markets import actions
from apps.markets.models import Listing
from apps.pools import actions as pool_actions
from apps.pools.models import Project
from apps.pools.queries import SUBJECTS, words_of
from apps.taxonomy.models import Code
from apps.taxonomy.queries import resolve
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Conflict, Invalid, MarketError
from marketplace.listings import (
    EDITABLE_IN,
    LONGEST,
    LONGEST_KEYWORD,
    MOST_KEYWORDS,
    TERMS,
    CooperationMode,
    Market,
    Side,
)
from marketplace.pools import EDITABLE_IN as ENTRY_EDITABLE_IN
from marketplace.pools import PoolState
from marketplace.vocabulary import Term


class Format(Term):
    """How a file is written."""

    JSONL = "jsonl"
    CSV = "csv"


class Row(Input):
    """What one row may hold."""

    external_reference = serializers.CharField(max_length=LONGEST["external_reference"])
    market = TermChoice(Market)
    side = TermChoice(Side)
    title = serializers.CharField(max_length=LONGEST["title"])
    body = serializers.CharField(max_length=LONGEST["body"])
    keywords = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_KEYWORD),
        max_length=MOST_KEYWORDS,
        default=list,
    )
    field = serializers.CharField(max_length=40, default=None)
    region = serializers.CharField(max_length=40)
    cooperation = TermChoice(CooperationMode, default=None)
    readiness = serializers.IntegerField(min_value=1, max_value=9, default=None)
    price_from = Amount(default=None)
    price_to = Amount(default=None)
    confidential = serializers.CharField(max_length=LONGEST["confidential"], default="")
    valid_until = serializers.DateField(default=None)
    project = serializers.UUIDField(default=None)
    talent = serializers.UUIDField(default=None)
    fund = serializers.UUIDField(default=None)
    intellectual_property = serializers.CharField(max_length=40, default=None)
    is_service_invention = serializers.BooleanField(default=True)


@dataclass(frozen=True)
class Fault:
    """What is wrong in one place of a file; rows count from 1, in CSV with the header."""

    row: int
    field: str
    code: str
    message: str


@dataclass
class Report:
    """What an import did, or would have done."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    published: int = 0
    faults: list[Fault] = field(default_factory=list)


def import_listings(
    path: Path, *, format: Format, by: Actor, publish_as: Actor | None = None, dry_run: bool = False
) -> Report:
    """
    Import a file of listings for the organization that `by` acts for; nothing, if any row is wrong.

    With `publish_as`, everything is submitted, admitted and published by that reviewer as well. A
    dry run does all of it too, and takes it back.
    """
    with transaction.atomic():
        importer = Importer(path.name[:80], by=by, publish_as=publish_as)
        with path.open("rb") as file:
            for number, given in read(file, format):
                importer.take(number, given)
        if dry_run or importer.report.faults:
            transaction.set_rollback(True)
    return importer.report


def read(file: BinaryIO, format: Format) -> Iterator[tuple[int, dict[str, Any] | Invalid]]:
    """Return the rows of a file with their numbers; one that cannot be read is Invalid."""
    return _json_rows(file) if format is Format.JSONL else _csv_rows(file)


class Importer:
    """Takes rows one after the other and keeps the report."""

    def __init__(self, source: str, *, by: Actor, publish_as: Actor | None) -> None:
        self.source = source
        self.by = by
        self.publish_as = publish_as
        self.report = Report()
        self.shape = Row()
        self.today = day_of(timezone.now())
        self.seen: dict[str, int] = {}
        self.codes: dict[tuple[str, str], Code] = {}
        hold(Organization, by.organization)
        for actor in filter(None, (by, publish_as)):
            hold(User, actor.user)
        self.known = {
            listing.external_reference: listing
            for listing in Listing.objects.filter(organization=by.organization)
            .exclude(external_reference="")
            .select_related("project")
        }

    def take(self, number: int, given: dict[str, Any] | Invalid) -> None:
        """Import one row, or note everything that is wrong with it."""
        self.report.rows += 1
        if isinstance(given, Invalid):
            self._blame(number, given)
            return
        try:
            row = self.shape.run_validation(
                {name: value for name, value in given.items() if value not in (None, "", [])}
            )
        except serializers.ValidationError as error:
            self.report.faults += [Fault(number, *found) for found in _flat(error.detail)]
            return
        reference = row["external_reference"]
        self._resolve(row)
        first = self.seen.setdefault(reference, number)
        if first != number:
            self._blame(
                number,
                Invalid(
                    "Row {row} has the same reference.",
                    code="repeated_reference",
                    field="external_reference",
                    row=first,
                ),
            )
            return
        try:
            with transaction.atomic():
                outcome, is_published = self._bring(row)
        except MarketError as error:
            self._blame(number, error)
            return
        setattr(self.report, outcome, getattr(self.report, outcome) + 1)
        self.report.published += is_published

    def _resolve(self, row: dict[str, Any]) -> None:
        """Put codes in the place of what is written; what is unknown stays for the action."""
        for name, subject in SUBJECTS.items():
            written = row.get(name)
            if written is None:
                continue
            code = self.codes.get((name, written))
            if code is None:
                try:
                    code = resolve(subject, written, on=self.today, field=name)
                except Invalid:
                    continue
                hold(Code, code.pk)
                self.codes[name, written] = code
            row[name] = code

    def _blame(self, number: int, error: MarketError) -> None:
        self.report.faults += [
            Fault(number, cause.field, cause.code, words(cause))
            for cause in error.causes or [error]
        ]

    def _bring(self, row: dict[str, Any]) -> tuple[str, bool]:
        """Do what a row asks for; say what became of it, and whether it was published."""
        place = {"market": row["market"], "side": row["side"]}
        project = {name: row[name] for name in ("intellectual_property", "is_service_invention")}
        terms = {name: row[name] for name in TERMS}
        known = self.known.get(row["external_reference"])
        if known is None:
            if _wants_project(row):
                terms["project"] = pool_actions.draft(
                    Project, project | _project_words(terms), by=self.by
                ).pk
            listing = actions.draft(terms, **place, by=self.by, imported_from=self.source)
            outcome = "created"
        else:
            listing, is_changed = self._renew(known, row, terms, project)
            outcome = "changed" if is_changed else "unchanged"
        if self.publish_as is None or listing.state not in EDITABLE_IN:
            return outcome, False
        self._publish(listing, self.publish_as)
        return outcome, True

    def _renew(
        self, listing: Listing, row: dict[str, Any], terms: dict[str, Any], project: dict[str, Any]
    ) -> tuple[Listing, bool]:
        """Write into a listing of an earlier import what is different now."""
        if (listing.market, listing.side) != (row["market"], row["side"]):
            raise Conflict(
                "This reference belongs to a listing of another market or side.",
                code="other_place",
                field="external_reference",
            )
        is_different = False
        if _wants_project(row) and listing.project is not None:
            terms["project"] = listing.project_id
            if listing.project.state in ENTRY_EDITABLE_IN:
                wanted = project | _project_words(terms)
                if _different(listing.project, wanted):
                    pool_actions.change(listing.project, wanted, by=self.by)
                    is_different = True
        different = _different(listing, terms)
        if different:
            listing = actions.change(listing, different, by=self.by)
            is_different = True
        return listing, is_different

    def _publish(self, listing: Listing, reviewer: Actor) -> None:
        project = listing.project
        if project is not None and project.state in ENTRY_EDITABLE_IN:
            project = pool_actions.submit(project, by=self.by)
        if project is not None and project.state is PoolState.SUBMITTED:
            pool_actions.admit(project, by=reviewer)
        listing = actions.submit(listing, by=self.by)
        actions.publish(listing, by=reviewer)


def hold(table: type[Model], key: UUID | str | None) -> None:
    """
    Hold a row that very many new rows will point at, until the transaction ends.

    Otherwise every savepoint leaves a lock of its own on that row, and PostgreSQL looks through all
    of them at each further one: 2,000 rows took three times as long.
    """
    options = table._meta
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT FROM "{options.db_table}" WHERE "{options.pk.column}" = %s FOR KEY SHARE',
            [key],
        )


def _wants_project(row: dict[str, Any]) -> bool:
    is_offer = (row["market"], row["side"]) == (Market.TECHNOLOGY, Side.OFFER)
    return is_offer and row["project"] is None


def _project_words(terms: dict[str, Any]) -> dict[str, Any]:
    """Return what a project takes from the words of the listing that offers it."""
    same = {name: terms[name] for name in ("title", "field", "region", "readiness")}
    return {**same, "summary": terms["body"]}


def _different(record: Listing | Project, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return those of `wanted` that are not what stands in `record`."""
    found = {}
    for name, stands in words_of(record, wanted).items():
        value = wanted[name]
        if stands != (value.pk if isinstance(value, Code) else value):
            found[name] = value
    return found


def _flat(detail: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Return place, code and words of the nested faults of a serializer."""
    if isinstance(detail, dict):
        for inner, found in detail.items():
            yield from _flat(found, f"{name}.{inner}" if name else str(inner))
    elif isinstance(detail, list):
        for found in detail:
            yield from _flat(found, name)
    else:
        yield name, detail.code, str(detail)


def _json_rows(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | Invalid]]:
    for number, line in enumerate(file, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.strip():
            continue
        try:
            given = json.loads(text.decode())
        except UnicodeDecodeError:
            yield number, Invalid("The row is not UTF-8.", code="not_utf8")
        except (json.JSONDecodeError, RecursionError):
            yield number, Invalid("The row is not JSON.", code="not_json")
        else:
            is_object = isinstance(given, dict)
            yield (
                number,
                given if is_object else Invalid("The row is no object.", code="not_object"),
            )


def _csv_rows(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | Invalid]]:
    number = 1
    with TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        try:
            for number, row in enumerate(csv.DictReader(text, strict=True), start=2):
                if None in row:
                    yield (
                        number,
                        Invalid("The row is longer than the header.", code="too_many_cells"),
                    )
                    continue
                given: dict[str, Any] = dict(row)
                if keywords := given.get("keywords"):
                    parts = keywords.replace("；", ";").split(";")
                    given["keywords"] = [part.strip() for part in parts if part.strip()]
                yield number, given
        except UnicodeDecodeError:
            yield number + 1, Invalid("From here on the file is not UTF-8.", code="not_utf8")
        except csv.Error:
            yield number + 1, Invalid("From here on the file is not CSV.", code="not_csv")
