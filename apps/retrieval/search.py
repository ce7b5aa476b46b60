"""
How the texts are found that share the strongest words with what is asked.

Sealed blocks and new postings are read in one statement, so every text is seen exactly once,
wherever it lies at that moment. What comes back are numbers of texts: whether one is still there
is asked where it is looked up.
"""

# ruff: noqa: S608  (what is put together here are our own names; all that is given is a parameter)

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import Any, NamedTuple

import numpy
from django.db import connection
from psycopg import Cursor

from apps.retrieval.models import NUMBER, Block, Posting, Segment
from marketplace.words import strength

#: By how many of its strongest words a text is looked for: of so many, those that any text holds.
#: Of a listing of 350 words, 200 find 99 of a hundred of the 20 that are most alike among the first
#: 200; 96 words found 84.
MOST_WORDS, STRONGEST = 400, 200
#: How many sealed postings are read for one question, and how many of these for one word: those of
#: its strongest texts. The strongest words come first. So common words never make it slow. Of a
#: million texts, all of them would be two million postings for one question.
MOST_POSTINGS, MOST_OF_A_WORD = 120_000, 8_000
#: How many texts are told at once, and how many times as many are looked for when that was not
#: enough.
LIMIT, FURTHER = 200, 4
#: How many numbers a segment spans at most, so that what is added up needs but little memory.
SPAN = 2**20
#: As what the strongest possible is kept.
FULL = 255
STRENGTHS = (numpy.arange(FULL + 1, dtype=numpy.float32) / FULL) ** 2
#: From how many texts one guesses how strong the best are.
SAMPLE = 2**13

ASK = f"""
    WITH asked AS MATERIALIZED (
        SELECT word, place FROM unnest(%(words)s::int8[]) WITH ORDINALITY AS asked (word, place)
    ), held AS (
        SELECT segment.first, segment.last, asked.place, octet_length(block.strengths) AS size,
            block.texts, block.strengths
        FROM {Segment._meta.db_table} segment
        JOIN {Block._meta.db_table} block
            ON block.segment_id = segment.id AND block.word = ANY (%(words)s::int8[])
        JOIN asked ON asked.word = block.word
        WHERE segment.kind = %(kind)s AND segment.is_live
    ), new AS (
        SELECT asked.place, text_id, weight, length
        FROM {Posting._meta.db_table} posting JOIN asked USING (word)
        WHERE kind = %(kind)s AND posting.word = ANY (%(words)s::int8[])
    ), strongest AS (
        SELECT place FROM held UNION SELECT place FROM new ORDER BY place LIMIT %(strongest)s
    ), shared AS (
        SELECT *, sum(size) OVER (PARTITION BY place) AS whole
        FROM held JOIN strongest USING (place)
    ), counted AS (
        SELECT *, least(whole, %(of_a_word)s)::float8 AS wanted,
            sum(size * least(1, %(of_a_word)s::float8 / whole)) OVER (ORDER BY place) AS so_far
        FROM shared
    ), cut AS (
        SELECT first, last, place, texts, strengths,
            ceil(size * least(wanted, %(most)s - so_far + wanted) / whole)::int AS kept
        FROM counted WHERE so_far - wanted < %(most)s
    )
    SELECT place, first, last, substring(texts FOR {NUMBER.itemsize} * kept),
        substring(strengths FOR kept), NULL::bytea
    FROM cut
    UNION ALL
    SELECT place, NULL, NULL, string_agg(int4send(text_id), ''), string_agg(int4send(weight), ''),
        string_agg(int4send(length), '')
    FROM new JOIN strongest USING (place)
    GROUP BY place
    ORDER BY place
"""
#: A number as PostgreSQL sends it.
SENT = numpy.dtype(">i4")


class Candidate(NamedTuple):
    """A text that shares words with what is asked, and how strongly."""

    text_id: int
    strength: float


#: What is held of one word: its place among the words asked, from 1 on; the first and last number
#: of the segment, or None of new texts; their numbers, and as it lies there how strong they are.
_Row = tuple[int, int | None, int | None, bytes, bytes, bytes | None]


def candidates(
    kind: int, given: Mapping[int, float], *, limit: int = LIMIT, but_not: Collection[int] = ()
) -> Iterator[list[Candidate]]:
    """
    Return the texts of a kind that speak most strongly of the words of `given`, best first.

    They come in lists of `limit`, and are looked for as they are asked for, so that whoever finds
    that too few of the first can be used goes on. `given` says how much each word counts, by key.
    """
    worth = ((gain, word) for word, gain in given.items() if gain > 0)
    strongest = nlargest(MOST_WORDS, worth)
    told = set(but_not)
    reach = limit
    while strongest:
        found = _best(kind, strongest, reach, but_not)
        fresh = [each for each in found if each.text_id not in told]
        for start in range(0, len(fresh), limit):
            yield fresh[start : start + limit]
        if len(found) < reach:
            break
        told.update(each.text_id for each in fresh)
        reach *= FURTHER


def read(statement: str, words: Any) -> list[tuple[Any, ...]]:
    """Return what a statement finds; arrays come as they are, which Django's cursor cannot do."""
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        return cursor.execute(statement, words, binary=True).fetchall()


def kept(weights: Any, lengths: Any) -> Any:
    """Return for arrays of weights and lengths how strong each text is, as a block keeps it."""
    # On the scale of roots, for most texts are weak in most words.
    shares = numpy.sqrt(strength(weights, lengths))
    return numpy.clip(numpy.rint(FULL * shares), 1, FULL).astype(numpy.uint8)


def strengths_of(kept: Any) -> Any:
    """Return the strengths, from 0 to 1, of what a block keeps."""
    return STRENGTHS[kept]


def _best(
    kind: int, strongest: Sequence[tuple[float, int]], reach: int, but_not: Collection[int]
) -> list[Candidate]:
    words = {
        "kind": kind,
        "words": [word for _, word in strongest],
        "strongest": STRONGEST,
        "most": MOST_POSTINGS,
        "of_a_word": MOST_OF_A_WORD,
    }
    gains = numpy.array([0, *(gain for gain, _ in strongest)], numpy.float32)
    without = numpy.fromiter(but_not, numpy.int64, len(but_not))
    parts = [
        _added(start, rows, gains, reach + len(without))
        for start, rows in _groups(read(ASK, words)).items()
    ]
    if not parts:
        return []
    numbers, sums = (numpy.concatenate(arrays) for arrays in zip(*parts, strict=True))
    is_asked = numpy.isin(numbers, without, invert=True)
    numbers, sums = numbers[is_asked], sums[is_asked]
    best = numpy.lexsort((numbers, -sums))[:reach]
    return list(map(Candidate, numbers[best].tolist(), sums[best].tolist()))


def _groups(rows: Sequence[_Row]) -> dict[int | None, list[_Row]]:
    """Return the rows by the first number of the span in which they lie; new texts by None."""
    start = -SPAN
    starts: dict[int | None, int | None] = {None: None}
    spans = {(row[1], row[2]) for row in rows if row[1] is not None and row[2] is not None}
    for first, last in sorted(spans):
        start = start if last - start < SPAN else first
        starts[first] = start
    groups: dict[int | None, list[_Row]] = {}
    for row in rows:
        groups.setdefault(starts[row[1]], []).append(row)
    return groups


def _added(start: int | None, rows: Sequence[_Row], gains: Any, reach: int) -> tuple[Any, Any]:
    """
    Return the numbers of the texts with the largest sums, and these sums.

    The words are added in one order everywhere, so that a sum does not depend on where a text lies.
    """
    words, firsts, _, texts, strengths, lengths = zip(*rows, strict=True)
    sizes = [len(held) // NUMBER.itemsize for held in texts]
    if start is None:
        found, heavy, long = (
            numpy.frombuffer(b"".join(sent), SENT).astype(numpy.int64)
            for sent in (texts, strengths, lengths)
        )
        numbers, places = numpy.unique(found, return_inverse=True)
        held = kept(heavy, long)
    else:
        # One place for each number of the span: nothing has to be sorted.
        offsets = numpy.repeat(numpy.array(firsts) - start, sizes)
        numbers, places = None, numpy.frombuffer(b"".join(texts), NUMBER) + offsets
        held = numpy.frombuffer(b"".join(strengths), numpy.uint8)
    sums = numpy.zeros(int(places.max()) + 1, numpy.float32)
    numpy.add.at(sums, places, strengths_of(held) * numpy.repeat(gains[list(words)], sizes))
    best = _largest(sums, reach)
    return best + start if numbers is None else numbers[best], sums[best]


def _largest(sums: Any, reach: int) -> Any:
    """Return the places of the `reach` largest sums above 0; of equal ones, the first."""
    # How large these are is guessed from a sample: to sort them all would take longest of all.
    sample = sums[:: max(1, len(sums) // SAMPLE)]
    rank = 2 * reach * len(sample) // len(sums) + 1
    least = numpy.partition(sample, -rank)[-rank] if rank <= len(sample) else 0
    smallest = least / 16
    best = numpy.flatnonzero(sums >= least) if least > 0 else numpy.flatnonzero(sums)
    while len(best) < reach and least > 0:
        least = least / 2 if least > smallest else 0
        best = numpy.flatnonzero(sums >= least) if least > 0 else numpy.flatnonzero(sums)
    return best[numpy.argsort(-sums[best], kind="stable")[:reach]]
