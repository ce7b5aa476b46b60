"""
What the parts of a score should count, by what people said of the matches.

A match that was judged says what each part gave to it; divided by what the part counted, that is
how well the two fit in that respect. Looked for are the points by which, among the matches of one
need, good ones come before weak ones and weak before wrong ones, as little away from the present
points as the verdicts allow. The same verdicts give the same points.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from itertools import count

import numpy
from numpy.typing import NDArray

from marketplace.checks import plain
from marketplace.listings import Market
from marketplace.matching import Part, Weights, weights_on
from marketplace.registration.certainty import Certainty
from marketplace.verdicts import WORST_FIRST, Judgement

#: From how many verdicts on something can be learned from them.
LEAST_VERDICTS = 200
#: All points together, how finely they are given, and what every part keeps: a part that counts
#: nothing could never show again that it should count.
WHOLE, GRAIN, LEAST_POINTS = 100, Decimal("0.1"), 0.5
#: By how many points a good match should lead so that more of it makes little difference.
CLEAR_LEAD = 10.0
#: How strongly the present points hold, as if so many needs spoke for each of them.
HOLD = 100.0
#: The most steps of the search, and when it has arrived.
MOST_STEPS, ARRIVED = 500, 1e-9
#: In how many parts the needs are dealt out to test what was learned on the others.
FOLDS = 5
#: How often the needs are drawn anew to see how sure the gain is, and what share lies within.
DRAWS, WITHIN = 2000, 0.95
SEED = 0

Numbers = NDArray[numpy.float64]
Places = NDArray[numpy.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """A match that was judged: for which need, how, and how well the two fit in each respect."""

    need: str
    judgement: Judgement
    values: Mapping[Part, float]


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much the share of pairs in the right order rises on needs not learned from."""

    current: float
    proposed: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        """Return the gain itself."""
        return self.proposed - self.current

    @property
    def is_certain(self) -> bool:
        """Say whether the whole interval lies above nothing."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """Points for each part, on how much they rest, and what they gain."""

    points: Mapping[Part, Decimal]
    needs: int
    pairs: int
    gain: Gain


def recovered(contributions: Mapping[Part, Decimal], weights: Weights) -> dict[Part, float]:
    """
    Return how well two sides fit in each respect, from what each part gave to their score.

    Of 45 points for words and 15 for the vector, 36 and 6 were given: values of 0.8 and 0.4, and
    the subject reaches 42 / 60, a share of 0.7. The region gave 2.8 of 4 points: 2.8 / (4 × 0.7),
    a value of 1. What gave nothing, or counts nothing, has the value 0.
    """
    given = {part: contributions.get(part, Decimal(0)) for part in weights.points}
    reached = sum((given[part] for part in weights.subject), Decimal(0))
    share = reached / weights.subject_points
    found = {}
    for part, points in weights.points.items():
        most = points if part in weights.subject else points * share
        found[part] = float(min(given[part] / most, Decimal(1))) if most else 0.0
    return found


def propose(examples: Sequence[Example], weights: Weights) -> Proposal | None:
    """Return better points than those of `weights`, or None where no need tells two apart."""
    task = _Task.of(examples, weights)
    if not len(task.better):
        return None
    start = numpy.array([float(points) for points in weights.points.values()])
    needs = sorted(set(task.need_of_pair.tolist()))
    now: dict[int, float] = {}
    then: dict[int, float] = {}
    for fold in range(min(FOLDS, len(needs))):
        apart = needs[fold::FOLDS]
        learned = task.without(apart).fitted(start)
        now |= task.agreement(start, apart)
        then |= task.agreement(learned, apart)
    before = numpy.array([now[need] for need in needs])
    after = numpy.array([then[need] for need in needs])
    low, high = _interval(after - before)
    return Proposal(
        points=_rounded(weights, task.fitted(start)),
        needs=len(needs),
        pairs=len(task.better),
        gain=Gain(float(before.mean()), float(after.mean()), low, high),
    )


def block(
    name: str,
    points: Mapping[Market, Mapping[Part, Decimal]],
    *,
    valid_from: date,
    source: str,
) -> str:
    """Return a version of weights as it stands in matching_weights.toml."""
    lines = [
        "[[version]]",
        f'name = "{name}"',
        f"valid_from = {valid_from}",
        f'certainty = "{Certainty.INFERRED}"',
        f'source = "{source}"',
    ]
    for market, counted in points.items():
        lines += ["", f"[version.{market}]"]
        lines += [f"{part} = {plain(each)}" for part, each in counted.items()]
    return "\n".join(lines) + "\n"


def next_name(day: date) -> str:
    """Return a name for a version that begins on a day: of 2026, after "2026-1", "2026-2"."""
    for number in count(1):
        name = f"{day.year}-{number}"
        try:
            weights_on(Market.TECHNOLOGY, day, name)
        except KeyError:
            break
    return name


def scores(values: Numbers, is_subject: NDArray[numpy.bool_], points: Numbers) -> Numbers:
    """Return the scores of matches, as `marketplace.matching.score` adds them up."""
    subject = values[:, is_subject] @ points[is_subject]
    rest = values[:, ~is_subject] @ points[~is_subject]
    found: Numbers = subject + subject / points[is_subject].sum() * rest
    return found


@dataclass(frozen=True, slots=True)
class _Task:
    """Matches in numbers, and the pairs of one need of which one is better than the other."""

    values: Numbers
    is_subject: NDArray[numpy.bool_]
    #: The better and the worse match of each pair, its need, and what it counts: all the pairs of
    #: one need count as much as those of any other.
    better: Places
    worse: Places
    need_of_pair: Places
    share: Numbers

    @classmethod
    def of(cls, examples: Sequence[Example], weights: Weights) -> "_Task":
        """Return the task that examples set, whatever their order."""
        parts = list(weights.points)
        rows = sorted(
            (each.need, WORST_FIRST.index(each.judgement), [each.values.get(p, 0.0) for p in parts])
            for each in examples
        )
        of_need: dict[str, list[int]] = {}
        for place, (need, _level, _values) in enumerate(rows):
            of_need.setdefault(need, []).append(place)
        pairs: list[tuple[int, int, int]] = []
        shares: list[float] = []
        for number, places in enumerate(of_need.values()):
            its = [(one, b) for one in places for b in places if rows[one][1] > rows[b][1]]
            pairs += [(one, other, number) for one, other in its]
            shares += [1 / len(its) for _pair in its]
        better, worse, need_of_pair = numpy.array(pairs, numpy.int64).reshape(-1, 3).T
        return cls(
            numpy.array([row[2] for row in rows], numpy.float64).reshape(len(rows), len(parts)),
            numpy.array([part in weights.subject for part in parts]),
            better,
            worse,
            need_of_pair,
            numpy.array(shares, numpy.float64) / len(set(need_of_pair.tolist()) or {0}),
        )

    def without(self, needs: Sequence[int]) -> "_Task":
        """Return the task without the pairs of some needs."""
        kept = ~numpy.isin(self.need_of_pair, numpy.array(needs, numpy.int64))
        share = self.share[kept]
        return _Task(
            self.values,
            self.is_subject,
            self.better[kept],
            self.worse[kept],
            self.need_of_pair[kept],
            share / share.sum() if len(share) else share,
        )

    def agreement(self, points: Numbers, needs: Sequence[int]) -> dict[int, float]:
        """Return by need what share of its pairs stands in the right order; ties count half."""
        found = scores(self.values, self.is_subject, points)
        lead = found[self.better] - found[self.worse]
        right = (lead > 0) + (lead == 0) / 2
        return {need: float(right[self.need_of_pair == need].mean()) for need in needs}

    def fitted(self, start: Numbers) -> Numbers:
        """
        Return the points that put the pairs in order best, and are not far from where they start.

        Downhill along the gradient, back onto the points that are allowed, with steps that are
        halved until they help and doubled after that.
        """
        if not len(self.better):
            return start
        hold = HOLD / len(set(self.need_of_pair.tolist()))
        points = _allowed(start)
        loss, slope = self._loss(points, start, hold)
        stride = 1000.0
        for _step in range(MOST_STEPS):
            while stride > ARRIVED:
                tried = _allowed(points - stride * slope)
                tried_loss, tried_slope = self._loss(tried, start, hold)
                if tried_loss <= loss - 1e-4 / stride * float(((tried - points) ** 2).sum()):
                    break
                stride /= 2
            else:
                break
            has_arrived = loss - tried_loss < ARRIVED
            points, loss, slope = tried, tried_loss, tried_slope
            if has_arrived:
                break
            stride *= 2
        return points

    def _loss(self, points: Numbers, start: Numbers, hold: float) -> tuple[float, Numbers]:
        """Return how badly the pairs are ordered (logistic), and how that changes by the points."""
        subject_points = points[self.is_subject].sum()
        subject = self.values[:, self.is_subject] @ points[self.is_subject]
        rest = self.values[:, ~self.is_subject] @ points[~self.is_subject]
        found = subject + subject / subject_points * rest
        lead = (found[self.better] - found[self.worse]) / CLEAR_LEAD
        away = (points - start) / WHOLE
        loss = float(self.share @ numpy.logaddexp(0, -lead) + hold / 2 * (away @ away))
        # How the loss changes by each score, and then by each of the points.
        pull = -self.share / (1 + numpy.exp(numpy.minimum(lead, 700))) / CLEAR_LEAD
        by_score = numpy.zeros(len(self.values))
        numpy.add.at(by_score, self.better, pull)
        numpy.subtract.at(by_score, self.worse, pull)
        change = self.values * (subject / subject_points)[:, None]
        inner = self.values[:, self.is_subject]
        turn = (inner * subject_points - subject[:, None]) / subject_points**2
        change[:, self.is_subject] = inner + rest[:, None] * turn
        return loss, by_score @ change + hold * away / WHOLE


def _allowed(points: Numbers) -> Numbers:
    """
    Return the nearest points of which none is below the least, and which make the whole.

    As in Duchi, Shalev-Shwartz, Singer, Chandra (2008): one number is taken from all of them, and
    what falls below the least stays there.
    """
    above = points - LEAST_POINTS
    room = WHOLE - LEAST_POINTS * len(points)
    falling = numpy.sort(above)[::-1]
    taken = (numpy.cumsum(falling) - room) / numpy.arange(1, len(points) + 1)
    last = numpy.nonzero(falling > taken)[0][-1]
    found: Numbers = numpy.maximum(above - taken[last], 0) + LEAST_POINTS
    return found


def _rounded(weights: Weights, points: Numbers) -> dict[Part, Decimal]:
    """Return points in tenths that make the whole: those with the largest rest are rounded up."""
    exact = {part: Decimal(float(each)) for part, each in zip(weights.points, points, strict=True)}
    found = {part: each.quantize(GRAIN, ROUND_FLOOR) for part, each in exact.items()}
    left = int((WHOLE - sum(found.values())) / GRAIN)
    for part in sorted(exact, key=lambda part: found[part] - exact[part])[:left]:
        found[part] += GRAIN
    return found


def _interval(gains: Numbers) -> tuple[float, float]:
    """Return between what the mean gain lies if other needs of the same kind had been judged."""
    drawn = numpy.random.default_rng(SEED).integers(0, len(gains), (DRAWS, len(gains)))
    means = numpy.sort(gains[drawn].mean(axis=1))
    edge = (1 - WITHIN) / 2
    return float(means[math.floor(edge * (DRAWS - 1))]), float(
        means[math.ceil((1 - edge) * (DRAWS - 1))]
    )
