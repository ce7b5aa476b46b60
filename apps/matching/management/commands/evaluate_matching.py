"""Measure the ranking on judged pairs of needs and offers."""

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import rjieba
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from marketplace import words as reading
from marketplace.calendar import day_of
from marketplace.listings import Market
from marketplace.matching import FINDERS, Given, Part, Profile, weights_on
from marketplace.vectors import WordVectors, learn, similarity, text_vector
from marketplace.words import Lexicon

#: From which level on an offer is good for a need.
GOOD = 3
#: How often the random order is drawn, and how often needs are drawn anew for an interval.
DRAWS, SAMPLES = 20, 4000
#: Among how many of all offers the good ones are looked for.
FIRST = 100
#: The parameters of BM25, the peer that everybody knows.
K1, B = 1.2, 0.75

Words = Mapping[Any, float]
Rank = Callable[[str, Iterable[str]], dict[str, float]]


class Command(BaseCommand):
    """Rank the judged offers of every need as the market does, and compare with the judges."""

    help = (
        "Reads needs.jsonl (need, title, body), offers.jsonl (offer, title_words) and "
        "judgements.tsv (need, offer, level 1 to 4) of a folder. Prints nDCG@10, AUC of level 3 "
        "and above, and recall@100 among all offers: of the score, of its parts alone and left "
        "out, and of peers, with the 95 % interval of the gain over BM25 (paired bootstrap over "
        "needs). Nothing is fitted on the judgements."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            needs, offers = _rows(folder / "needs.jsonl"), _rows(folder / "offers.jsonl")
            judgements = _judgements(folder / "judgements.tsv")
            figures = evaluate(needs, offers, judgements)
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"Cannot read the judged pairs in {folder}: {error!r}") from error
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, figure in figures.items():
            self.stdout.write(f"{name}: {figure}")


@dataclass(frozen=True, slots=True)
class Measured:
    """What an order of the offers comes to: by need nDCG@10, AUC and recall among all offers."""

    gains: dict[str, float]
    areas: dict[str, float]
    shares: dict[str, float]

    def figures(self, peer: "Measured | None" = None) -> dict[str, Any]:
        """Return the means over the needs, and how far they are above those of a peer."""
        found: dict[str, Any] = {
            "ndcg_at_10": _mean(self.gains),
            "auc": _mean(self.areas),
            "recall_at_100": _mean(self.shares),
        }
        if peer is not None:
            found["ndcg_above_bm25"] = interval(self.gains, peer.gains)
            found["auc_above_bm25"] = interval(self.areas, peer.areas)
        return found


def evaluate(
    needs: Sequence[Mapping[str, str]],
    offers: Sequence[Mapping[str, str]],
    judgements: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """Return how well the market ranks the offers of each need, beside its parts and peers."""
    held = {row["offer"]: reading.weights(row["title_words"], "") for row in offers}
    wanted = {row["need"]: reading.weights(row["title"], row["body"]) for row in needs}
    judged = {need: levels for need, levels in judgements.items() if need in wanted}
    lexicon = _lexicon(held.values(), wanted.values())
    texts = [row["title_words"] for row in offers]
    texts += [f"{row['title']}\n{row['body']}" for row in needs]
    known = _vectors(texts, lexicon)
    ours = _Ours(held, wanted, lexicon, known)
    titled = [(row["need"], row["title"], row["body"]) for row in needs]
    named = [(row["offer"], row["title_words"]) for row in offers]
    pairs = _bm25(titled, named, reading.tokens)
    shuffled = random.Random(0)  # noqa: S311  no secret

    def by_chance(_need: str, among: Iterable[str]) -> dict[str, float]:
        return {offer: shuffled.random() for offer in among}

    chance = [_measured(judged, held, by_chance).figures() for _ in range(DRAWS)]
    peer = _measured(judged, held, pairs)
    return {
        "method": weights_on(Market.TECHNOLOGY, day_of(timezone.now())).version,
        "needs": len(judged),
        "offers": len(held),
        "judgements": sum(len(levels) for levels in judged.values()),
        "words_with_a_vector": len(known.keys),
        **_measured(judged, held, ours.rank(Part.WORDS, Part.VECTOR)).figures(peer),
        "words_alone": _measured(judged, held, ours.rank(Part.WORDS)).figures(peer),
        "vector_alone": _measured(judged, held, ours.rank(Part.VECTOR)).figures(peer),
        "bm25_pairs": peer.figures(),
        "bm25_words": _measured(judged, held, _bm25(titled, named, _cut)).figures(peer),
        "random": {name: round(sum(c[name] for c in chance) / DRAWS, 4) for name in chance[0]},
    }


class _Ours:
    """The score of the market, of pairs of which nothing but their texts is known."""

    def __init__(
        self,
        held: Mapping[str, Mapping[int, int]],
        wanted: Mapping[str, Mapping[int, int]],
        lexicon: Lexicon,
        known: WordVectors,
    ) -> None:
        self.held, self.wanted, self.lexicon = held, wanted, lexicon
        self.norms = {name: reading.norm(words, lexicon) for name, words in held.items()}
        self.norms |= {name: reading.norm(words, lexicon) for name, words in wanted.items()}
        self.vectors = {
            name: _vector(words, known) for name, words in [*held.items(), *wanted.items()]
        }
        self.day = day_of(timezone.now())
        self.weights = weights_on(Market.TECHNOLOGY, self.day)
        self.silent = Profile(market=Market.TECHNOLOGY)

    def rank(self, *parts: Part) -> Rank:
        """Return how offers are ranked by some parts of the score, the others left out."""

        def scores(need: str, among: Iterable[str]) -> dict[str, float]:
            return {offer: self._score(need, offer, parts) for offer in among}

        return scores

    def _score(self, need: str, offer: str, parts: Sequence[Part]) -> float:
        words = similar = None
        if Part.WORDS in parts:
            norms = (self.norms[need], self.norms[offer])
            words = reading.likeness(self.wanted[need], self.held[offer], self.lexicon, norms)[0]
        one, other = self.vectors[need], self.vectors[offer]
        if Part.VECTOR in parts and one is not None and other is not None:
            similar = similarity(one, other)
        given = Given(words or Decimal(0), similar, 100, Decimal(0), self.day)
        # Of these pairs nothing is known but the subject; all else would follow from it.
        return float(
            sum(
                self.weights.points[part] * FINDERS[part](self.silent, self.silent, given).value
                for part in parts
            )
        )


def _vector(words: Mapping[int, int], known: WordVectors) -> Any:
    keys = numpy.array(sorted(words), numpy.int64)
    return text_vector(keys, numpy.array([words[key] for key in keys.tolist()]), known)


def _vectors(texts: Iterable[str], lexicon: Lexicon) -> WordVectors:
    """Return vectors that are learned from the very texts, as the market does by night."""
    keys, vectors = learn((each for text in texts for each in reading.pieces(text)), seed=1)
    rarities = numpy.array([lexicon.rarity(key) for key in keys.tolist()])
    return WordVectors(keys, rarities, vectors)


def _lexicon(offers: Iterable[Mapping[int, int]], needs: Iterable[Mapping[int, int]]) -> Lexicon:
    given, asked = list(offers), list(needs)
    in_offers, in_needs = (Counter(w for text in side for w in text) for side in (given, asked))
    holding = {word: (in_offers[word], in_needs[word]) for word in {*in_offers, *in_needs}}
    return Lexicon(len(given), len(asked), holding)


def _cut(text: str) -> list[str]:
    return [word for word in rjieba.cut(text.casefold()) if word.strip()]


def _bm25(
    needs: Iterable[tuple[str, str, str]],
    offers: Iterable[tuple[str, str]],
    tokens: Callable[[str], Iterable[str]],
) -> Rank:
    """Return BM25 of the offers for title + 0.3 body of a need (Robertson 1994)."""
    held = {offer: Counter(tokens(title)) for offer, title in offers}
    wanted: dict[str, Counter[str]] = {}
    for need, title, body in needs:
        wanted[need] = Counter(tokens(title))
        for word, count in Counter(tokens(body)).items():
            wanted[need][word] += 0.3 * count  # type: ignore[assignment]
    holding = Counter(word for text in held.values() for word in text)
    mean = sum(text.total() for text in held.values()) / len(held)

    def scores(need: str, among: Iterable[str]) -> dict[str, float]:
        query, found = wanted[need], {}
        for offer in among:
            text = held[offer]
            long = K1 * (1 - B + B * text.total() / mean)
            found[offer] = math.fsum(
                query[word]
                * reading.rarity(len(held), holding[word])
                * (text[word] * (K1 + 1) / (text[word] + long))
                for word in query.keys() & text.keys()
            )
        return found

    return scores


def _measured(
    judged: Mapping[str, Mapping[str, int]], offers: Iterable[str], rank: Rank
) -> Measured:
    everything = list(offers)
    gains: dict[str, float] = {}
    areas: dict[str, float] = {}
    shares: dict[str, float] = {}
    for need, levels in judged.items():
        scores = rank(need, everything)
        order = sorted(levels, key=lambda offer: (-scores[offer], offer))
        best = _discounted(sorted(levels.values(), reverse=True))
        if best:
            gains[need] = _discounted([levels[offer] for offer in order]) / best
        good = {offer for offer, level in levels.items() if level >= GOOD}
        if good and len(good) < len(levels):
            areas[need] = area(
                [scores[offer] for offer in good],
                [scores[offer] for offer in levels if offer not in good],
            )
        if good:
            first = sorted(everything, key=lambda offer: (-scores[offer], offer))[:FIRST]
            shares[need] = len(good.intersection(first)) / len(good)
    return Measured(gains, areas, shares)


def area(good: list[float], rest: list[float]) -> float:
    """
    Return how often a good one has a higher score than another, ties counting half.

    Of [3, 1] against [2, 1]: 3 > 2, 3 > 1, 1 < 2, 1 = 1 make 2.5 of 4, 0.625.
    """
    wins = sum((a > b) + (a == b) / 2 for a in good for b in rest)
    return wins / (len(good) * len(rest))


def interval(one: Mapping[str, float], other: Mapping[str, float]) -> list[float]:
    """Return the 95 % interval of the mean gain of `one` over `other`, needs drawn in pairs."""
    gaps = numpy.array([one[need] - other[need] for need in sorted(one)])
    if not len(gaps):
        return [0.0, 0.0]
    drawn = numpy.random.default_rng(0).integers(0, len(gaps), (SAMPLES, len(gaps)))
    return [round(float(x), 4) for x in numpy.quantile(gaps[drawn].mean(axis=1), [0.025, 0.975])]


def _mean(figures: Mapping[str, float]) -> float:
    return round(sum(figures.values()) / len(figures), 4) if figures else 0.0


def _discounted(levels: list[int]) -> float:
    """Return the gain 2^(level - 1) - 1 of the first ten, discounted by the log of the place."""
    return sum(
        (2.0 ** (level - 1) - 1) / math.log2(place + 2) for place, level in enumerate(levels[:10])
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    with path.open(encoding="utf-8") as lines:
        next(lines)  # the names of the columns
        for line in lines:
            need, offer, level = line.rstrip("\n").split("\t")
            found[need][offer] = int(level)
    return found
