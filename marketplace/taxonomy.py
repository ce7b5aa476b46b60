"""Code lists: what they classify, how sure we are of them, and the tree that their rows make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import auto

from marketplace.errors import Invalid
from marketplace.vocabulary import Term


class Subject(Term):
    """What a code list classifies."""

    REGION = auto()
    INDUSTRY = auto()
    DISCIPLINE = auto()
    PATENT_CLASS = auto()
    TECHNOLOGY_FIELD = auto()
    PARTY_NATURE = auto()
    INTELLECTUAL_PROPERTY = auto()
    PLAN_SOURCE = auto()
    PURPOSE = auto()
    PAYMENT = auto()
    READINESS = auto()
    #: The four-digit regions of the registration form before the six-digit ones (表号 JJ-001).
    FORM_REGION = auto()


class Certainty(Term):
    """How sure we are that a list says what its publisher said."""

    #: Read in the source that is named.
    FOUND = auto()
    #: Concluded from what was found.
    INFERRED = auto()
    #: Common knowledge of the trade, not yet compared with a source.
    MEMORY = auto()


class Relation(Term):
    """What a code of one list is to a code of another."""

    SAME = auto()
    #: The same thing under another name or number.
    RENAMED = auto()
    #: One of several things into which the first was divided.
    SPLIT = auto()
    #: The thing into which the first and others were joined.
    MERGED = auto()
    #: A thing that lies within the first.
    NARROWER = auto()
    #: A thing in which the first lies.
    BROADER = auto()


class ZoneKind(Term):
    """What a functional zone (功能区) is."""

    HIGH_TECH_ZONE = auto()
    DEVELOPMENT_ZONE = auto()
    NEW_AREA = auto()
    NEW_TOWN = auto()
    BONDED_ZONE = auto()
    FREE_TRADE_ZONE = auto()
    AGRICULTURAL_ZONE = auto()
    PORT_AREA = auto()
    TOURIST_AREA = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a code list."""

    line: int
    code: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """When a list is the valid one of its subject; `until` is the first day after it."""

    #: 0 where the list stands in no file, but was loaded before.
    line: int
    subject: Subject
    start: date
    until: date | None = None


def tree(rows: Iterable[Row], *, file: str = "") -> dict[str, tuple[str, ...]]:
    """
    Return for every code the codes from the top of its tree down to it; the level is how many.

    Of the rows 610000, 610100 below 610000 and 610113 below 610100, the path of 610113 is
    ("610000", "610100", "610113") and its level 3. The order of the rows does not matter. Raise
    Invalid that names every line with a code that came before, has an unknown parent, or lies below
    itself.
    """
    faults: list[Invalid] = []
    known: dict[str, Row] = {}
    for row in rows:
        if row.code in known:
            faults.append(
                _fault(
                    "{file}, line {line}: the code {given} came before.",
                    "duplicate_code",
                    file,
                    row,
                    row.code,
                )
            )
        else:
            known[row.code] = row
    paths: dict[str, tuple[str, ...]] = {}
    for row in known.values():
        if row.parent and row.parent not in known:
            faults.append(
                _fault(
                    "{file}, line {line}: there is no code {given} to lie below.",
                    "unknown_parent",
                    file,
                    row,
                    row.parent,
                )
            )
        elif not _find_path(row, known, paths):
            faults.append(
                _fault(
                    "{file}, line {line}: the code {given} lies below itself.",
                    "cycle",
                    file,
                    row,
                    row.code,
                )
            )
    Invalid.unless_none(faults)
    return paths


def must_not_overlap(periods: Iterable[Period], *, file: str = "") -> None:
    """
    Raise Invalid where two lists of one subject would be valid on one day.

    A list until 2016-11-24 and one from 2016-11-24 do not overlap: the end is the first day after.
    """
    faults = []
    latest: dict[Subject, Period] = {}
    for period in sorted(periods, key=lambda p: p.start):
        before = latest.get(period.subject)
        if before is not None and (before.until is None or before.until > period.start):
            faults.append(
                _fault(
                    "{file}, line {line}: another list for {given} is valid at the same time.",
                    "overlap",
                    file,
                    period if period.line else before,
                    period.subject,
                )
            )
        if before is None or _ends_after(period, before):
            latest[period.subject] = period
    Invalid.unless_none(faults)


def _ends_after(period: Period, other: Period) -> bool:
    return other.until is not None and (period.until is None or period.until > other.until)


def _find_path(row: Row, known: Mapping[str, Row], paths: dict[str, tuple[str, ...]]) -> bool:
    """Put the path of `row` and of all above it into `paths`; say False where it is a circle."""
    waiting: dict[str, Row] = {}
    above: Row | None = row
    while above is not None and above.code not in paths:
        if above.code in waiting:
            return False
        waiting[above.code] = above
        above = known.get(above.parent)
    for each in reversed(waiting.values()):
        paths[each.code] = (*paths.get(each.parent, ()), each.code)
    return True


def _fault(message: str, code: str, file: str, at: Row | Period, given: object) -> Invalid:
    """Return what is wrong with one line."""
    return Invalid(
        message,
        code=code,
        field=f"{file}.{at.line}",
        file=file,
        line=at.line,
        given=given,
    )
