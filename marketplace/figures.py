"""
The figures of listings compared: what one side asks for against what the other side gives.

A figure is a promise about a value: where it lies for sure. So a comparison has three outcomes, and
what is not known for sure is neither met nor missed.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import auto
from functools import lru_cache

from marketplace.checks import number_of
from marketplace.secrecy import IndicatorRelation, Secrecy, Shown, shown_indicator
from marketplace.units import converted, is_bare, same_kind
from marketplace.vocabulary import Term

#: What may stand around the name of a figure and says nothing of which one it is.
AROUND = (
    "技术", "性能", "关键", "主要", "核心", "考核", "指标", "参数", "要求", "需求", "目标", "数值",
    "indicators", "indicator", "parameters", "parameter", "requirements", "requirement", "required",
    "target",
)  # fmt: skip
#: Relations written behind a name; before one they belong to it, as in 小于10微米占比.
BEHIND = (
    "大于等于", "小于等于", "不低于", "不小于", "不少于", "不高于", "不大于", "不超过", "不多于",
    "大于", "小于", "高于", "低于", "至少", "至多", "最少", "atleast", "atmost",
)  # fmt: skip
AT_BEGINNING = re.compile(f"^(?:{'|'.join(AROUND)})+")
AT_END = re.compile(f"(?:{'|'.join((*AROUND, *BEHIND))})+$")
#: Shorter than this, a name stands within others by chance: 力 in 压力, and "rate" in "accurate".
SHORTEST_WITHIN, SHORTEST_LATIN_WITHIN = 2, 5

#: Two ends under such a name are a span that is wanted, or served, from end to end.
SPANS = ("范围", "区间", "量程", "range")
#: Degrees under such a name are steps, and 5 ℃ are 5 K.
DIFFERENCES = (
    "温差", "温升", "温降", "精度", "误差", "偏差", "公差", "波动", "均匀",
    "difference", "accuracy", "error", "deviation", "tolerance", "uniformity", "temperature rise",
)  # fmt: skip


class Outcome(Term):
    """Whether a figure that is asked for is given."""

    MET = auto()
    MISSED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A figure as the two ends between which it lies; an open end is None.

    Where only a band is known, the ends are the furthest ones possible, and each may lie further in
    by up to `play`: of at least something from 55 to 60, low is 55 and play is 5.
    """

    name: str
    low: Decimal | None
    high: Decimal | None
    unit: str
    play: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure that is asked for, what is given for it, and what that comes to."""

    wanted: Figure
    given: Figure | None
    outcome: Outcome


def figure_of(indicator: Mapping[str, object], level: Secrecy) -> Figure:
    """
    Return a faultless indicator as far as a reader up to `level` may know it.

        at least 62      → from 62, open       equal to 62      → from 62 to 62
        at most 5        → open, to 5          between 2 and 5  → from 2 to 5

    Of what is known only as its band, 55 to 60, the ends are as far apart as they may be, so that
    nothing is promised that may not hold; what is known only as stated is open on both sides:

        at least → from 55, open, play 5       equal to, between → from 55 to 60, play 5
        at most  → open, to 60, play 5         stated            → open on both sides
    """
    shown = shown_indicator(indicator, level)
    name, unit = str(shown["name"]), str(shown.get("unit") or "")
    if shown["shown"] == Shown.STATED:
        return Figure(name, None, None, unit)
    relation = IndicatorRelation(str(shown["relation"]))
    if shown["shown"] == Shown.BAND:
        low, high = Decimal(str(shown["band_from"])), Decimal(str(shown["band_to"]))
        ends = _ends(relation, low, high)
        return Figure(name, *ends, unit, high - low)
    value = number_of(shown.get("value"))
    other = number_of(shown.get("value_to")) if relation is IndicatorRelation.BETWEEN else value
    return Figure(name, *_ends(relation, value, other), unit)


def compare(wanted: Sequence[Figure], given: Sequence[Figure]) -> list[Comparison]:
    """
    Return for each figure that is asked for whether it is given.

    It is met if all that the given one may be is wanted, missed if nothing of it is, else unknown:

        wanted            given             outcome
        at least 60 HRC   at least 62 HRC   met
        at most 10 kg     at most 5000 g    met, as units are converted
        at least 60 HRC   equal to 55 HRC   missed
        at least 60 HRC   at least 55 HRC   unknown: it may be 62
        at least 60 HRC   at least 700 HV   unknown: one does not become the other
        60 to 100 ℃       70 to 80 ℃        met
        60 to 100 ℃       70 to 120 ℃       unknown

    Of a value known only by its band, 55 to 60, a promise of "at least" is surely from 55 on. Asked
    for, it is met from 60 on, missed below 55, and unknown between: nothing tells the value.

    A span is different. Working temperatures (温度范围) from -20 to 60 ℃ are met by those from -40
    to 85 ℃, which hold them, and unknown from 0 to 85 ℃.

    Given is the figure of the same name, whatever its letters, blanks and punctuation, without
    words such as 指标 around it, or else the only one of the same kind of unit whose name holds the
    wanted one or lies in it: 硬度 is given by 表面硬度. Of several nobody knows which one is meant.
    A bare number is a share only up to 1: 0.95 is 95 %, but of 95 nobody knows.
    """
    names = {_plain(each.name) for each in wanted}
    found = []
    for figure in wanted:
        partner = _partner(figure, given, names - {_plain(figure.name)})
        outcome = Outcome.UNKNOWN if partner is None else _outcome(figure, partner)
        found.append(Comparison(figure, partner, outcome))
    return found


def _ends(
    relation: IndicatorRelation, low: Decimal | None, high: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Open the end that a relation says nothing of."""
    return (
        None if relation is IndicatorRelation.AT_MOST else low,
        None if relation is IndicatorRelation.AT_LEAST else high,
    )


def _partner(wanted: Figure, given: Sequence[Figure], taken: set[str]) -> Figure | None:
    """Return the one figure that is given for a wanted one, but none that others name."""
    for read in (_plain, _core):
        name = read(wanted.name)
        same = [each for each in given if name and read(each.name) == name]
        alike = [each for each in same if same_kind(each.unit, wanted.unit)] or same
        if alike:
            return alike[0] if len(alike) == 1 else None
    around = [
        each
        for each in given
        if _plain(each.name) not in taken
        and _holds(_core(each.name), _core(wanted.name))
        and same_kind(each.unit, wanted.unit)
    ]
    return around[0] if len(around) == 1 else None


def _outcome(wanted: Figure, given: Figure) -> Outcome:
    """Say whether all, nothing or something of what is given is what is wanted."""
    if wanted.low is None and wanted.high is None:
        return Outcome.UNKNOWN
    ends = _converted_ends(given, wanted)
    if ends is None:
        return Outcome.UNKNOWN
    low, high = ends
    if _is_above(low, wanted.high) or _is_above(wanted.low, high):
        return Outcome.MISSED
    if None not in (*ends, wanted.low, wanted.high) and _is_span(wanted.name, given.name):
        # Of a band nobody knows how much of it the ends enclose.
        is_met = not given.play and _lies_in((wanted.low, wanted.high), ends)
    else:
        inner = (
            None if wanted.low is None else wanted.low + wanted.play,
            None if wanted.high is None else wanted.high - wanted.play,
        )
        is_met = _lies_in(ends, inner)
    return Outcome.MET if is_met else Outcome.UNKNOWN


def _converted_ends(given: Figure, wanted: Figure) -> tuple[Decimal | None, Decimal | None] | None:
    """Return the ends of a figure in the unit of another, or None where they do not convert."""
    if not same_kind(given.unit, wanted.unit):
        return None
    if is_bare(given.unit) != is_bare(wanted.unit):
        bare = given if is_bare(given.unit) else wanted
        if any(end is not None and abs(end) > 1 for end in (bare.low, bare.high)):
            return None
    is_difference = _says(DIFFERENCES, wanted.name, given.name)
    ends = []
    for end in (given.low, given.high):
        there = None
        if end is not None:
            there = converted(end, given.unit, wanted.unit, is_difference=is_difference)
            if there is None:
                return None
        ends.append(there)
    return ends[0], ends[1]


def _is_above(low: Decimal | None, high: Decimal | None) -> bool:
    return low is not None and high is not None and low > high


def _lies_in(
    inner: tuple[Decimal | None, Decimal | None], outer: tuple[Decimal | None, Decimal | None]
) -> bool:
    """Say whether one span is wholly in another: 2 to 5 in 2 and more, but not 2 and more in it."""
    (low, high), (lowest, highest) = inner, outer
    return (lowest is None or (low is not None and low >= lowest)) and (
        highest is None or (high is not None and high <= highest)
    )


def _is_span(*names: str) -> bool:
    return _says(SPANS, *names)


def _says(words: Sequence[str], *names: str) -> bool:
    return any(word in name.casefold() for name in names for word in words)


def _holds(name: str, other: str) -> bool:
    """Say whether the shorter of two names stands in the longer one, and not by chance."""
    short, long = sorted((name, other), key=len)
    least = SHORTEST_LATIN_WITHIN if short.isascii() else SHORTEST_WITHIN
    return len(short) >= least and short in long


@lru_cache(4_096)
def _plain(name: str) -> str:
    """Return the letters and digits of a name: of "Ra (Max.)" it is "ramax"."""
    read = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in read if each.isalnum())


@lru_cache(4_096)
def _core(name: str) -> str:
    """Return a name without the words around it: of 技术指标：硬度≥ it is 硬度."""
    plain = _plain(name)
    return AT_END.sub("", AT_BEGINNING.sub("", plain)) or plain
