"""
Vectors of texts: where they come from, how they are learned, and how near two of them are.

By default they are learned from the texts of the market itself: words that keep like company get
like vectors, so 氮化镓 and GaN come near each other where both stand beside 外延 and 衬底. What is
learned depends on what is given alone: the same texts under the same number give the same vectors.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import auto
from typing import Any
from urllib.parse import urlsplit

import numpy
from numpy.typing import NDArray

from marketplace.errors import Invalid, MarketError
from marketplace.vocabulary import Term
from marketplace.words import SATURATION, STEP

#: How many numbers a learned vector has.
DIMENSIONS = 128
#: Words in fewer pieces of text get no vector, and of the others the most frequent do.
LEAST_PIECES, MOST_WORDS = 5, 10_000
#: From how many texts is learned, and how much of a piece of text is read, in words.
MOST_TEXTS, LONGEST_PIECE = 50_000, 100
#: How often the directions are turned, and how many more there are than are kept.
ROUNDS, SPARE = 6, 32
#: How weak a direction may be, measured by the strongest.
WEAKEST = 1e-6
#: How small a sum is nothing.
TINY = 1e-9
#: How learned vectors are kept.
KEPT = numpy.dtype("<f2")

Numbers = NDArray[Any]


class VectorSource(Term):
    """Where the vectors of a fit come from."""

    #: There are none; words alone count.
    NONE = auto()
    #: Fitted on the market's own texts.
    OWN_TEXT = auto()
    #: An endpoint for embeddings in the form of OpenAI's.
    ENDPOINT = auto()
    #: A model in a folder of this machine.
    FOLDER = auto()


class NoVectors(MarketError):
    """No vectors could be had where they come from; it may be tried again."""

    code = "no_vectors"


@dataclass(frozen=True, slots=True)
class VectorOrigin:
    """Where vectors come from by a setting: the source, where it is, and the name of the model."""

    source: VectorSource
    place: str = ""
    model: str = ""


def origin_of(setting: str) -> VectorOrigin:
    """
    Return what a setting says.

        ""                                  → the texts of the market
        "none"                              → no vectors at all
        "https://host/v1#bge-m3"            → endpoint https://host/v1, model bge-m3
        "file:///srv/models/technology"     → folder /srv/models/technology, model technology
    """
    if setting in ("", "none"):
        return VectorOrigin(VectorSource.NONE if setting else VectorSource.OWN_TEXT)
    try:
        parts = urlsplit(setting)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme == "file" and not host and len(parts.path) > 1 and not parts.fragment:
        path = parts.path.rstrip("/")
        return VectorOrigin(VectorSource.FOLDER, path, path.rpartition("/")[2][:200])
    is_plain = "@" not in parts.netloc and not parts.query
    if parts.scheme in ("http", "https") and host and is_plain and 0 < len(parts.fragment) <= 200:
        place = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return VectorOrigin(VectorSource.ENDPOINT, place, parts.fragment)
    raise Invalid(
        "Vectors come from “https://host/path#model” or “file:///folder”.", code="no_vector_source"
    )


@dataclass(frozen=True, slots=True, eq=False)
class WordVectors:
    """The vectors of words: their keys, upwards; how rare each is; and a row of numbers each."""

    keys: Numbers
    rarities: Numbers
    vectors: Numbers


def emphases(weights: Numbers) -> Numbers:
    """Return the emphasis of words by their weights (see marketplace.words), for arrays."""
    given = numpy.asarray(weights, numpy.float64)
    found: Numbers = given / (given + SATURATION)
    return found


def text_vector(words: Numbers, weights: Numbers, known: WordVectors) -> Numbers | None:
    """
    Return the vector of a text, of length one, or None where none of its words has a vector.

    It is Σ emphasis · rarity · vector over its words in the order of their keys, made as long as
    one. Of 碳化 (weight 10, rarity 2, vector 1 0) and 外延 (weight 10, rarity 1, vector 0 1) it is
    (2, 1) / √5 = (0.894, 0.447).
    """
    if not len(known.keys):
        return None
    places = numpy.minimum(numpy.searchsorted(known.keys, words), len(known.keys) - 1)
    is_known = known.keys[places] == words
    places = places[is_known]
    if not len(places):
        return None
    gains = emphases(numpy.asarray(weights)[is_known]) * known.rarities[places]
    # Row by row, not by a product of matrices, whose order of summation is its own affair.
    total = (gains[:, None] * known.vectors[places].astype(numpy.float64)).sum(axis=0)
    return unit(total)


def unit(numbers: Numbers) -> Numbers | None:
    """Return a vector made as long as one, or None where it has no direction: 3 4 → 0.6 0.8."""
    found = numpy.asarray(numbers, numpy.float64)
    largest = float(numpy.abs(found).max(initial=0.0))
    if not math.isfinite(largest) or largest < TINY:
        return None
    found = found / largest
    length = math.sqrt(math.fsum((found * found).tolist()))
    made: Numbers = (found / length).astype(numpy.float32)
    return made


def similarity(one: Numbers, other: Numbers) -> Decimal:
    """
    Return how near two vectors of length one are, from 0 to 1: their cosine, or 0 if it is below.

    The sum is exact before it is rounded, so it is the same on every machine. (0.6, 0.8) and
    (1, 0) → 0.6; (1, 0) and (-1, 0) → 0.
    """
    products = numpy.asarray(one, numpy.float64) * numpy.asarray(other, numpy.float64)
    cosine = math.fsum(products.tolist())
    return Decimal(min(max(cosine, 0.0), 1.0)).quantize(STEP, ROUND_HALF_EVEN)


def learn(pieces: Iterable[Collection[int]], *, seed: int) -> tuple[Numbers, Numbers]:
    """
    Return the words that stand in pieces of text (titles, sentences), upwards, and their vectors.

    Two words that stand in one piece of n words get 1 / (n - 1) for it. Of the table T of these the
    positive pointwise mutual information is taken, max(0, ln(T_ij · ΣT / (T_i · T_j))), and of that
    the strongest directions, found by turning random ones towards them again and again (Halko
    2011). The vector of a word is its row of them, made as long as one: how much of its company it
    keeps with each. (Levy, Goldberg and Dagan 2015.)

    Words in fewer pieces than LEAST_PIECES have no vector, and of the others MOST_WORDS at most,
    the most frequent. Memory is 4 bytes for each pair of them.
    """
    bags = [sorted(set(piece), key=_mixed)[:LONGEST_PIECE] for piece in pieces]
    counts = Counter(word for bag in bags for word in bag)
    frequent = sorted((-count, word) for word, count in counts.items() if count >= LEAST_PIECES)
    keys = numpy.array(sorted(word for _, word in frequent[:MOST_WORDS]), numpy.int64)
    if len(keys) < 2:
        return keys[:0], numpy.zeros((0, 0), KEPT)
    information = _information(bags, keys)
    # Of few words there are few directions that are more than the words themselves.
    kept = min(DIMENSIONS, max(len(keys) // 4, 1))
    columns = min(kept + SPARE, len(keys))
    turned = numpy.random.default_rng(seed).standard_normal((len(keys), columns), numpy.float32)
    for _ in range(ROUNDS):
        turned = numpy.linalg.qr(information @ turned)[0]
    values, mixed = numpy.linalg.eigh((turned.T @ (information @ turned)).astype(numpy.float64))
    strongest = numpy.argsort(-numpy.abs(values), kind="stable")[:kept]
    strongest = strongest[numpy.abs(values[strongest]) > WEAKEST * numpy.abs(values).max()]
    rows = turned.astype(numpy.float64) @ mixed[:, strongest]
    sizes = numpy.sqrt((rows * rows).sum(axis=1, keepdims=True))
    made: Numbers = (rows / numpy.where(sizes > TINY, sizes, 1.0)).astype(KEPT)
    return keys, made


def _mixed(word: int) -> int:
    """Return a number in whose order the words of a long sentence stand as if by lot."""
    return word * 0x9E3779B97F4A7C15 % 2**64


def _information(bags: Iterable[Sequence[int]], keys: Numbers) -> Numbers:
    """Return for each pair of words how much more often they stand together than by chance."""
    table = numpy.zeros((len(keys), len(keys)), numpy.float32)
    for bag in bags:
        words = numpy.array(bag, numpy.int64)
        places = numpy.minimum(numpy.searchsorted(keys, words), len(keys) - 1)
        places = places[keys[places] == words]
        if len(places) > 1:
            table[numpy.ix_(places, places)] += 1 / (len(places) - 1)
    numpy.fill_diagonal(table, 0)
    each = table.sum(axis=1, dtype=numpy.float64)
    whole = each.sum()
    for place, row in enumerate(table):
        there = numpy.flatnonzero(row)
        chance = each[place] * each[there] / whole if whole else each[there]
        row[there] = numpy.maximum(numpy.log(row[there] / chance), 0)
    return table


def checked(
    vectors: Sequence[object], *, count: int, dimensions: int | None = None
) -> list[Numbers]:
    """
    Return vectors that came from elsewhere, each as long as one, or say in Invalid what is wrong.

    There must be `count` of them, all of the same dimension (of `dimensions`, where these are
    known), of finite numbers that are not all nought: [[3, 4]] → 0.6 0.8.
    """
    if len(vectors) != count:
        raise Invalid(
            "{given} vectors came for {count} texts.",
            code="wrong_count",
            given=len(vectors),
            count=count,
        )
    found: list[Numbers] = []
    for vector in vectors:
        if not isinstance(vector, list) or not all(type(each) in (int, float) for each in vector):
            raise Invalid("A vector is not made of numbers.", code="no_numbers")
        dimensions = dimensions or len(vector)
        if len(vector) != dimensions or not 0 < dimensions <= MOST_DIMENSIONS:
            raise Invalid(
                "A vector has {given} numbers instead of {wanted}.",
                code="wrong_dimension",
                given=len(vector),
                wanted=dimensions,
            )
        made = unit(numpy.array(vector, numpy.float64)) if _are_finite(vector) else None
        if made is None:
            raise Invalid(
                "A vector has numbers that are not finite, or nothing but noughts.",
                code="no_direction",
            )
        found.append(made)
    return found


#: How many numbers a vector has at most, as the database keeps it.
MOST_DIMENSIONS = 16_000


def _are_finite(numbers: Sequence[float]) -> bool:
    try:
        return all(math.isfinite(number) for number in numbers)
    except OverflowError:  # A whole number beyond all that a float holds.
        return False
