"""
The draft coach: what a reader will miss in a draft, said before it is submitted.

Advice binds nobody. Only a marking of state secrets (国家秘密) is a fault as well, which
`marking_faults` finds. The words that are looked for stand in `phrases`.
"""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from enum import auto
from typing import TypeVar

from marketplace.errors import Invalid
from marketplace.phrases import (
    CLAIM,
    COMPARED_WITH,
    CONTACT,
    DENIED,
    GENERIC,
    HAS_NONE,
    MARKING,
    MEASURE,
    PERHAPS_MARKING,
    PRAISE,
    SENTENCE_END,
    USED_FOR,
)
from marketplace.secrecy import Secrecy
from marketplace.vocabulary import Term
from marketplace.words import HAN

K = TypeVar("K", bound=Hashable)


class DraftKind(Term):
    """What a draft will be: an entry of one of three pools, or one of six kinds of listing."""

    TALENT = auto()
    FUND = auto()
    PROJECT = auto()
    TECHNOLOGY_OFFER = auto()
    TECHNOLOGY_NEED = auto()
    TALENT_OFFER = auto()
    TALENT_NEED = auto()
    CAPITAL_OFFER = auto()
    CAPITAL_NEED = auto()


class AdviceCode(Term):
    """What a reader will miss, or should not find."""

    VAGUE_PRAISE = auto()
    NO_UNIT = auto()
    NO_CONDITION = auto()
    NO_INDICATOR = auto()
    NO_COMPETING_SOLUTION = auto()
    NO_OBJECT = auto()
    TOO_SHORT = auto()
    NO_APPLICATION = auto()
    CONTACT_DATA = auto()
    STATE_SECRET_MARKING = auto()


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice on one field, with the English words (the key of their translation)."""

    code: AdviceCode
    field: str
    message: str
    facts: Mapping[str, str | int] = attribute(default_factory=dict)


#: What shows a technology; only these are asked for indicators, use and competing solutions.
SHOWS_TECHNOLOGY = frozenset({DraftKind.PROJECT, DraftKind.TECHNOLOGY_OFFER})
#: What is named by its object in the title; a talent or a fund is named otherwise.
NAMES_AN_OBJECT = SHOWS_TECHNOLOGY | {DraftKind.TECHNOLOGY_NEED, DraftKind.CAPITAL_NEED}

#: A text that says less than this is too short; a Chinese character counts 1, a word 2.
SHORTEST = 80
#: A title says what it is in as many Chinese characters, or words, beside what any title says.
SHORTEST_TITLE, SHORTEST_OBJECT = 6, 3
FEWEST_WORDS = 2
#: How many characters before a claim say what it is about.
NEAR = 20
#: From this likeness on two texts may be about the same thing.
ALIKE = 0.6
#: How much of a text is compared, how many duplicates and how many praises are named.
COMPARED, MOST_DUPLICATES, NAMED = 4_000, 5, 5


def advice(words: Mapping[str, object], *, kind: DraftKind) -> list[Advice]:
    """
    Return what a reader will miss in the words of a draft.

    The words are title, body or summary, keywords, applications, blocks, indicators and whatever
    else there is. A project "一种新技术" with the summary "该设备效率高，成本低。" gets

        vague_praise (summary), no_indicator, no_competing_solution, no_application, no_object
        (title) and too_short (summary)
    """
    found = [
        *_praise_and_numbers(words),
        *_indicator_advice(words),
        *_contact_advice(words),
        *_marking_advice(words),
    ]
    if kind in SHOWS_TECHNOLOGY:
        found += _technology_advice(words)
    if kind in NAMES_AN_OBJECT and lacks_object(_text(words.get("title"))):
        found.append(
            Advice(
                AdviceCode.NO_OBJECT,
                "title",
                "Name the thing itself in the title, such as what it is made of or what it does.",
            )
        )
    return [*found, *_length_advice(words)]


def marking_faults(words: Mapping[str, object]) -> list[Invalid]:
    """
    Return a fault for each field that carries a marking of state secrets, wherever it stands.

    "机密★10年" in the body is a fault of "body"; 机密性 (confidentiality), 商业秘密 (trade secrets)
    and 不涉及国家秘密 (no state secrets) are none.
    """
    return [
        Invalid(
            "This carries a marking of state secrets, which must not come here: tell your secrecy "
            "officer at once.",
            code="state_secret_marking",
            field=path,
        )
        for path, text in _texts(words, up_to=Secrecy.UNDER_NDA)
        if MARKING.search(text)
    ]


def lacks_object(title: str) -> bool:
    """
    Say whether a title does not tell what it is about.

        "一种新技术", "创新成果", "New technology" → yes    "碳化硅衬底制备技术" → no
    """
    title = _normal(title)
    han, words = _han(title), _words(title)
    if not han:
        return len(words) < FEWEST_WORDS or not _words(GENERIC.sub(" ", title))
    rest = GENERIC.sub(" ", title)
    has_name = bool(_words(rest))
    return not has_name and (len(han) < SHORTEST_TITLE or len(_han(rest)) < SHORTEST_OBJECT)


def praises(text: str) -> list[str]:
    """
    Return the praise in `text` that stands in a sentence without a number and its unit.

        praises("效率高。成本低于 20 元/kg，寿命长。") → ["效率高"]
    """
    return [
        found[0]
        for sentence in _sentences(text)
        if not MEASURE.search(sentence)
        for found in PRAISE.finditer(sentence)
    ]


def unitless(text: str) -> list[str]:
    """
    Return the numbers that something is said to reach, and that have no unit.

        unitless("效率达到 38.2，温度低于 80 ℃") → ["38.2"]
    """
    return [
        found["number"]
        for sentence in _sentences(text)
        for found in CLAIM.finditer(sentence)
        if not HAS_NONE.search(sentence[max(0, found.start() - NEAR) : found.start()])
    ]


def likeness(a: str, b: str) -> float:
    """
    Return how alike two texts are, from 0 to 1: pairs of adjacent letters in both to those in any.

    碳化硅衬底 and 碳化硅外延 have the pairs 碳化 and 化硅 in common, of six: 2 / 6 = 0.333. Spaces,
    punctuation, capitals and full-width forms do not matter.
    """
    return _shared(_pairs(a), _pairs(b))


def duplicates(
    words: Mapping[str, object], others: Iterable[tuple[K, str, str]]
) -> list[tuple[K, float]]:
    """
    Return which of the `others` (id, title, text) the draft may repeat, the most alike first.

    Compared are the titles, and the titles with the texts; the larger likeness counts, from 0.6 on.
    "碳化硅衬底制备方法" and "碳化硅衬底的制备方法" have 7 pairs in common, of 10: 0.7.
    """
    title, text = _text(words.get("title")), _text(words.get("body")) or _text(words.get("summary"))
    own = _pairs(title), _pairs(f"{title}\n{text}")
    found = []
    for other, its_title, its_text in others:
        theirs = _pairs(its_title), _pairs(f"{its_title}\n{its_text}")
        alike = max(map(_shared, own, theirs))
        if alike >= ALIKE:
            found.append((other, alike))
    return sorted(found, key=lambda pair: -pair[1])[:MOST_DUPLICATES]


def _praise_and_numbers(words: Mapping[str, object]) -> list[Advice]:
    found = []
    for path, text in _texts(words, up_to=Secrecy.UNDER_NDA):
        if path.startswith(("indicators", "keywords")):
            continue
        if vague := list(dict.fromkeys(praises(text))):
            found.append(
                Advice(
                    AdviceCode.VAGUE_PRAISE,
                    path,
                    "Say how much, in which unit and under which conditions: {phrases}.",
                    {"phrases": ", ".join(vague[:NAMED])},
                )
            )
        if bare := list(dict.fromkeys(unitless(text))):
            found.append(
                Advice(
                    AdviceCode.NO_UNIT,
                    path,
                    "Give these numbers a unit: {numbers}.",
                    {"numbers": ", ".join(bare[:NAMED])},
                )
            )
    return found


def _indicator_advice(words: Mapping[str, object]) -> list[Advice]:
    found = []
    for position, indicator in enumerate(_mappings(words.get("indicators"))):
        path = f"indicators.{position}"
        if not _text(indicator.get("unit")).strip():
            found.append(
                Advice(
                    AdviceCode.NO_UNIT,
                    f"{path}.unit",
                    "Give the value a unit, or say what it is the ratio of.",
                )
            )
        if not _text(indicator.get("condition")).strip():
            found.append(
                Advice(
                    AdviceCode.NO_CONDITION,
                    f"{path}.condition",
                    "Say under which conditions, or by which standard, this was measured.",
                )
            )
    return found


def _technology_advice(words: Mapping[str, object]) -> list[Advice]:
    """Miss what a buyer asks first: figures, what else there is, and what it is good for."""
    indicators = _mappings(words.get("indicators"))
    texts = "\n".join(text for _, text in _texts(words, up_to=Secrecy.UNDER_NDA))
    found = []
    if not indicators:
        found.append(
            Advice(
                AdviceCode.NO_INDICATOR,
                "indicators",
                "Give at least one indicator: value, unit, test condition and competing solution.",
            )
        )
    if not any(_text(each.get("competing")).strip() for each in indicators) and (
        not COMPARED_WITH.search(texts)
    ):
        found.append(
            Advice(
                AdviceCode.NO_COMPETING_SOLUTION,
                "indicators",
                "Say what is used today instead, and how this differs from it.",
            )
        )
    if not words.get("applications") and not USED_FOR.search(texts):
        found.append(
            Advice(
                AdviceCode.NO_APPLICATION,
                "applications",
                "Say where this is or can be used, and by whom.",
            )
        )
    return found


def _length_advice(words: Mapping[str, object]) -> list[Advice]:
    """Miss text: a Chinese character counts one, a word two, in the body or summary and blocks."""
    name = "body" if "body" in words else "summary"
    blocks = " ".join(_text(block.get("text")) for block in _mappings(words.get("blocks")))
    text = _normal(f"{_text(words.get(name))} {blocks}")
    length = len(_han(text)) + 2 * len(_words(text))
    if length >= SHORTEST:
        return []
    return [
        Advice(
            AdviceCode.TOO_SHORT,
            name,
            "This is short. Say what it is, what it does, how well, and what you look for.",
        )
    ]


def _contact_advice(words: Mapping[str, object]) -> list[Advice]:
    return [
        Advice(
            AdviceCode.CONTACT_DATA,
            path,
            "Leave out how to reach people: it is personal, and the market brings you together.",
        )
        for path, text in _texts(words, up_to=Secrecy.SIGNED_IN)
        if CONTACT.search(text)
    ]


def _marking_advice(words: Mapping[str, object]) -> list[Advice]:
    return [
        Advice(
            AdviceCode.STATE_SECRET_MARKING,
            path,
            "This looks like a marking of state secrets or of internal papers. Have it cleared "
            "before you submit it.",
        )
        for path, text in _texts(words, up_to=Secrecy.UNDER_NDA)
        if MARKING.search(text) or PERHAPS_MARKING.search(DENIED.sub("", text))
    ]


def _texts(words: Mapping[str, object], *, up_to: Secrecy) -> Iterator[tuple[str, str]]:
    """
    Yield the path and the text of all that is written, in the forms that are looked for.

    Up to SIGNED_IN leaves out the confidential part, and what stands under an NDA.
    """
    is_all = up_to is Secrecy.UNDER_NDA
    for name, word in words.items():
        if name == "confidential" and not is_all:
            continue
        if isinstance(word, str):
            yield name, _normal(word)
        elif isinstance(word, list | tuple):
            for position, each in enumerate(word):
                if isinstance(each, str):
                    yield f"{name}.{position}", _normal(each)
                elif isinstance(each, Mapping) and (
                    is_all or each.get("secrecy") != Secrecy.UNDER_NDA
                ):
                    for key, text in each.items():
                        if isinstance(text, str):
                            yield f"{name}.{position}.{key}", _normal(text)


def _sentences(text: str) -> list[str]:
    return SENTENCE_END.split(_normal(text))


def _shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _pairs(text: str) -> set[str]:
    letters = "".join(c for c in _normal(text[:COMPARED]).casefold() if c.isalnum())
    return {letters[i : i + 2] for i in range(len(letters) - 1)} or ({letters} - {""})


def _han(text: str) -> list[str]:
    return re.findall(f"[{HAN}]", text)


def _words(text: str) -> list[str]:
    """Return the words of other letters: two letters at least, or letters with digits."""
    return re.findall(rf"(?:(?![{HAN}])[^\W_]){{2,}}", text)


def _normal(text: str) -> str:
    """Return a text in normal form without idle blanks, which would make a search slow."""
    lines = unicodedata.normalize("NFKC", text).splitlines()
    return "\n".join(line for each in lines if (line := " ".join(each.split())))


def _text(word: object) -> str:
    return word if isinstance(word, str) else ""


def _mappings(words: object) -> Sequence[Mapping[str, object]]:
    if not isinstance(words, list | tuple):
        return []
    return [word for word in words if isinstance(word, Mapping)]
