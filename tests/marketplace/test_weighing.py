"""What is learned about weights from what people said."""

import random
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketplace
from marketplace.listings import Market
from marketplace.matching import SUBJECT, Part, Weights, weights_on
from marketplace.verdicts import Judgement
from marketplace.weighing import (
    LEAST_POINTS,
    Example,
    _allowed,
    _Task,
    block,
    next_name,
    propose,
    recovered,
    scores,
)

DAY = date(2026, 3, 1)
WEIGHTS = weights_on(Market.TECHNOLOGY, DAY)
LEVELS = [Judgement.WRONG, Judgement.WEAK, Judgement.GOOD]


def weights_of(**points: int) -> Weights:
    counted = {Part(name): Decimal(number) for name, number in points.items()}
    return Weights("test", counted, SUBJECT[Market.TECHNOLOGY])


def judged(by: Part | None, needs: int = 60, each: int = 6, seed: int = 1) -> list[Example]:
    """Return matches judged by one part alone, or by nothing at all."""
    chance = random.Random(seed)  # noqa: S311  no secret
    found = []
    for need in range(needs):
        for _match in range(each):
            values = {part: round(chance.random(), 3) for part in WEIGHTS.points}
            values[Part.WORDS] = round(0.4 + values[Part.WORDS] / 4, 3)
            value = values[by] if by else chance.random()
            found.append(Example(f"{need:03}", LEVELS[min(int(value * 3), 2)], values))
    return found


# --- what people saw ---------------------------------------------------------------------------


def test_values_are_recovered_from_contributions():
    weights = weights_of(words=45, vector=15, region=4, price=36)
    given_ = {Part.WORDS: "36", Part.VECTOR: "6", Part.REGION: "2.8"}
    found = recovered({part: Decimal(each) for part, each in given_.items()}, weights)
    assert found == pytest.approx(
        {Part.WORDS: 0.8, Part.VECTOR: 0.4, Part.REGION: 1.0, Part.PRICE: 0.0}
    )


def test_of_a_score_without_a_subject_and_of_a_part_without_points_nothing_is_recovered():
    weights = weights_of(words=60, vector=40, region=0)
    assert recovered({}, weights) == {Part.WORDS: 0, Part.VECTOR: 0, Part.REGION: 0}
    assert recovered({Part.WORDS: Decimal(30), Part.REGION: Decimal(1)}, weights)[Part.REGION] == 0


@given(st.lists(st.integers(0, 100), min_size=10, max_size=10))
def test_what_is_recovered_scores_the_same_again(hundredths):
    values = dict(zip(WEIGHTS.points, [Decimal(each) / 100 for each in hundredths], strict=True))
    subject = sum(WEIGHTS.points[part] * values[part] for part in WEIGHTS.subject)
    share = subject / WEIGHTS.subject_points
    contributions = {
        part: (points * values[part] * (1 if part in WEIGHTS.subject else share)).quantize(
            Decimal("0.000001")
        )
        for part, points in WEIGHTS.points.items()
    }
    found = recovered(contributions, WEIGHTS)
    row = numpy.array([[found[part] for part in WEIGHTS.points]])
    again = scores(
        row,
        numpy.array([part in WEIGHTS.subject for part in WEIGHTS.points]),
        numpy.array([float(points) for points in WEIGHTS.points.values()]),
    )
    assert float(again[0]) == pytest.approx(float(sum(contributions.values())), abs=1e-4)


# --- what is learned ---------------------------------------------------------------------------


def test_a_part_that_people_judge_by_counts_more_and_the_gain_is_certain():
    found = propose(judged(Part.REGION), WEIGHTS)
    assert found is not None
    assert found.points[Part.REGION] > 3 * WEIGHTS.points[Part.REGION]
    assert found.gain.is_certain
    assert found.gain.low <= found.gain.mean <= found.gain.high
    assert (found.needs, found.pairs > 300) == (60, True)


def test_where_people_judge_by_chance_no_gain_is_certain():
    found = propose(judged(None), WEIGHTS)
    assert found is not None
    assert not found.gain.is_certain


def test_few_needs_move_the_weights_less_than_many():
    moved = []
    for needs in (6, 60):
        found = propose(judged(Part.REGION, needs), WEIGHTS)
        assert found is not None
        moved.append(found.points[Part.REGION])
    assert WEIGHTS.points[Part.REGION] < moved[0] < moved[1]


def test_points_make_the_whole_and_no_part_is_lost():
    for part in (Part.REGION, Part.VECTOR, Part.RESPONSE):
        found = propose(judged(part), WEIGHTS)
        assert found is not None
        assert sum(found.points.values()) == 100
        assert min(found.points.values()) >= Decimal(str(LEAST_POINTS))
        assert list(found.points) == list(WEIGHTS.points)


def test_the_same_verdicts_in_any_order_give_the_same_points():
    examples = judged(Part.FIGURES)
    mixed = random.Random(2).sample(examples, len(examples))  # noqa: S311  no secret
    assert propose(examples, WEIGHTS) == propose(mixed, WEIGHTS)


def test_without_two_that_differ_there_is_nothing_to_learn():
    assert propose([], WEIGHTS) is None
    alike = [Example("n", Judgement.GOOD, {Part.WORDS: 0.5})] * 300
    assert propose(alike, WEIGHTS) is None
    apart = [
        Example("n", Judgement.GOOD, {Part.WORDS: 0.5}),
        Example("m", Judgement.WRONG, {Part.WORDS: 0.9}),
    ]
    assert propose(apart, WEIGHTS) is None


def test_two_matches_of_one_need_are_enough():
    found = propose(
        [
            Example("n", Judgement.GOOD, {Part.WORDS: 0.9}),
            Example("n", Judgement.WRONG, {Part.WORDS: 0.1}),
        ],
        WEIGHTS,
    )
    assert found is not None
    assert (found.needs, found.pairs, found.gain.current) == (1, 1, 1.0)
    assert not found.gain.is_certain


def test_the_slope_is_that_of_the_loss():
    task = _Task.of(judged(Part.PRICE, 5), WEIGHTS)
    start = numpy.array([float(points) for points in WEIGHTS.points.values()])
    points = _allowed(start + numpy.arange(len(start)))
    loss, slope = task._loss(points, start, 2.0)
    for place in range(len(points)):
        moved = points.copy()
        moved[place] += 1e-5
        assert (task._loss(moved, start, 2.0)[0] - loss) / 1e-5 == pytest.approx(
            slope[place], rel=1e-3, abs=1e-8
        )


@given(st.lists(st.floats(-300, 300), min_size=2, max_size=15))
def test_points_that_are_allowed_make_the_whole(points):
    found = _allowed(numpy.array(points))
    assert found.sum() == pytest.approx(100)
    assert found.min() >= LEAST_POINTS
    assert _allowed(found) == pytest.approx(found)


# --- how it is written -------------------------------------------------------------------------


def test_a_version_can_be_added_to_the_file_of_weights():
    file = Path(marketplace.__file__).with_name("matching_weights.toml")
    points = {market: weights_on(market, DAY).points for market in Market}
    name = next_name(DAY)
    text = block(name, points, valid_from=DAY, source="200 verdicts until 2026-02-28.")
    versions = tomllib.loads(f"{file.read_text()}\n{text}")["version"]
    assert versions[-1]["name"] == name
    assert name not in {version["name"] for version in versions[:-1]}
    assert versions[-1] | versions[0] | {"name": name} == versions[0] | {"name": name}
    assert versions[-1].keys() == versions[0].keys()
    assert (versions[-1]["valid_from"], versions[-1]["certainty"]) == (DAY, "inferred")
    for market in Market:
        assert versions[-1][market] == versions[0][market]


def test_a_name_is_the_next_one_of_its_year():
    assert next_name(date(2026, 12, 31)) == "2026-2"
    assert next_name(date(2031, 1, 1)) == "2031-1"
