"""Measure how fast and how well counterparts are found, in a made-up market of any size."""

# ruff: noqa: S608  (what is put together here are our own names; all that is given is a parameter)

import json
import os
import random
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from heapq import nlargest
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, quantiles
from typing import Any, TypeVar
from uuid import UUID

import django
import numpy
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.module_loading import import_string

from apps.journal.actions import tell
from apps.markets.management.commands.benchmark_search import (
    BULK,
    CLEARED,
    NAME,
    acting,
    made,
    made_up_need,
)
from apps.markets.management.made_up import copied
from apps.markets.models import Listing
from apps.matching.actions.rematch import rematch
from apps.matching.models import Match
from apps.matching.queries.nearness import Nearness
from apps.matching.queries.ranking import SHOWN, Ranking, words_of
from apps.retrieval import search
from apps.retrieval.actions import runs, segments
from apps.retrieval.models import (
    KEY,
    WEIGHT,
    Block,
    Fit,
    Norm,
    Posting,
    Run,
    Segment,
    Text,
    kind_of,
)
from apps.retrieval.queries import lexicon
from apps.reviews import actions as reviews
from marketplace import words as reading
from marketplace.actors import Actor, Role
from marketplace.listings import KINDS, ListingState, Market, Side
from marketplace.runs import RunKind, RunState
from marketplace.vectors import emphases
from marketplace.words import READING

try:
    import tantivy
except ImportError:  # It is there for developers alone.
    tantivy = None  # type: ignore[assignment]

BY = Actor.system("benchmark_matching")
#: In which market needs ask for offers.
MARKET = Market.TECHNOLOGY
OFFERS = kind_of(MARKET, Side.OFFER)
#: How many listings are read at once, and how many texts are put into one segment.
CHUNK, SEALED = 1_000, 10_000
#: For how many of the questions all texts are scored, and for how many `ts_rank` is asked.
EXHAUSTIVE, RANKED = 100, 20
#: Among how many texts `ts_rank` is asked at most: it takes seconds, and building it takes longer.
MOST_RANKED = 200_000
#: How many listings are indexed one by one, and how many are matched with all that is written.
ONE_BY_ONE, REMATCHED = 100, 200
#: How many are published.
PUBLISHED = 20
TABLES = (Text, Segment, Block, Posting)
#: What is read of all texts to find out which are most alike.
MOST_ALIKE = f"""
    SELECT text.id, text.listing_id, said.norm, text.words, text.weights
    FROM {Text._meta.db_table} text
    JOIN {Norm._meta.db_table} said ON said.text_id = text.id AND said.fit_id = %s
    WHERE text.kind = %s AND text.id > %s ORDER BY text.id LIMIT %s
"""

T = TypeVar("T")
#: The weights of the words of a listing, and how much each word counts, both by key.
Question = tuple[Mapping[int, int], Mapping[int, float]]


class Command(BaseCommand):
    """Makes up what is missing of a market, indexes it, measures, and prints what was seen."""

    help = (
        "Make a market of --listings made-up listings, once, in a database of its own, index it, "
        "and measure how counterparts are found, beside tantivy and ts_rank; JSON output."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--listings", type=int, default=100_000)
        parser.add_argument("--queries", type=int, default=500)
        parser.add_argument("--json", action="store_true", help="on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, index, measure and print."""
        if Listing.objects.exclude(imported_from=NAME).exclude(author__username=NAME).exists():
            raise CommandError("There are listings of others here: use a database of its own.")
        figures: dict[str, Any] = {"listings": options["listings"]}
        figures["made"] = made(options["listings"])
        figures |= indexed()
        figures |= measured(options["queries"])
        layout: dict[str, Any] = {} if options["json"] else {"indent": 1}
        self.stdout.write(json.dumps(figures, ensure_ascii=False, **layout))


# --- indexing ---------------------------------------------------------------------------------


def indexed() -> dict[str, Any]:
    """Index what is published and not indexed yet, and fit the markets; return how long it took."""
    seconds: dict[str, float] = {}
    before = Text.objects.count()
    seconds["read and written"] = _seconds(_write_texts)
    seconds["sealed"] = _seconds(_seal)
    seconds["merged"] = _seconds(_merge)
    texts = Text.objects.count()
    if texts - before >= BULK and not connection.in_atomic_block:
        # The segments that were merged leave room that would otherwise wait for new ones.
        seconds["packed"] = _seconds(_pack)
    whole = sum(seconds.values())
    seconds["fitted"] = _seconds(_fit)
    with connection.cursor() as cursor:
        # What is read along an index alone needs to know which pages everybody sees.
        vacuum = "" if connection.in_atomic_block else "VACUUM "
        for table in TABLES:
            cursor.execute(f"{vacuum}ANALYZE {table._meta.db_table}")
    return {
        "texts": texts,
        "indexed": {
            "texts": texts - before,
            **{f"{name}, seconds": round(taken, 1) for name, taken in seconds.items()},
            "texts per second": round((texts - before) / whole, 1) if whole else None,
        },
        "size": _sizes(texts),
    }


def _write_texts() -> None:
    """Write the texts of all published listings that have none."""
    workers = os.cpu_count() or 1
    names = ("listing_id", "kind", "wording", "reading", "words", "weights", "length")
    with (
        ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=django.setup
        ) as pool,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        # A few chunks wait at any time: memory does not grow with the market.
        chunks = _unread()
        while batch := list(islice(chunks, 4 * workers)):
            for rows in pool.map(_read, batch):
                table = f"{Text._meta.db_table} ({', '.join(names)})"
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(rows)


def _unread() -> Iterator[list[tuple[Any, ...]]]:
    """Return the published listings without a text, chunk by chunk in the order of their keys."""
    text = Text.objects.filter(listing=OuterRef("pk"))
    rows = Listing.objects.filter(~Exists(text), state=ListingState.PUBLISHED)
    columns = ("pk", "market", "side", "wording", "title", "body", "keywords")
    last = UUID(int=0)
    while chunk := list(rows.filter(pk__gt=last).order_by("pk").values_list(*columns)[:CHUNK]):
        last = chunk[-1][0]
        yield chunk


def _read(chunk: Sequence[tuple[Any, ...]]) -> str:
    """Return the texts of some listings as PostgreSQL copies them; made-up ones are plain."""
    rows = []
    for key, market, side, wording, title, body, keywords in chunk:
        text = Text(kind=kind_of(Market(market), Side(side)))
        text.take(reading.weights(title, body, keywords))
        held = (f"\\x{bytes(text.words).hex()}", f"\\x{bytes(text.weights).hex()}", text.length)
        rows.append(copied([key, text.kind, wording, READING, *held]))
    return "".join(rows)


def _seal() -> None:
    for kind in range(1, len(KINDS) + 1):
        while segments.seal(kind):
            pass
        texts = Text.objects.filter(kind=kind).order_by("pk")
        segment = Segment.objects.filter(kind=kind).order_by("-last").first()
        reached = segment.last if segment else 0
        while True:
            # No wider than a segment may be, however few of the kind there are in between.
            keys = list(texts.filter(pk__gt=reached).values_list("pk", flat=True)[:SEALED])
            keys = [key for key in keys if key - keys[0] < search.SPAN]
            if not keys:
                break
            segments.seal_texts(kind, keys[0], keys[-1])
            reached = keys[-1]


def _merge() -> None:
    for kind in range(1, len(KINDS) + 1):
        while segments.merge(kind):
            pass
    while segments.sweep():
        pass


def _pack() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM FULL {Block._meta.db_table}")


def _fit() -> None:
    """Be the clock until every market has a fit."""
    step = import_string("apps.retrieval.tasks.run")
    for market in Market:
        under_way = Run.objects.filter(
            kind=RunKind.REFIT, market=market, state__in=[RunState.WAITING, RunState.RUNNING]
        )
        if Fit.objects.current(market) is None and not under_way.exists():
            runs.begin_run(RunKind.REFIT, market, by=BY)
        while under_way.exists():
            step()


def _sizes(texts: int) -> dict[str, float]:
    """Return how many bytes each table takes for a text, with its indexes."""
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute("SELECT pg_total_relation_size(%s)", [table._meta.db_table])
            found[table.__name__.lower()] = cursor.fetchone()[0]
    return {
        f"{name}, bytes per text": round(size / max(texts, 1), 1) for name, size in found.items()
    }


# --- measuring --------------------------------------------------------------------------------


def measured(number: int) -> dict[str, Any]:
    """Measure everything with the same questions, and how much memory this process needs."""
    needs = _needs(number)
    questions = [_question(need) for need in needs]
    figures: dict[str, Any] = {
        "questions": len(questions),
        "words of a question": round(mean(len(asked) for _, asked in questions), 1),
        "texts asked": Text.objects.filter(kind=OFFERS).count(),
    }
    _, figures["retrieval"] = _timed(_ask, questions)
    figures["memory of this process, MB"] = _memory()
    figures["recall"] = _recall(needs[:EXHAUSTIVE])
    ranked, figures["ranked"] = _timed(lambda need: Ranking(need).best()[:SHOWN], needs)
    figures["matches of a question"] = round(mean(map(len, ranked)), 1)
    again = [need.pk for need in needs[:REMATCHED]]
    _, figures["rematched, receipts written"] = _timed(lambda key: rematch(key, by=BY), again)
    figures["receipts"] = Match.objects.current().count()
    figures["added one by one"] = _one_by_one(needs[:ONE_BY_ONE])
    figures["published until matched"] = _until_matched()
    figures["tantivy"] = _tantivy(questions)
    figures["ts_rank"] = _ts_rank(questions[:RANKED])
    return figures


def _needs(number: int) -> list[Listing]:
    """Return needs that are published, always the same ones."""
    needs = Listing.objects.published().filter(market=MARKET, side=Side.NEED, imported_from=NAME)
    keys = list(needs.order_by("pk").values_list("pk", flat=True))
    if not keys:
        raise CommandError("There are too few listings to measure anything.")
    chosen = random.Random(11).sample(keys, min(number, len(keys)))  # noqa: S311
    rows = Listing.objects.select_related("organization", "project", "talent", "fund")
    return list(rows.filter(pk__in=chosen).order_by("pk"))


def _question(need: Listing) -> Question:
    words = words_of(need)
    known = lexicon(need.market, words)
    return words, reading.asked(words, known)


def _ask(question: Question) -> list[search.Candidate]:
    return next(search.candidates(OFFERS, question[1]), [])


def _recall(needs: Sequence[Listing]) -> dict[str, float]:
    """Return how many of the texts that are most alike of all are found, and how far in front."""
    asked = [Ranking(need).near for need in needs]
    best = _most_alike(asked)
    whole = sum(map(len, best)) or 1
    told = [next(one.rounds(), []) for one in asked]
    first = [nlargest(SHOWN, each, key=lambda near: near.likeness) for each in told]
    return {
        f"of the {SHOWN} most alike among the {search.LIMIT} proposed": round(
            sum(len(top & {n.key for n in near}) for top, near in zip(best, told, strict=True))
            / whole,
            4,
        ),
        f"of the {SHOWN} most alike among the {SHOWN} found": round(
            sum(len(top & {n.key for n in near}) for top, near in zip(best, first, strict=True))
            / whole,
            4,
        ),
    }


def _most_alike(asked: Sequence[Nearness]) -> list[set[UUID]]:
    """Return for each question the listings whose texts are most alike, of all that there are."""
    vocabulary = numpy.array(sorted({word for one in asked for word in one.words}), KEY)
    gains = numpy.zeros((len(asked), len(vocabulary)))
    for row, one in enumerate(asked):
        for word, weight in one.words.items():
            worth = reading.emphasis(weight) * one.lexicon.rarity(word) ** 2
            gains[row, numpy.searchsorted(vocabulary, word)] = worth
    best: list[list[tuple[float, UUID]]] = [[] for _ in asked]
    fit = Fit.objects.current(MARKET)
    reached = 0
    while rows := search.read(MOST_ALIKE, [fit and fit.pk, OFFERS, reached, CHUNK]):
        numbers, listings, norms, words, weights = zip(*rows, strict=True)
        reached = numbers[-1]
        keys: Any = numpy.frombuffer(b"".join(words), KEY)
        owners = numpy.repeat(numpy.arange(len(rows)), [len(w) // KEY.itemsize for w in words])
        places = numpy.searchsorted(vocabulary, keys).clip(max=len(vocabulary) - 1)
        is_asked = vocabulary[places] == keys
        places, owners = places[is_asked], owners[is_asked]
        strong = emphases(numpy.frombuffer(b"".join(weights), WEIGHT)[is_asked])
        for row, top in enumerate(best):
            sums = numpy.bincount(owners, gains[row, places] * strong, len(rows)) / norms
            first = numpy.argsort(-sums, kind="stable")[:SHOWN]
            top.extend((-sums[place], listings[place]) for place in first.tolist())
            top.sort()
            del top[SHOWN:]
    return [{listing for worth, listing in top if worth < 0} for top in best]


def _texts() -> Iterator[tuple[Any, Any, Any, Any]]:
    """Return the offers chunk by chunk: numbers, and keys, weights and owners of their words."""
    reached = 0
    while rows := search.read(
        f"SELECT id, words, weights FROM {Text._meta.db_table}"
        " WHERE kind = %s AND id > %s ORDER BY id LIMIT %s",
        [OFFERS, reached, CHUNK],
    ):
        numbers, words, weights = zip(*rows, strict=True)
        reached = numbers[-1]
        sizes = [len(held) // KEY.itemsize for held in words]
        keys: Any = numpy.frombuffer(b"".join(words), KEY)
        # By single characters nobody is looked for.
        is_word = (keys < 0) | (keys >= reading.CHARACTERS)
        yield (
            numpy.array(numbers),
            keys[is_word],
            numpy.frombuffer(b"".join(weights), WEIGHT).astype(numpy.int64)[is_word],
            numpy.repeat(numpy.arange(len(numbers)), sizes)[is_word],
        )


def _one_by_one(needs: Iterable[Listing]) -> dict[str, Any]:
    """Index listings that read otherwise than before, as an edit does, and then as they were."""

    def change(need: Listing) -> None:
        words = words_of(need)
        segments.index(need, words={**words, reading.key("benchmark"): 1}, wording=need.wording)

    needs = list(needs)
    _, figures = _timed(change, needs)
    for need in needs:
        segments.index(need, words=words_of(need), wording=need.wording)
    return figures


def _until_matched() -> dict[str, Any]:
    """Publish needs, one after the other, and wait until each has its matches."""
    author, reviewer = (
        acting(NAME, Role.COMPANY_AGENT, 2),
        acting(f"{NAME}_reviewer", Role.REVIEWER, 0),
    )
    match = import_string("apps.matching.tasks.rematch")
    waiting = []
    for number in range(PUBLISHED):
        words = made_up_need(time.time_ns() % 10**8 + number)
        need = reviews.draft(Listing, words, market=MARKET, side=Side.NEED, by=author)
        waiting.append(reviews.submit(need, cleared_by=CLEARED, by=author))

    def publish(need: Listing) -> bool:
        reviews.accept(need, cleared_by=CLEARED, by=reviewer)
        tell("matching")
        match()
        return Match.objects.current().of(need.pk).exists()

    matched, figures = _timed(publish, waiting, warm=0)
    return figures | {"with a match": sum(matched)}


# --- peers ------------------------------------------------------------------------------------


def _tantivy(questions: Sequence[Question]) -> dict[str, Any] | None:
    """Ask tantivy for the best of the same texts by the same tokens, with the same weights."""
    if tantivy is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        schema = (
            tantivy.SchemaBuilder()
            .add_integer_field("number", stored=True)
            .add_text_field("words", tokenizer_name="whitespace", index_option="freq")
            .build()
        )
        index = tantivy.Index(schema, path=folder)
        started = time.perf_counter()
        writer = index.writer(heap_size=256_000_000, num_threads=1)
        for numbers, keys, weights, owners in _texts():
            words = _spelled(len(numbers), keys, weights, owners)
            for number, told in zip(numbers.tolist(), words, strict=True):
                writer.add_document(tantivy.Document(number=number, words=[told]))
        writer.commit()
        writer.wait_merging_threads()
        seconds = time.perf_counter() - started
        size = sum(path.stat().st_size for path in Path(folder).rglob("*"))
        index.reload()
        searcher = index.searcher()

        def ask(question: Question) -> list[int]:
            parts: list[tuple[Any, Any]] = []
            words, asked = question
            for word in asked:
                term = tantivy.Query.term_query(schema, "words", _hex(word))
                boosted = tantivy.Query.boost_query(term, words[word] / reading.TITLE_WEIGHT)
                parts.append((tantivy.Occur.Should, boosted))
            hits = searcher.search(tantivy.Query.boolean_query(parts), limit=SHOWN).hits
            return [searcher.doc(address)["number"][0] for _, address in hits]

        found, figures = _timed(ask, questions)
        return figures | {
            "texts": searcher.num_docs,
            "built, seconds": round(seconds, 1),
            "bytes per text": round(size / max(searcher.num_docs, 1), 1),
            "found": round(mean(map(len, found)), 1),
        }


def _ts_rank(questions: Sequence[Question]) -> dict[str, Any]:
    """Ask PostgreSQL itself for the best of the same texts: any of the words, by `ts_rank`."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE ranked (number int, words tsvector)")
        started, count = time.perf_counter(), 0
        for numbers, keys, weights, owners in _texts():
            words = _spelled(len(numbers), keys, weights, owners)
            rows = map(copied, zip(numbers.tolist(), words, strict=True))
            with cursor.copy("COPY ranked FROM STDIN") as copy:
                copy.write("".join(rows))
            count += len(numbers)
            if count >= MOST_RANKED:
                break
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute("CREATE INDEX ON ranked USING gin (words)")
        cursor.execute("ANALYZE ranked")
        seconds = time.perf_counter() - started

        def ask(question: Question) -> list[int]:
            any_of = " | ".join(_hex(word) for word in question[1])
            cursor.execute(
                "SELECT number FROM ranked, to_tsquery('simple', %s) asked WHERE words @@ asked"
                " ORDER BY ts_rank(words, asked) DESC, number LIMIT %s",
                [any_of, SHOWN],
            )
            return [number for (number,) in cursor.fetchall()]

        found, figures = _timed(ask, questions, warm=2)
        cursor.execute("DROP TABLE ranked")
    return figures | {
        "texts": count,
        "built, seconds": round(seconds, 1),
        "found": round(mean(map(len, found)), 1),
    }


def _spelled(texts: int, keys: Any, weights: Any, owners: Any) -> Iterator[str]:
    """Return each text as tokens between blanks, each as often as it weighs words of a body."""
    often = numpy.maximum(1, numpy.rint(weights / reading.BODY_WEIGHT)).astype(int).tolist()
    told = [" ".join([_hex(key)] * times) for key, times in zip(keys.tolist(), often, strict=True)]
    ends = numpy.searchsorted(owners, numpy.arange(1, texts + 1)).tolist()
    start = 0
    for end in ends:
        yield " ".join(told[start:end])
        start = end


def _hex(word: int) -> str:
    return f"w{word & (2**64 - 1):x}"


# --- time and memory --------------------------------------------------------------------------


def _timed(
    deed: Callable[[Any], T], given: Sequence[Any], warm: int = 20
) -> tuple[list[T], dict[str, Any]]:
    """Do something with each of what is given, and return what comes out and how long it took."""
    for each in given[:warm]:
        deed(each)
    found: list[T] = []
    taken: list[float] = []
    worked: list[float] = []
    for each in given:
        begun, started = _processor(), time.perf_counter()
        found.append(deed(each))
        taken.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (_processor() - begun))
    return found, _spread(taken) | {"processor time": _spread(worked)}


def _processor() -> float:
    """Return for how many seconds this process and its database process have been at work."""
    with suppress(OSError):
        backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
        return time.process_time() + int(backend.split()[0]) / 1e9
    return time.process_time()


def _spread(taken: Sequence[float]) -> dict[str, Any]:
    steps = quantiles([*taken, *taken], n=100, method="inclusive")
    return {
        "p50": round(steps[49], 1),
        "p95": round(steps[94], 1),
        "p99": round(steps[98], 1),
        "per second": round(1000 * len(taken) / sum(taken), 1),
        "times": len(taken),
    }


def _seconds(deed: Callable[[], object]) -> float:
    started = time.perf_counter()
    deed()
    return time.perf_counter() - started


def _memory() -> float | None:
    """Return how much memory this process has needed at most, in MB, where the system tells."""
    with suppress(OSError, StopIteration):
        status = Path("/proc/self/status").read_text().splitlines()
        line = next(line for line in status if line.startswith("VmHWM:"))
        return round(int(line.split()[1]) / 1024, 1)
    return None
