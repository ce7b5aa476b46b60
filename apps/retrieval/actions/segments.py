"""
Keep the words of listings: texts come and go, and what is new is sealed into segments.

A text lies in the index once: with its postings, or in a live segment. It moves from one to the
other in one transaction, and whoever asks reads both in one statement. What is gone stays in its
segment, where it does no harm, until that is written anew.
"""


# ruff: noqa: S608  (what is put together here are our own names; all that is given is a parameter)

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.markets.models import Listing
from apps.retrieval.models import (
    KEY,
    NUMBER,
    WEIGHT,
    Block,
    Posting,
    Segment,
    Text,
    kind_of,
)
from apps.retrieval.search import FULL, SENT, SPAN, kept, read
from marketplace.errors import Conflict
from marketplace.words import CHARACTERS, READING, is_character

#: How many texts a segment gets when new ones are sealed.
MOST = 2_000
#: From how many segments of a similar size on these become one; and what is a similar size: the
#: largest has less than so many times as many texts as the smallest.
FAN = 4
#: How many postings are merged in one step.
OF_A_PART = 1_000_000
#: Which share of closed texts a segment may hold.
MOST_CLOSED = 0.25
#: How many bits a key has.
KEY_BITS = 8 * KEY.itemsize

TEXTS, BLOCKS = Text._meta.db_table, Block._meta.db_table
#: How PostgreSQL copies rows in binary: the beginning and the end of it all, and what stands in
#: each before the texts of a block. Every column stands behind its length.
COPY_BEGINS, COPY_ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
COLUMNS = "segment_id, word, texts, strengths"
HEAD = numpy.dtype(
    [
        *(("columns", ">i2"), ("four", ">i4"), ("segment", ">i4")),
        *(("eight", ">i4"), ("word", ">i8"), ("size", ">i4")),
    ]
)


# --- texts ------------------------------------------------------------------------------------


@transaction.atomic
def index(listing: Listing, *, words: Mapping[int, int], wording: int) -> Text:
    """
    Keep the words of a published listing, by key with their weights, and return its text.

    One that reads as before stays; another gets a new number. Whoever calls holds the listing
    against others who index it, until the transaction ends.
    """
    fresh = Text(
        listing=listing,
        kind=kind_of(listing.market, listing.side),
        wording=wording,
        reading=READING,
    )
    fresh.take(words)
    text = Text.objects.filter(listing=listing).first()
    if text is not None:
        if _says(text) == _says(fresh):
            if text.wording != wording:
                text.wording = wording
                text.save(update_fields=["wording"])
            return text
        _remove(text)
    fresh.save(force_insert=True)
    asked = {word: weight for word, weight in words.items() if not is_character(word)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Posting._meta.db_table} (kind, word, text_id, weight, length)"
            " SELECT %s, word, %s, weight, %s"
            " FROM unnest(%s::int8[], %s::int4[]) AS given (word, weight)",
            [fresh.kind, fresh.pk, fresh.length, list(asked), list(asked.values())],
        )
    return fresh


@transaction.atomic
def forget(listing_id: UUID) -> None:
    """Let go of the words of a listing; `index` says what holds for those who call."""
    text = Text.objects.filter(listing=listing_id).first()
    if text is not None:
        _remove(text)


def _says(text: Text) -> tuple[Any, ...]:
    return text.kind, text.reading, bytes(text.words), bytes(text.weights)


def _remove(text: Text) -> None:
    number = text.pk
    # The text first: on it whoever seals its postings waits for us, and we for them. Held before
    # its vectors go, so that it gets none in between.
    list(Text.objects.select_for_update().filter(pk=number).values_list("pk"))
    text.delete()
    Posting.objects.filter(kind=text.kind, text_id=number).delete()


# --- segments ---------------------------------------------------------------------------------


@transaction.atomic
def seal(kind: int, *, least: int = 1, most: int = MOST) -> int:
    """
    Put new texts of a kind into a segment, if there are `least`, and return how many.

    The oldest come first. It is all or nothing; who comes while another is at it does nothing.
    """
    if not _is_alone(kind):
        return 0
    new = Posting.objects.filter(kind=kind).order_by("text_id")
    numbers = list(new.values_list("text_id", flat=True).distinct()[:most])
    if len(numbers) < max(least, 1):
        return 0
    return _seal(kind, [number for number in numbers if number - numbers[0] < SPAN])


@transaction.atomic
def seal_texts(kind: int, first: int, last: int) -> int:
    """
    Put the texts of a kind with these numbers into a segment, and return how many.

    It is for texts that came without postings, many at once, or whose segment was lost. What was
    sealed before is not sealed again.
    """
    if not _is_alone(kind):
        raise Conflict("Others are sealing texts of this kind.", code="seals_already")
    if Segment.objects.filter(kind=kind, first__lte=last, last__gte=first).exists():
        raise Conflict("Some of these texts were sealed before.", code="is_sealed")
    texts = Text.objects.filter(kind=kind, pk__range=(first, last)).order_by("pk")
    return _seal(kind, list(texts.values_list("pk", flat=True)))


@transaction.atomic
def merge(kind: int) -> bool:
    """
    Do one step of putting one segment in the place of others, and say whether there was one to do.

    A step lasts about a second. What was done is kept, and the next one goes on from there.
    """
    if not _is_alone(kind):
        return False
    segment = Segment.objects.filter(kind=kind, is_live=False).first()
    if segment is None:
        together = _similar(kind)
        if not together:
            return False
        segment = _begun(kind, together)
    _write_part(segment)
    return True


@transaction.atomic
def renew(kind: int) -> bool:
    """Have a segment written anew that holds too many closed texts; say whether there is one."""
    if not _is_alone(kind) or Segment.objects.filter(kind=kind, is_live=False).exists():
        return False
    for segment in Segment.objects.filter(kind=kind, is_live=True).order_by("pk"):
        if _living([segment]) < (1 - MOST_CLOSED) * segment.texts:
            _begun(kind, [segment])
            return True
    return False


@transaction.atomic
def sweep() -> int:
    """Remove the blocks of one segment that is no more, and return how many there were."""
    with connection.cursor() as cursor:
        # From one segment to the next along the index: a walk over all blocks would take long.
        cursor.execute(
            f"""
            WITH RECURSIVE held (segment) AS (
                SELECT min(segment_id) FROM {BLOCKS}
                UNION ALL
                SELECT (SELECT min(segment_id) FROM {BLOCKS} WHERE segment_id > held.segment)
                FROM held WHERE held.segment IS NOT NULL
            )
            SELECT segment FROM held WHERE segment IS NOT NULL AND segment NOT IN (
                SELECT id FROM {Segment._meta.db_table}
            ) LIMIT 1
            """
        )
        for (segment,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {BLOCKS} WHERE segment_id = %s", [segment])
            return int(cursor.rowcount)
    return 0


def _is_alone(kind: int) -> bool:
    """Say whether nobody else changes the segments of a kind; nobody does until we are done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"seal:{kind}"]
        )
        return bool(cursor.fetchone()[0])


def _seal(kind: int, numbers: Sequence[int]) -> int:
    """
    Move texts into a segment, and return how many of those with these numbers were moved.

    Whoever lets go of one of them waits until we are done, and then finds no postings. We wait for
    nobody, so nobody waits in a ring: what others hold just now is left where it is.
    """
    rows = read(
        f"SELECT id, length, words, weights FROM {TEXTS} WHERE id = ANY (%s::int4[])"
        " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
        [numbers],
    )
    if rows:
        _write(kind, rows)
    moved = Q(text_id__in=[number for number, *_ in rows])
    # Postings whose text went with its listing, behind our back, go too.
    is_left = ~Exists(Text.objects.filter(pk=OuterRef("text_id")))
    postings = Posting.objects.filter(kind=kind, text_id__in=numbers)
    postings.filter(moved | Q(is_left)).delete()
    return len(rows)


def _write(kind: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Make a live segment of texts, given by number, length, words and weights."""
    there, lengths, words, weights = zip(*rows, strict=True)
    sizes = [len(held) // KEY.itemsize for held in words]
    keys: Any = numpy.frombuffer(b"".join(words), KEY)
    # Single characters find nobody, so where they stand is not kept.
    is_asked = (keys < 0) | (keys >= CHARACTERS)
    keys = keys[is_asked]
    segment = Segment.objects.create(
        kind=kind,
        first=there[0],
        last=there[-1],
        texts=len(rows),
        postings=len(keys),
        sealed_at=timezone.now(),
        is_live=True,
    )
    _copy(
        segment,
        keys,
        numpy.repeat(numpy.array(there), sizes)[is_asked],
        kept(
            numpy.frombuffer(b"".join(weights), WEIGHT).astype(numpy.int32)[is_asked],
            numpy.repeat(numpy.array(lengths), sizes)[is_asked],
        ),
    )


def _similar(kind: int) -> list[Segment]:
    """Return segments of a similar size that are so many that they shall become one."""
    by_size: dict[int, list[list[Segment]]] = defaultdict(list)
    for segment in Segment.objects.filter(kind=kind, is_live=True).order_by("first", "pk"):
        runs = by_size[int(math.log(max(segment.texts, 1), FAN))]
        if not runs or segment.last - runs[-1][0].first >= SPAN:
            runs.append([])
        runs[-1].append(segment)
    together = [run for _, runs in sorted(by_size.items()) for run in runs if len(run) >= FAN]
    return together[0] if together else []


def _begun(kind: int, together: Sequence[Segment]) -> Segment:
    """Return a segment that will take the place of others, of which nothing is written yet."""
    texts = sum(segment.texts for segment in together)
    postings = sum(segment.postings for segment in together)
    living = min(_living(together), texts)
    return Segment.objects.create(
        kind=kind,
        first=min(segment.first for segment in together),
        last=max(segment.last for segment in together),
        texts=living,
        postings=postings * living // texts,
        sealed_at=timezone.now(),
        replaces=[segment.pk for segment in together],
        parts=postings // OF_A_PART + 1,
    )


def _living(segments: Sequence[Segment]) -> int:
    """Return how many texts there are of those that lie in segments, or a few more."""
    spans = Q(pk__range=(0, 0))
    for segment in segments:
        spans |= Q(pk__range=(segment.first, segment.last))
    return Text.objects.filter(spans, kind=segments[0].kind).count()


def _write_part(segment: Segment) -> None:
    """
    Write the next part of a segment; after the last one it takes the place of the others.

    A part holds the words of equally many keys. Keys are spread evenly, so it holds about as much.
    """
    low, high = (
        2**KEY_BITS * part // segment.parts - 2 ** (KEY_BITS - 1)
        for part in (segment.parts_done, segment.parts_done + 1)
    )
    rows = read(
        f"SELECT first, word, block.texts, strengths FROM {BLOCKS} block"
        f" JOIN {Segment._meta.db_table} segment ON segment.id = segment_id"
        " WHERE segment_id = ANY (%s::int4[]) AND word BETWEEN %s::int8 AND %s::int8"
        " ORDER BY first",
        [segment.replaces, low, high - 1],
    )
    if rows:
        firsts, words, texts, strengths = zip(*rows, strict=True)
        sizes = [len(held) for held in strengths]
        numbers = numpy.frombuffer(b"".join(texts), NUMBER) + numpy.repeat(firsts, sizes)
        lives = _lives(segment)[numbers - segment.first]
        _copy(
            segment,
            numpy.repeat(numpy.array(words, KEY), sizes)[lives],
            numbers[lives],
            numpy.frombuffer(b"".join(strengths), numpy.uint8)[lives],
        )
    segment.parts_done += 1
    segment.is_live = segment.parts_done == segment.parts
    if segment.is_live:
        Segment.objects.filter(pk__in=segment.replaces).delete()
        segment.replaces, segment.sealed_at = [], timezone.now()
    if segment.is_live and not segment.texts:
        segment.delete()
    else:
        segment.save()


def _lives(segment: Segment) -> Any:
    """Return for each number from the first to the last of a segment whether there is its text."""
    [(sent,)] = read(
        f"SELECT string_agg(int4send(id), '') FROM {TEXTS}"
        " WHERE kind = %s AND id BETWEEN %s AND %s",
        [segment.kind, segment.first, segment.last],
    )
    lives = numpy.zeros(segment.last - segment.first + 1, numpy.bool_)
    lives[numpy.frombuffer(sent or b"", SENT) - segment.first] = True
    return lives


def _copy(segment: Segment, words: Any, numbers: Any, strengths: Any) -> None:
    """Write postings as blocks. Those of one word and strength are given upwards by number."""
    if not len(words):
        return
    # By word, then by strength: both sorts keep what is equal in the order in which it was.
    order = numpy.argsort(FULL - strengths, kind="stable")
    order = order[numpy.argsort(words[order], kind="stable")]
    words, strengths = words[order], strengths[order].tobytes()
    texts = (numbers[order] - segment.first).astype(NUMBER).tobytes()
    starts = numpy.flatnonzero(numpy.concatenate([[True], words[1:] != words[:-1]]))
    ends = numpy.concatenate([starts[1:], [len(words)]])
    heads = numpy.zeros(len(starts), HEAD)
    heads["columns"], heads["four"], heads["eight"] = 4, 4, 8
    heads["segment"], heads["word"] = segment.pk, words[starts]
    heads["size"] = NUMBER.itemsize * (ends - starts)
    sizes = (ends - starts).astype(">i4").tobytes()
    head, spans = heads.tobytes(), zip(starts.tolist(), ends.tolist(), strict=True)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {BLOCKS} ({COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(COPY_BEGINS)
        for place, (start, end) in enumerate(spans):
            copy.write(
                head[place * HEAD.itemsize : (place + 1) * HEAD.itemsize]
                + texts[start * NUMBER.itemsize : end * NUMBER.itemsize]
                + sizes[4 * place : 4 * place + 4]
                + strengths[start:end]
            )
        copy.write(COPY_ENDS)
