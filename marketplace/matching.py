"""
How well an offer fits a need, and why.

A score is a sum of contributions. The words come first: BM25 of the offer for the need, per word
of the need. What else fits adds a part of what the words gave; without them nothing counts.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from enum import auto
from typing import TypeVar

from marketplace.vocabulary import Term

#: The name of this way to score. A change of any number below needs another name.
METHOD = "bm25-1"

#: How soon a repeated word stops to count, and how far the length of an offer counts (BM25).
K1, B = 1.2, 0.75
#: What a word counts in a title, and in the body or a keyword, in tenths: whole numbers add up.
TITLE_WEIGHT, BODY_WEIGHT = 10, 3
UNIT = 10
#: The largest weight that is kept: a word that stands 3,000 times in a title says no more.
HEAVIEST = 30_000
#: How much of the contribution of the words another fitting thing adds.
SAME_FIELD, SAME_REGION, SAME_PROVINCE, PRICE_FITS, READINESS_MEETS = (
    Decimal("0.20"),
    Decimal("0.10"),
    Decimal("0.05"),
    Decimal("0.10"),
    Decimal("0.10"),
)
#: Contributions are exact decimals, so that they add up to the score to the last digit.
STEP = Decimal("0.000001")
#: How many shared phrases are named.
NAMED = 5

#: Words that say nothing about what something is.
STOP = frozenset("的了和与及或在是之其") | frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "of", "on", "or"}
    | {"that", "the", "to", "with"}
)
#: The longest token; the rest of a longer run of letters is dropped.
LONGEST_TOKEN = 40

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
RUNS = re.compile(rf"(?P<han>[{HAN}]+)|(?P<word>(?:(?![{HAN}])[^\W_])+)")
GAP = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")

K = TypeVar("K", bound=Hashable)


class Part(Term):
    """What a score is made of."""

    TEXT = auto()
    FIELD = auto()
    REGION = auto()
    PRICE = auto()
    READINESS = auto()


@dataclass(frozen=True, slots=True)
class Reason:
    """One contribution to a score, with the English words (the key of their translation) for it."""

    part: Part
    contribution: Decimal
    message: str
    facts: Mapping[str, str | int | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a listing is compared beside its words; codes are bare, prices in yuan."""

    field: str | None
    region: str
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    readiness: int | None = None


def runs(text: str) -> list[tuple[str, bool]]:
    r"""
    Return the runs of letters in `text`, each with whether it is Chinese.

    Full-width and compatibility forms become the usual ones and capitals small. White space between
    two Chinese characters is typesetting, not the end of a word.

        runs("ＬＥＤ 封装\n材料, 2 nm") → ("led", no), ("封装材料", yes), ("2", no), ("nm", no)
    """
    plain = GAP.sub("", unicodedata.normalize("NFKC", text).casefold())
    return [(found[0], found["han"] is not None) for found in RUNS.finditer(plain)]


def tokens(text: str) -> list[str]:
    """
    Return the tokens of `text`: pairs of adjacent Chinese characters, words of other letters.

        tokens("碳化硅 SiC 衬底的 the") → 碳化, 化硅, sic, 衬底, 底的
        tokens("铝") → 铝
    """
    found: list[str] = []
    for run, is_han in runs(text):
        found += _pairs(run) if is_han else [run[:LONGEST_TOKEN]]
    return [token for token in found if token not in STOP]


def weights(title: str, body: str, keywords: Iterable[str] = ()) -> dict[str, int]:
    """
    Return the weight of every token of a listing, in tenths of a word of a title.

        weights("碳化硅", "碳化炉") → 碳化 10 + 3 = 13, 化硅 10, 化炉 3
    """
    found: Counter[str] = Counter()
    for text, weight in [(title, TITLE_WEIGHT), (body, BODY_WEIGHT)]:
        for token in tokens(text):
            found[token] += weight
    for keyword in keywords:
        for token in tokens(keyword):
            found[token] += BODY_WEIGHT
    return {token: min(weight, HEAVIEST) for token, weight in found.items()}


def rarity(offers: int, holding: int) -> float:
    """
    Return how much a word says that n (`holding`) of N (`offers`) hold.

    It is ln(1 + (N - n + 0.5) / (n + 0.5)). Of 10 offers, a word in 1 has
    ln(1 + 9.5 / 1.5) = 1.992, and a word in all of them ln(1 + 0.5 / 10.5) = 0.047.
    """
    return math.log(1 + (offers - holding + 0.5) / (holding + 0.5))


def saturation(
    weight: int, length: int, mean_length: float, *, k1: float = K1, b: float = B
) -> float:
    """
    Return how strongly an offer speaks of a word: f (k1 + 1) / (f + k1 (1 - b + b l / mean l)).

    In an offer of mean length once in the title (10 tenths): 1 x 2.2 / (1 + 1.2) = 1; twice:
    2 x 2.2 / (2 + 1.2) = 1.375; very often: nearly 2.2.
    """
    frequency = weight / UNIT
    return frequency * (k1 + 1) / (frequency + k1 * (1 - b + b * length / mean_length))


def bm25(
    need: Mapping[K, int],
    offer: Mapping[K, int],
    *,
    rarities: Mapping[K, float],
    mean_length: float,
    k1: float = K1,
    b: float = B,
) -> dict[K, float]:
    """
    Return what each shared token gives to BM25 of `offer` for `need`, per word of the need.

    The sum is Σ q · rarity · saturation / Σ q over the weights q of the need, so that a long need
    and a short one can be compared, which the way from an offer to its needs asks for.

    A need 碳化 20, 化硅 10 (length 30) and an offer 碳化 10, 外延 10 of mean length 20, where 碳化
    has rarity 1.5: shared is 碳化 alone, with 20 / 30 · 1.5 · 1 = 1.0.
    """
    length, whole = sum(offer.values()), sum(need.values())
    shared = need.keys() & offer.keys()
    return {
        token: need[token]
        / whole
        * rarities[token]
        * saturation(offer[token], length, mean_length, k1=k1, b=b)
        for token in shared
    }


def score(
    offer: Terms, need: Terms, *, gains: Mapping[K, float], phrases: Sequence[str] = ()
) -> list[Reason]:
    """
    Return the contributions to the score of an offer for a need; the score is their sum.

    `gains` is what `bm25` gave; `phrases` are the shared ones, to be named. With gains of
    0.75 and 0.25, the same field and the same province the parts are 1.000000, 0.200000 and
    0.050000, and the score is 1.250000. Without a shared word there is no score.
    """
    # An exact sum does not depend on the order of the words, which differs by way of the search.
    words = Decimal(math.fsum(gains.values())).quantize(STEP, ROUND_HALF_EVEN)
    if words <= 0:
        return []
    parts = [
        Reason(Part.TEXT, words, "Both speak of {terms}.", {"terms": list(phrases)}),
        _field(offer, need, words),
        _region(offer, need, words),
        _price(offer, need, words),
        _readiness(offer, need, words),
    ]
    return [part for part in parts if part is not None]


def total(reasons: Iterable[Reason]) -> Decimal:
    """Return the score that `reasons` add up to."""
    return sum((reason.contribution for reason in reasons), Decimal(0))


def shared_phrases(
    need: str, offer: str, gains: Mapping[str, float], *, limit: int = NAMED
) -> list[str]:
    """
    Return the strongest phrases that stand in both texts, strongest first.

    Adjacent pairs of characters that gave something grow together again, as far as the offer too
    has them in one piece: 碳化, 化硅, 硅外 become 碳化硅 where the offer speaks of 碳化硅衬底.
    """
    there = "\n".join(run for run, _ in runs(offer))
    found: dict[str, float] = {}
    for run, is_han in runs(need):
        if not is_han:
            token = run[:LONGEST_TOKEN]
            if token in gains:
                found[token] = gains[token]
            continue
        start = 0
        while start < len(run):
            end = start
            while _reaches(run, start, end + 1, gains, there):
                end += 1
            if end > start:
                phrase = run[start : end + 1]
                found[phrase] = sum(gains[pair] for pair in set(_pairs(phrase)))
            elif len(run) == 1 and run in gains:
                found[run] = gains[run]
            start = max(end, start + 1)
    named: list[str] = []
    for phrase in sorted(found, key=lambda phrase: (-found[phrase], phrase)):
        if len(named) < limit and not any(phrase in longer for longer in named):
            named.append(phrase)
    return named


def _reaches(run: str, start: int, end: int, gains: Mapping[str, float], there: str) -> bool:
    """Say whether the phrase from `start` can reach as far as the character at `end`."""
    return end < len(run) and run[end - 1 : end + 1] in gains and run[start : end + 1] in there


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _share(words: Decimal, share: Decimal) -> Decimal:
    return (words * share).quantize(STEP, ROUND_HALF_EVEN)


def _field(offer: Terms, need: Terms, words: Decimal) -> Reason | None:
    if need.field is None or offer.field != need.field:
        return None
    return Reason(
        Part.FIELD, _share(words, SAME_FIELD), "Both are in the same field of technology."
    )


def _region(offer: Terms, need: Terms, words: Decimal) -> Reason | None:
    """
    Compare the regions by the places of their codes (GB/T 2260).

    610113 lies within 610100, and both within 610000; 610100 and 610300 share their province.
    """
    here, there = _place(offer.region), _place(need.region)
    if here == there:
        return Reason(Part.REGION, _share(words, SAME_REGION), "Both are in the same region.")
    if here.startswith(there) or there.startswith(here):
        return Reason(
            Part.REGION, _share(words, SAME_REGION), "One lies within the region of the other."
        )
    if here[:2] == there[:2]:
        return Reason(Part.REGION, _share(words, SAME_PROVINCE), "Both are in the same province.")
    return None


def _place(region: str) -> str:
    """Return the part of the code that says where: 610100 → 6101."""
    while len(region) > 2 and region.endswith("00"):
        region = region[:-2]
    return region


def _price(offer: Terms, need: Terms, words: Decimal) -> Reason | None:
    """Compare the bands; an open end reaches anywhere, but no band at all fits nothing."""
    bands = [(offer.price_from, offer.price_to), (need.price_from, need.price_to)]
    if (None, None) in bands:
        return None
    lowest = max((low for low, _ in bands if low is not None), default=Decimal(0))
    highest = min((high for _, high in bands if high is not None), default=lowest)
    if lowest > highest:
        return None
    return Reason(
        Part.PRICE, _share(words, PRICE_FITS), "The price ranges of the offer and the need overlap."
    )


def _readiness(offer: Terms, need: Terms, words: Decimal) -> Reason | None:
    if offer.readiness is None or need.readiness is None or offer.readiness < need.readiness:
        return None
    return Reason(
        Part.READINESS,
        _share(words, READINESS_MEETS),
        "The offer has reached readiness level {has}, and {wanted} is wanted.",
        {"has": offer.readiness, "wanted": need.readiness},
    )
