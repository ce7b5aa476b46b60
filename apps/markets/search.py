"""
How listings are found: by words and codes, in an order, counted by facets, within what may be seen.

All of it reads the narrow rows of `Findable`. What everybody may see and what only some may see lie
in indexes of their own, so a search is the sum of one or two doors: the public one, and the one to
what is hidden from others. Which rows lie behind the second is said by `Listing.visible_to` once
more in other words; tests hold the two against each other.
"""

# ruff: noqa: S608  (what is put together here are our own names; all that is given is a parameter)

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from apps.markets.models import Findable, Listing, ListingQuerySet
from apps.markets.models.findable import CODED, HIDDEN, NARROW
from apps.markets.models.shelf import bit_of, number_of
from apps.pools.models import Project
from apps.pools.queries import SUBJECTS
from apps.taxonomy.queries import resolve
from marketplace.actors import Actor, Role
from marketplace.calendar import day_of
from marketplace.listings import CooperationMode, ListingState, Market, PriceWay, Side
from marketplace.reviews import REVIEWERS, Purpose
from marketplace.search import Facet, Order, filled, query, tokens
from marketplace.secrecy import public_text
from marketplace.vocabulary import Term

TABLE = Findable._meta.db_table
CODES = f"markets_codes({', '.join(CODED)})"
#: How many rows are looked at in the order asked for, before they are gathered by index and sorted:
#: narrow ones, and ones whose words must be read.
WALK, WALK_WITH_WORDS = 20_000, 1_500
#: By how many facets one search is counted at once.
MOST_FACETS = 4
#: PostgreSQL takes words that stand side by side for rare together, and would then read whole
#: tables, or too little memory to remember single rows.
PLANNING = (
    ("enable_seqscan", "off"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("work_mem", "32MB"),
    ("random_page_cost", "1.1"),
)
#: The largest amount that a row holds, in fen; an open end is one.
LARGEST_FEN = 2**63 - 1

#: A piece of SQL and its parameters.
Sql = tuple[str, list[Any]]
#: Where a row stands in an order: of relevance (tier, health, id), of date (time, id) …
Position = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is looked for. Codes are bare, such as "610100", and include what is below them."""

    words: str = ""
    market: Market | None = None
    side: Side | None = None
    state: ListingState | None = None
    #: Told of one's own listings only, and to reviewers of all.
    waiting: Purpose | None = None
    field: str | None = None
    region: str | None = None
    cooperation_mode: CooperationMode | None = None
    price_way: PriceWay | None = None
    readiness_from: int | None = None
    readiness_to: int | None = None
    #: Only stated prices that reach this amount.
    price_from: Decimal | None = None
    #: Only stated prices that begin at this amount or below.
    price_to: Decimal | None = None
    organization: UUID | None = None
    project: UUID | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A listing that was found, and where it stands."""

    listing: UUID
    position: Position


@dataclass(frozen=True, slots=True)
class Counts:
    """How many were found, and by facet and value how many there are with each value."""

    total: int
    facets: dict[Facet, dict[str, int]]


@dataclass(frozen=True, slots=True)
class _Door:
    """Rows that lie in one set of indexes, and which of them may be seen."""

    index: Literal["is_public", "NOT is_public"]
    who: Sql = ("", [])
    #: Whether they are few, and found by their owner.
    is_narrow: bool = False


def index(listings: Collection[Listing]) -> None:
    """Write the words by which listings are found, from what everybody may read of them."""
    if not listings:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET words = given.words::tsvector"
            " FROM unnest(%s::uuid[], %s::text[]) given (listing_id, words)"
            f" WHERE {TABLE}.listing_id = given.listing_id",
            [[row.pk for row in listings], [_words_of(row) for row in listings]],
        )


def order_of(asked: Criteria, wanted: Order | None = None) -> Order:
    """Return the order in which something is shown: without words nothing is more relevant."""
    has_words = not query(asked.words).is_empty
    if wanted is None or (wanted is Order.RELEVANCE and not has_words):
        return Order.RELEVANCE if has_words else Order.DATE
    return wanted


def page(
    asked: Criteria,
    *,
    by: Actor,
    order: Order | None = None,
    after: Position | None = None,
    is_backward: bool = False,
    size: int = 50,
) -> list[Hit]:
    """
    Return the next `size` of what is found and `by` may know of, after a position.

    Backward they are those before the position, the nearest first.
    """
    if _is_hopeless(asked):
        return []
    order = order_of(asked, order)
    doors = _doors(asked, by)
    if not doors:
        return []
    if order is Order.RELEVANCE:
        found = _by_tiers(asked, doors, by, after, is_backward, size)
    else:
        column = "listed_at" if order is Order.DATE else "health"
        found = _along(column, asked, doors, by, after, is_backward, size)
    with _planned() if asked != Criteria() else connection.cursor() as cursor:
        cursor.execute(*found)
        return [Hit(key, (*position, key)) for key, *position in cursor.fetchall()]


def facets(asked: Criteria, wanted: Sequence[Facet], *, by: Actor) -> Counts:
    """
    Count what is found and `by` may know of, by the values of up to four facets.

    Each facet is counted without its own filter, for that other values can be chosen too. Of codes
    those right below the one chosen are counted; where there are none, those beside it.
    """
    counts = Counts(0, {facet: {} for facet in wanted})
    if _is_hopeless(asked):
        return counts
    dimensions, rest = _dimensions(asked, wanted)
    columns = ", ".join(each.column for each in dimensions) or "1"
    selects = []
    for door in _doors(asked, by):
        where, params = _and(
            [(door.index, []), door.who, *_coded(rest), *_conditions(rest, by, door)]
        )
        groups = f" GROUP BY {', '.join(str(n + 1) for n in range(len(dimensions)))}" * bool(wanted)
        selects.append((f"SELECT {columns}, count(*) FROM {TABLE} WHERE {where}{groups}", params))
    if not selects:
        return counts
    with _planned() as cursor:
        cursor.execute(*_joined(selects))
        rows = cursor.fetchall()
    total, facets = 0, {facet: Counter[str]() for facet in wanted}
    for *values, count in rows:
        pairs = list(zip(dimensions, values, strict=False))
        misses = [each.facet for each, value in pairs if each.misses(value)]
        total += 0 if misses else count
        for each, value in pairs:
            if not misses or misses == [each.facet]:
                for name in each.names(value):
                    facets[each.facet][name] += count
    return Counts(total, {facet: dict(found) for facet, found in facets.items()})


def narrowed(
    rows: ListingQuerySet, asked: Criteria, *, by: Actor, among: Collection[UUID] | None = None
) -> ListingQuerySet:
    """Return those of `rows` that meet all criteria; who may know of them is said by `rows`."""
    if _is_hopeless(asked):
        return rows.none()
    conditions = _conditions(asked, by)
    if among is not None:
        rows = rows.filter(pk__in=list(among))
        conditions.append(("listing_id = ANY (%s::uuid[])", [list(among)]))
    if not conditions:
        return rows
    where, params = _and(conditions)
    return rows.filter(
        pk__in=RawSQL(f"SELECT listing_id FROM {TABLE} WHERE {where}", params)  # noqa: S611
    )


def matching(asked: Criteria, *, by: Actor, among: Collection[UUID]) -> list[UUID]:
    """Return which of the listings `among` meet the criteria, and `by` may know of them."""
    rows = Listing.objects.all().visible_to(by)
    return list(narrowed(rows, asked, by=by, among=among).values_list("pk", flat=True))


# --- doors ------------------------------------------------------------------------------------


def _doors(asked: Criteria, by: Actor) -> list[_Door]:
    """Return the doors to what `by` may know of, as far as something asked for may lie there."""
    is_narrow = asked.organization is not None or asked.project is not None
    doors = [_Door("is_public", is_narrow=is_narrow)]
    if asked.state not in (None, ListingState.PUBLISHED):
        doors = []
    hidden = _hidden(by)
    if hidden is not None:
        doors.append(replace(hidden, is_narrow=hidden.is_narrow or is_narrow))
    return doors


def _hidden(by: Actor) -> _Door | None:
    """Return the door to what not everybody, but `by` may know of."""
    if by.is_system:
        return _Door("NOT is_public")
    unsealed = f"state <> {number_of(ListingState.SEALED)}"
    if by.has(Role.SECRECY_OFFICER):
        return _Door("NOT is_public", (unsealed, []))
    ways: list[Sql] = []
    is_reviewer = by.has(*REVIEWERS)
    if is_reviewer:
        submitted = f"state <> {number_of(ListingState.DRAFT)}"
        ways.append((submitted if by.is_vetted else f"{submitted} AND NOT is_dual_use", []))
    elif by.is_vetted:
        ways.append((f"state = {number_of(ListingState.PUBLISHED)}", []))
    is_narrow = not ways
    if by.organization is not None:
        ways.append(("organization_id = %s", [by.organization]))
        if by.has(Role.ORGANIZATION_MANAGER):
            shared = Project.objects.shared_with(by).values("pk")
            offers = Listing.objects.filter(side=Side.OFFER, project__in=shared)
            offers = offers if by.is_vetted else offers.filter(dual_use=None)
            ways.append(_among(offers.values("pk")))
    if not ways:
        return None
    text, params = _and(ways, " OR ")
    return _Door("NOT is_public", (f"{unsealed} AND ({text})", params), is_narrow)


# --- conditions -------------------------------------------------------------------------------


def _is_hopeless(asked: Criteria) -> bool:
    """Say whether nothing can be found: what is asked for holds no word, or no code."""
    is_code = asked.region is None or (asked.region.isascii() and asked.region.isdigit())
    return not is_code or bool(asked.words and query(asked.words).is_empty)


def _conditions(asked: Criteria, by: Actor, door: _Door | None = None) -> list[Sql]:
    """Return all that a row must meet, exactly; behind the public door all are published."""
    found: list[Sql] = []
    if asked.words:
        found.append(("words @@ %s::tsquery", [query(asked.words).words]))
    found += [
        (f"{name} = %s", [number_of(term)])
        for name in ("market", "side", "price_way", "waiting")
        if (term := getattr(asked, name)) is not None
    ]
    if asked.state is not None and (door is None or door.index != "is_public"):
        found.append(("state = %s", [number_of(asked.state)]))
    if asked.waiting is not None and not by.has(*REVIEWERS):
        found.append(("organization_id = %s::uuid", [by.organization]))
    if asked.field is not None:
        found.append(("%s IN (field, subfield)", [asked.field]))
    if asked.region is not None:
        found.append(("%s IN (province, city, county)", [int(asked.region)]))
    if asked.cooperation_mode is not None:
        found.append(("cooperation_modes & %s <> 0", [bit_of(asked.cooperation_mode)]))
    if asked.readiness_from is not None:
        found.append(("readiness >= %s", [asked.readiness_from]))
    if asked.readiness_to is not None:
        found.append(("readiness <= %s", [asked.readiness_to]))
    if asked.price_from is not None:
        found.append(("highest >= %s", [math.ceil(asked.price_from * 100)]))
    if asked.price_to is not None:
        found.append(("lowest <= %s", [math.floor(asked.price_to * 100)]))
    if asked.organization is not None:
        found.append(("organization_id = %s", [asked.organization]))
    if asked.project is not None:
        found.append(_among(Listing.objects.filter(project=asked.project).values("pk")))
    return found


def _among(rows: QuerySet[Any, Any]) -> Sql:
    text, params = rows.query.sql_with_params()
    return f"listing_id = ANY (ARRAY({text}))", list(params)


def _coded(asked: Criteria) -> list[Sql]:
    """Return what the index of codes can tell of the conditions: all of it, or nearly so."""

    def code(letter: str, value: Any) -> str:
        number = number_of(value) if isinstance(value, Term) else value
        return "" if value is None else f"{letter}{number}"

    mode = asked.cooperation_mode
    every = [
        # Market and side, and field and region, have common codes where both are asked for.
        code("m", asked.market) + code("s", asked.side),
        code("f", asked.field) + code("r", asked.region),
        code("p", asked.price_way),
        code("w", asked.waiting),
        code("c", None if mode is None else bit_of(mode)),
        # Nearly all are published.
        code("t", None if asked.state is ListingState.PUBLISHED else asked.state),
    ]
    every = list(filter(None, every))
    found: list[Sql] = [(f"{CODES} @> %s::text[]", [every])] if every else []
    if asked.readiness_from is not None or asked.readiness_to is not None:
        levels = range(asked.readiness_from or 1, (asked.readiness_to or 9) + 1)
        found.append((f"{CODES} && %s::text[]", [[f"l{level}" for level in levels]]))
    if asked.price_from is not None:
        steps = range(_step(math.ceil(asked.price_from * 100)), _step(LARGEST_FEN) + 1)
        found.append((f"{CODES} && %s::text[]", [[f"b{step}" for step in steps]]))
    if asked.price_to is not None:
        steps = range(_step(0), _step(math.floor(asked.price_to * 100)) + 1)
        found.append((f"{CODES} && %s::text[]", [[f"a{step}" for step in steps]]))
    return found


def _step(amount: int) -> int:
    """Return which power of ten an amount has, in halves, as the database reckons it too."""
    digits = str(amount)
    return 2 * len(digits) + (digits[0] >= "3")


def _words_of(listing: Listing) -> str:
    body = "\n".join([listing.body, public_text(listing.blocks)])
    return filled(tokens(listing.title, listing.keywords, body))


# --- orders -----------------------------------------------------------------------------------


def _along(
    column: str,
    asked: Criteria,
    doors: Sequence[_Door],
    by: Actor,
    after: Position | None,
    is_backward: bool,
    size: int,
) -> Sql:
    """Return what gives a page in the order of a column, the newest or highest first."""
    line = _Line(column, is_backward, size, after[1:] if after else None)
    return line.merged([_ahead(line, asked, door, by) for door in doors])


def _by_tiers(
    asked: Criteria,
    doors: Sequence[_Door],
    by: Actor,
    after: Position | None,
    is_backward: bool,
    size: int,
) -> Sql:
    """
    Return what gives a page of the better hits first, those of one tier by their health.

    PostgreSQL works through the parts of a UNION ALL in turn, and stops when the page is full.
    """
    tiers = list(enumerate(query(asked.words).tiers))
    rest = replace(asked, words="")
    parts = []
    for number, tier in reversed(tiers) if is_backward else tiers:
        is_begun = after is not None and after[0] == number
        if after is not None and not is_begun and (after[0] > number) is not is_backward:
            continue
        line = _Line("health", is_backward, size, after[1:] if after and is_begun else None, number)
        words: Sql = ("words @@ %s::tsquery", [tier])
        parts.append(
            line.merged(
                [
                    line.gathered(door, [words, *_coded(rest), *_conditions(rest, by, door)])
                    for door in doors
                ]
            )
        )
    text, params = _joined(parts)
    return f"SELECT * FROM ({text}) part LIMIT {size}", params


def _ahead(line: "_Line", asked: Criteria, door: _Door, by: Actor) -> Sql:
    """
    Return what gives a page of one door.

    What is common is found soonest by looking at rows in their order; what is rare, by gathering it
    from the index and sorting it. Which of them it is nobody knows before; so some rows are looked
    at first, and only where they do not fill the page, all are gathered.
    """
    conditions, coded = _conditions(asked, by, door), _coded(asked)
    is_by_index = bool(coded or asked.words)
    if asked.waiting is not None:
        return line.gathered(door, [*coded, *conditions])  # Hardly any do.
    if door.is_narrow or not (is_by_index or conditions or door.who[0]):
        return line.sorted(door, conditions)
    near, near_params = line.walked(door, conditions, with_words=bool(asked.words))
    far, far_params = line.gathered(door, [*coded, *conditions, (f"{NEAR} < {line.size}", [])])
    return (
        f"WITH near AS MATERIALIZED ({near}), far AS MATERIALIZED ({far}) SELECT * FROM far"
        f" UNION ALL SELECT * FROM near WHERE {NEAR} = {line.size}",
        near_params + far_params,
    )


#: How many rows the look ahead has found.
NEAR = "(SELECT count(*) FROM near)"


@dataclass(frozen=True, slots=True)
class _Line:
    """The rows after a position in the order of a column."""

    column: str
    is_backward: bool
    size: int
    after: Position | None = None
    tier: int = 0

    @property
    def _selected(self) -> str:
        return f"listing_id, {self.tier} AS tier, {self.column}"

    def _order(self, column: str) -> str:
        direction = "ASC" if self.is_backward else "DESC"
        return f"ORDER BY {column} {direction}, listing_id {direction}"

    def _start(self, door: _Door) -> list[Sql]:
        start: list[Sql] = [(door.index, [])]
        if self.after is not None:
            sign = ">" if self.is_backward else "<"
            start.append((f"({self.column}, listing_id) {sign} (%s, %s)", list(self.after)))
        return start

    def sorted(self, door: _Door, conditions: Sequence[Sql]) -> Sql:
        """Return the rows as the database thinks best."""
        where, params = _and([*self._start(door), door.who, *conditions])
        return (
            f"SELECT {self._selected} FROM {TABLE} WHERE {where}"
            f" {self._order(self.column)} LIMIT {self.size}",
            params,
        )

    def walked(self, door: _Door, conditions: Sequence[Sql], *, with_words: bool) -> Sql:
        """Return those of the next few rows that meet the conditions."""
        start, params = _and(self._start(door))
        where, more = _and([door.who, *conditions])
        read = ["listing_id", self.column, *(NARROW if door.index == "is_public" else HIDDEN)]
        read += ["words"] if with_words else []
        walk = WALK_WITH_WORDS if with_words else WALK
        return (
            f"SELECT {self._selected} FROM (SELECT {', '.join(read)} FROM {TABLE} WHERE {start}"
            f" {self._order(self.column)} LIMIT {walk}) walk WHERE {where} LIMIT {self.size}",
            params + more,
        )

    def gathered(self, door: _Door, conditions: Sequence[Sql]) -> Sql:
        """Return the rows gathered by their words and codes, and then sorted."""
        where, params = _and([*self._start(door), door.who, *conditions])
        # No index is in this order, so none is walked along.
        key = f"{self.column} + interval '0'" if self.column == "listed_at" else "health + 0"
        return (
            f"SELECT {self._selected} FROM {TABLE} WHERE {where}"
            f" {self._order(key)} LIMIT {self.size}",
            params,
        )

    def merged(self, parts: Sequence[Sql]) -> Sql:
        """Return the first rows of all parts."""
        text, params = _joined(parts)
        return (
            f"SELECT * FROM ({text}) line {self._order(self.column)} LIMIT {self.size}",
            params,
        )


# --- counting ---------------------------------------------------------------------------------

#: The columns of a code and of those below it.
BRANCHES: dict[Facet, tuple[str, ...]] = {
    Facet.FIELD: ("field", "nullif(subfield, '')"),
    Facet.REGION: ("province", "city", "county"),
}
VOCABULARIES: dict[Facet, type[Term]] = {
    Facet.MARKET: Market,
    Facet.SIDE: Side,
    Facet.PRICE_WAY: PriceWay,
}


@dataclass(frozen=True, slots=True)
class _Dimension:
    """By which column is counted, and which values of it are asked for; None where all are."""

    facet: Facet
    column: str
    asked: frozenset[str] | None = None

    def names(self, value: Any) -> list[str]:
        """Return the values that stand in the column."""
        if value in (None, ""):
            return []
        if self.facet in VOCABULARIES:
            return [list(VOCABULARIES[self.facet])[value - 1].value]
        if self.facet is Facet.COOPERATION_MODE:
            return [mode.value for mode in CooperationMode if value & bit_of(mode)]
        return [str(value)]

    def misses(self, value: Any) -> bool:
        """Say whether the column holds nothing that is asked for."""
        return self.asked is not None and self.asked.isdisjoint(self.names(value))


def _dimensions(asked: Criteria, wanted: Sequence[Facet]) -> tuple[list[_Dimension], Criteria]:
    """Return by what to count, and the criteria that hold for all of it."""
    found = []
    kept: dict[str, Any] = {}
    for facet in wanted:
        name = facet.value
        if facet in BRANCHES:
            dimension, kept[name] = _branch(facet, getattr(asked, name))
        elif facet is Facet.READINESS:
            least, most = asked.readiness_from, asked.readiness_to
            levels = frozenset(map(str, range(least or 1, (most or 9) + 1)))
            dimension = _Dimension(facet, name, None if least is most is None else levels)
            kept |= {"readiness_from": None, "readiness_to": None}
        else:
            term = getattr(asked, name)
            column = "cooperation_modes" if facet is Facet.COOPERATION_MODE else name
            dimension = _Dimension(facet, column, frozenset({term.value}) if term else None)
            kept[name] = None
        found.append(dimension)
    return found, replace(asked, **kept)


def _branch(facet: Facet, chosen: str | None) -> tuple[_Dimension, str | None]:
    """
    Return how a facet of codes is counted where one is chosen, and which code all must lie below.

        610000, which has cities → its cities, below 610000
        610113, which has none   → the districts of 610100, below 610100
    """
    columns = BRANCHES[facet]
    if chosen is None:
        return _Dimension(facet, columns[0]), None
    today = day_of(timezone.now())
    code = resolve(SUBJECTS[facet.value], chosen, on=today, field=facet.value)
    own = columns[code.level - 1]
    if code.level < len(columns) and code.children.exists():
        return _Dimension(facet, f"coalesce({columns[code.level]}, {own})"), chosen
    if code.parent_id is None:
        return _Dimension(facet, own, frozenset({chosen})), None
    above = columns[code.level - 2]
    parent = code.parent_id.partition(":")[2]
    return _Dimension(facet, f"coalesce({own}, {above})", frozenset({chosen})), parent


# --- statements -------------------------------------------------------------------------------


def _and(parts: Iterable[Sql], joint: str = " AND ") -> Sql:
    """Return parts joined to one; empty ones say nothing."""
    said = [(text, params) for text, params in parts if text]
    return joint.join(text for text, _ in said), [each for _, params in said for each in params]


def _joined(parts: Sequence[Sql]) -> Sql:
    return _and(((f"({text})", params) for text, params in parts), " UNION ALL ")


@contextmanager
def _planned() -> Iterator[CursorWrapper]:
    """Give a cursor whose statements are planned as searches need it, and nobody else's are."""
    is_inner = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in PLANNING)
        cursor.execute(f"SELECT {settings}")
        yield cursor
        if is_inner:
            cursor.execute(";".join(f"SET LOCAL {name} TO DEFAULT" for name, _ in PLANNING))
