"""
The words of a listing as matching reads them, and how alike two of them are.

Chinese is read in pairs of adjacent characters and in single ones, so that nothing depends on a
dictionary; other letters in whole words. A word is known by its key, a number that follows from its
letters alone.
"""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property, lru_cache

#: The number of this way of reading. Texts read in another way are read anew.
READING = 1

#: What a word counts in a title, and in the body or a keyword, in tenths: whole numbers add up.
TITLE_WEIGHT, BODY_WEIGHT = 10, 3
#: The weight of a word that counts half of the most it can, in the same unit.
SATURATION = 40
#: The largest weight that is kept: a word that stands 3,000 times in a title says no more.
HEAVIEST = 30_000
#: Keys below this are those of single characters: their numbers in Unicode.
CHARACTERS = 0x110000
#: How much is read of one text, in characters.
LONGEST_TEXT = 60_000
#: How many keys are remembered: the words in use, more or less.
MOST_KEYS = 200_000
#: How near is told to the sixth place.
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
SENTENCE_ENDS = re.compile(r"[。；;！!？?\n]")
GAP = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")

#: Runs of letters, each with whether it is Chinese.
Runs = list[tuple[str, bool]]


def runs(text: str) -> Runs:
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
    return tokens_of(runs(text))


def tokens_of(found: Runs) -> list[str]:
    """Return the tokens of the runs of a text."""
    return [token for run, is_han in found for token in _tokens(run, is_han)]


def weights(title: str, body: str, keywords: Iterable[str] = ()) -> dict[int, int]:
    """
    Return the weight of every word of a listing by its key, in tenths of a word of a title.

    Beside its tokens every Chinese character counts by itself: 半导体 and 导电 share 导.

        weights("碳化硅", "碳化炉") → 碳化 10 + 3 = 13, 化硅 10, 化炉 3; 碳 13, 化 13, 硅 10, 炉 3
    """
    found: Counter[int] = Counter()
    texts = [(title, TITLE_WEIGHT), (body, BODY_WEIGHT)]
    for text, weight in [*texts, *((keyword, BODY_WEIGHT) for keyword in keywords)]:
        for run, is_han in runs(text[:LONGEST_TEXT]):
            for token in _tokens(run, is_han):
                found[key(token)] += weight
            if is_han:
                for character in run:
                    if character not in STOP:
                        found[ord(character)] += weight
    return {word: min(weight, HEAVIEST) for word, weight in found.items()}


def pieces(text: str) -> list[set[int]]:
    """Return the keys of the words of each sentence and line of a text, without their weights."""
    return [set(weights(part, "")) for part in SENTENCE_ENDS.split(text) if part.strip()]


def is_character(word: int) -> bool:
    """Say whether a key is that of a single character; such words alone find no counterparts."""
    return 0 <= word < CHARACTERS


def emphasis(weight: int) -> float:
    """
    Return how much a text makes of a word by its weight: f / (f + 4), f in words of a title.

    Once in the title (10 tenths) is 1 / 5 = 0.2, four times a half, very often nearly 1.
    """
    return weight / (weight + SATURATION)


def length(words: Mapping[int, int]) -> int:
    """
    Return how long a text is: √Σ emphasis² of its words, in thousandths, rounded up.

    Of two words of emphasis 0.3 and 0.4 it is 500.
    """
    return math.ceil(1000 * math.sqrt(math.fsum(emphasis(each) ** 2 for each in words.values())))


def strength(weight: int, length: int) -> float:
    """
    Return how strongly a text speaks of a word, from 0 to 1: its emphasis as a share of the length.

    By it alone candidates are found, so that one index serves both those who ask and whom they
    find. A word of weight 10 in a text of length 500 has 0.2 / 0.5 = 0.4.
    """
    return 1000 * weight / (weight + SATURATION) / length


def rarity(texts: int, holding: int) -> float:
    """
    Return how much a word says that n (`holding`) of N (`texts`) hold.

    It is ln(1 + (N - n + 0.5) / (n + 0.5)). Of 10 texts, a word in 1 has ln(1 + 9.5 / 1.5) = 1.992,
    and a word in all of them ln(1 + 0.5 / 10.5) = 0.047.
    """
    return math.log(1 + (texts - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True)
class Lexicon:
    """How many offers and needs a market has, and in how many of them a word stands."""

    offers: int = 0
    needs: int = 0
    #: By key: in how many offers and in how many needs.
    holding: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    def rarity(self, word: int) -> float:
        """
        Return how much a word says: the mean of its rarities among offers and among needs.

        What all who need something write is so held for common, though offers lack it.
        """
        return self._rarities.get(word, self._unheard)

    @cached_property
    def _rarities(self) -> Mapping[int, float]:
        return {word: self._mean(*held) for word, held in self.holding.items()}

    @cached_property
    def _unheard(self) -> float:
        return self._mean(0, 0)

    def _mean(self, in_offers: int, in_needs: int) -> float:
        return (rarity(self.offers, in_offers) + rarity(self.needs, in_needs)) / 2


def norm(words: Mapping[int, int], lexicon: Lexicon) -> float:
    """
    Return how much a text says in all: √Σ (emphasis · rarity)².

    Two words of emphasis 0.2 with rarities 15 and 20 make √(3² + 4²) = 5. The sum is exact before
    it is rounded, so it does not depend on an order.
    """
    return math.sqrt(
        math.fsum((emphasis(weight) * lexicon.rarity(word)) ** 2 for word, weight in words.items())
    )


def asked(words: Mapping[int, int], lexicon: Lexicon) -> dict[int, float]:
    """
    Return how much each word of a listing counts when counterparts are looked for.

    It is emphasis · rarity²: with the strength of a counterpart's word that is what `likeness` adds
    up, but for the norm of the counterpart, for which its length stands.
    """
    return {
        word: emphasis(weight) * lexicon.rarity(word) ** 2
        for word, weight in words.items()
        if not is_character(word)
    }


def likeness(
    one: Mapping[int, int],
    other: Mapping[int, int],
    lexicon: Lexicon,
    norms: tuple[float, float] | None = None,
) -> tuple[Decimal, dict[int, float]]:
    """
    Return how alike two texts are, from 0 to 1, and what each shared word gives to it.

    It is the cosine of their weighed words (Salton 1975): the sum of emphasis · rarity in the one,
    times that in the other, over both norms. Both ways it is the same.

    Of words with rarities 15 and 20 one text holds both and the other the second, each with
    emphasis 0.2: norms 5 and 4, and 4 · 4 / (5 · 4) = 0.8. `norms` are those of `norm`, if known.
    """
    whole = math.prod(norms or (norm(one, lexicon), norm(other, lexicon)))
    if not whole:
        return Decimal(0), {}
    gains = {
        word: emphasis(one[word]) * emphasis(other[word]) * lexicon.rarity(word) ** 2 / whole
        for word in one.keys() & other.keys()
    }
    value = min(math.fsum(gains.values()), 1.0)
    return Decimal(value).quantize(STEP, ROUND_HALF_EVEN), gains


def shared_phrases(
    need: Runs, offer: Runs, gains: Mapping[str, float], *, limit: int = NAMED
) -> list[str]:
    """
    Return the strongest phrases that stand in the runs of both texts, strongest first.

    Adjacent pairs of characters that gave something grow together again, as far as the offer too
    has them in one piece: 碳化, 化硅, 硅外 become 碳化硅 where the offer speaks of 碳化硅衬底.
    """
    there = "\n".join(run for run, _ in offer)
    found: dict[str, float] = {}
    for run, is_han in need:
        if not is_han:
            token = run[:LONGEST_TOKEN]
            if token in gains:
                found[token] = gains[token]
            continue
        gives = [pair in gains for pair in _pairs(run)] if len(run) > 1 else []
        start = 0
        while start < len(gives):
            end = start
            while end < len(gives) and gives[end] and run[start : end + 2] in there:
                end += 1
            if end > start:
                phrase = run[start : end + 1]
                found[phrase] = sum(gains[pair] for pair in set(_pairs(phrase)))
            start = max(end, start + 1)
        if len(run) == 1 and run in gains:
            found[run] = gains[run]
    named: list[str] = []
    for phrase in sorted(found, key=lambda phrase: (-found[phrase], phrase)):
        if len(named) < limit and not any(phrase in longer for longer in named):
            named.append(phrase)
    return named


def _tokens(run: str, is_han: bool) -> list[str]:
    found = _pairs(run) if is_han else [run[:LONGEST_TOKEN]]
    return [token for token in found if token not in STOP]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


@lru_cache(MOST_KEYS)
def key(token: str) -> int:
    """
    Return the number of a token: 8 bytes of its BLAKE2b, signed, and outside those of characters.

    Among a million tokens two share a number in one of 37 million markets (5e11 pairs of 1.8e19).
    """
    digest = hashlib.blake2b(token.encode(), digest_size=8).digest()
    found = int.from_bytes(digest, "little", signed=True)
    return found if not is_character(found) else found - CHARACTERS
