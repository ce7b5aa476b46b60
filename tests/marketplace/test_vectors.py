"""Vectors of words and texts, on plain numbers."""

import math
from collections import Counter
from collections.abc import Collection, Iterable
from decimal import Decimal

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace import vectors
from marketplace.errors import Invalid
from marketplace.vectors import (
    VectorOrigin,
    VectorSource,
    WordVectors,
    checked,
    emphases,
    learn,
    origin_of,
    similarity,
    text_vector,
    unit,
)
from marketplace.words import emphasis

CARBON, EPITAXY, SUBSTRATE, GAN, NITRIDE, BREAD, OVEN, FLOUR = range(8)


def array(*numbers: float) -> numpy.ndarray:
    return numpy.array(numbers, numpy.float32)


def text(*words: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    return numpy.array(sorted(words), numpy.int64), numpy.full(len(words), 10)


def corpus() -> list[set[int]]:
    """GaN and nitride never stand together, but in the same company; bread is elsewhere."""
    chips = [{EPITAXY, SUBSTRATE, name} for name in (GAN, NITRIDE, CARBON) for _ in range(6)]
    return chips + [{BREAD, OVEN, FLOUR}] * 5 + [{BREAD, OVEN}, {OVEN, FLOUR}] * 3


def learned(*, seed: int = 1) -> WordVectors:
    keys, found = learn(corpus(), seed=seed)
    assert keys.tolist() == list(range(8))
    return WordVectors(keys, numpy.ones(8), found)


def information(pieces: Iterable[Collection[int]], count: int) -> numpy.ndarray:
    """Return the positive pointwise mutual information, reckoned pair by pair."""
    table: Counter[tuple[int, int]] = Counter()
    for piece in pieces:
        for one in piece:
            for other in set(piece) - {one}:
                table[one, other] += 1 / (len(piece) - 1)
    whole = sum(table.values())
    found = numpy.zeros((count, count))
    for one, other in table:
        chance = sum(table[one, each] for each in range(count))
        chance *= sum(table[other, each] for each in range(count)) / whole
        found[one, other] = max(math.log(table[one, other] / chance), 0)
    return found


@pytest.fixture
def of_two(monkeypatch):
    """Keep two directions: few words have no more that say anything."""
    monkeypatch.setattr(vectors, "DIMENSIONS", 2)


def test_a_word_counts_the_more_the_oftener_it_stands_there_but_ever_less():
    assert emphases(numpy.array([10, 40])).tolist() == [0.2, 0.5]
    assert 0.99 < emphases(numpy.array([30_000]))[0] < 1
    given = numpy.array([1, 3, 10, 13, 30_000])
    assert emphases(given).tolist() == [emphasis(weight) for weight in given.tolist()]


def test_the_vector_of_a_text_is_reckoned_by_hand():
    known = WordVectors(numpy.array([1, 3]), numpy.array([2.0, 1.0]), numpy.eye(2, dtype="f2"))
    found = text_vector(numpy.array([1, 2, 3]), numpy.array([10, 10, 10]), known)
    assert found.tolist() == pytest.approx([2 / math.sqrt(5), 1 / math.sqrt(5)])
    assert found.dtype == numpy.float32


def test_a_text_of_unknown_words_has_no_vector():
    known = WordVectors(numpy.array([1]), numpy.array([2.0]), numpy.eye(1, dtype="f2"))
    assert text_vector(numpy.array([5]), numpy.array([10]), known) is None
    assert text_vector(numpy.zeros(0, int), numpy.zeros(0, int), known) is None
    nothing = WordVectors(numpy.zeros(0, int), numpy.zeros(0), numpy.zeros((0, 0), "f2"))
    assert text_vector(numpy.array([5]), numpy.array([10]), nothing) is None


def test_words_that_cancel_each_other_leave_no_direction():
    opposite = numpy.array([[1.0], [-1.0]], "f2")
    known = WordVectors(numpy.array([1, 2]), numpy.array([1.0, 1.0]), opposite)
    assert text_vector(numpy.array([1, 2]), numpy.array([10, 10]), known) is None


def test_similarity_is_a_cosine_that_is_never_below_nought():
    assert similarity(array(0.6, 0.8), array(1, 0)) == Decimal("0.600000")
    assert similarity(array(1, 0), array(-1, 0)) == 0
    assert similarity(array(1.0001, 0), array(1, 0)) == 1
    assert str(similarity(array(1, 0), array(0, 1))) == "0.000000"


def test_a_vector_is_made_as_long_as_one_however_long_it_was():
    assert unit(numpy.array([3, 4])).tolist() == pytest.approx([0.6, 0.8])
    assert unit(numpy.array([3e300, 4e300])).tolist() == pytest.approx([0.6, 0.8])
    assert unit(numpy.array([0.0, 0.0])) is None
    assert unit(numpy.array([math.nan, 1.0])) is None
    assert unit(numpy.array([math.inf, 1.0])) is None


def test_how_much_words_keep_company_is_reckoned_by_hand():
    """T₁₂ = 3, T₃₄ = 3, T₁₃ = 1: of 14 in all, words 1 and 3 have 4, the other two 3."""
    pieces = [[1, 2]] * 3 + [[3, 4]] * 3 + [[1, 3]]
    found = vectors._information(pieces, numpy.array([1, 2, 3, 4]))
    together = math.log(3 * 14 / (4 * 3))  # ln 3.5 = 1.253
    expected = numpy.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = expected[2, 3] = expected[3, 2] = together
    # Words 1 and 3 stand together less often than by chance: ln (1 · 14 / (4 · 4)) < 0.
    assert found == pytest.approx(expected)


def test_of_a_longer_sentence_each_pair_gets_less():
    """T₁₂ = 1 + ½, T₁₃ = T₂₃ = ½: of 5 in all, words 1 and 2 have 2 each, and word 3 has 1."""
    found = vectors._information([[1, 2], [1, 2, 3], [9], [1, 9]], numpy.array([1, 2, 3]))
    pair, further = math.log(1.5 * 5 / 4), math.log(0.5 * 5 / 2)
    assert found == pytest.approx(
        numpy.array([[0, pair, further], [pair, 0, further], [further, further, 0]])
    )


def test_words_of_the_same_company_come_nearer_than_strangers(of_two):
    known = learned()
    near = {key: text_vector(*text(key), known) for key in range(8)}
    together = similarity(near[GAN], near[NITRIDE])
    assert together > Decimal("0.8")
    assert together > similarity(near[GAN], near[BREAD]) + Decimal("0.5")
    assert similarity(near[GAN], near[OVEN]) < Decimal("0.2")


def test_the_same_texts_under_the_same_number_give_the_same_vectors():
    once, again = learned(), learned()
    assert once.vectors.tobytes() == again.vectors.tobytes()
    turned = learn((tuple(sorted(piece, reverse=True)) for piece in corpus()), seed=1)[1]
    assert turned.tobytes() == once.vectors.tobytes()


def test_another_number_gives_the_same_nearness(of_two):
    known = learned()
    for seed in (2, 3):
        other = learned(seed=seed)
        for one, two in [(GAN, NITRIDE), (GAN, CARBON), (GAN, FLOUR)]:
            first = similarity(text_vector(*text(one), known), text_vector(*text(two), known))
            second = similarity(text_vector(*text(one), other), text_vector(*text(two), other))
            assert abs(first - second) < Decimal("0.02")


@pytest.mark.parametrize(("count", "kept", "spare"), [(12, 3, 32), (60, 6, 32), (90, 5, 20)])
def test_what_is_found_are_the_strongest_directions(count, kept, spare, monkeypatch):
    """Compared with the whole decomposition, which is no trouble where little is given."""
    monkeypatch.setattr(vectors, "DIMENSIONS", kept)
    monkeypatch.setattr(vectors, "SPARE", spare)
    lot = numpy.random.default_rng(7)
    # Words of some subjects, one per direction and of unlike size, and some that stand anywhere.
    sizes = numpy.arange(1, kept + 1)
    subjects = numpy.split(numpy.arange(count), (numpy.cumsum(sizes) * count // sizes.sum())[:-1])
    pieces = [
        {
            *lot.choice(subject, min(3, len(subject)), replace=False).tolist(),
            int(lot.integers(count)),
        }
        for subject in subjects
        for _ in range(40 * len(subject))
    ]
    whole = information(pieces, count)
    table = vectors._information([sorted(piece) for piece in pieces], numpy.arange(count))
    assert table == pytest.approx(whole, abs=1e-4)
    keys, found = learn(pieces, seed=1)
    assert keys.tolist() == list(range(count))
    assert found.shape == (count, kept)
    values, directions = numpy.linalg.eigh(whole)
    rows = directions[:, numpy.argsort(-abs(values))[:kept]]
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    found = found.astype(float)
    assert (found**2).sum(axis=1) == pytest.approx(1, abs=1e-2)
    assert found @ found.T == pytest.approx(rows @ rows.T, abs=2e-2)


def test_words_in_few_sentences_have_no_vector():
    keys, found = learn([{1, 2, 3}] * 4 + [{1, 2}], seed=1)
    assert (keys.tolist(), len(found)) == ([1, 2], 2)
    assert learn([{1, 2, 3}] * 4, seed=1)[0].tolist() == []


def test_of_many_words_the_most_frequent_have_vectors(monkeypatch):
    monkeypatch.setattr(vectors, "MOST_WORDS", 3)
    keys, found = learn([{-4, 1, 2}] * 5 + [{1, 7, 9}] * 6, seed=1)
    assert (keys.tolist(), len(found)) == ([1, 7, 9], 3)
    # Of equally frequent ones those of the lower keys.
    assert learn([{-4, 1, 2, 3}] * 5, seed=1)[0].tolist() == [-4, 1, 2]


def test_of_a_long_sentence_a_part_is_read(monkeypatch):
    monkeypatch.setattr(vectors, "LONGEST_PIECE", 3)
    assert learn([range(10)] * 5, seed=1)[0].tolist() == [0, 2, 5]
    # Not those of the lowest keys, and always the same ones.
    assert learn([range(9, -1, -1)] * 5, seed=2)[0].tolist() == [0, 2, 5]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [([], 0), ([set()] * 9, 0), ([{GAN}], 0), ([{GAN}] * 9, 0), ([{1, 2}] * 9, 2)],
)
def test_from_next_to_nothing_next_to_nothing_is_learned(pieces, words):
    keys, found = learn(pieces, seed=1)
    assert (len(keys), len(found)) == (words, words)
    assert found.shape[1] <= 1
    assert numpy.isfinite(found).all()


def test_words_that_stand_alone_are_learned_without_harm():
    keys, found = learn([{word} for word in range(9) for _ in range(5)], seed=1)
    assert keys.tolist() == list(range(9))
    assert numpy.isfinite(found).all()


weighed = st.dictionaries(st.integers(0, 11), st.integers(1, 30_000), max_size=8)
sentences = st.lists(st.sets(st.integers(0, 11), max_size=8), max_size=12)


@settings(deadline=None, max_examples=60)
@given(sentences, weighed, st.integers(1, 4))
def test_no_vector_ever_holds_anything_but_numbers(pieces, asked, repeated):
    keys, found = learn(pieces * repeated, seed=1)
    assert numpy.isfinite(found).all()
    counts = Counter(word for piece in pieces * repeated for word in piece)
    frequent = sorted(word for word, count in counts.items() if count >= vectors.LEAST_PIECES)
    assert keys.tolist() == (frequent if len(frequent) > 1 else [])
    known = WordVectors(keys, numpy.linspace(0.05, 12, len(keys)), found)
    words = numpy.array(sorted(asked), numpy.int64)
    found = text_vector(words, numpy.array([asked[key] for key in sorted(asked)]), known)
    if found is not None:
        assert numpy.isfinite(found).all()
        assert float((found.astype(float) ** 2).sum()) == pytest.approx(1, abs=1e-5)
        assert 0 <= similarity(found, found) <= 1


@pytest.mark.parametrize(
    ("setting", "source", "place", "model"),
    [
        ("", VectorSource.OWN_TEXT, "", ""),
        ("none", VectorSource.NONE, "", ""),
        ("https://host/v1#bge-m3", VectorSource.ENDPOINT, "https://host/v1", "bge-m3"),
        ("http://127.0.0.1:81/v1/#a/b", VectorSource.ENDPOINT, "http://127.0.0.1:81/v1", "a/b"),
        ("file:///srv/models/chips/", VectorSource.FOLDER, "/srv/models/chips", "chips"),
    ],
)
def test_a_setting_says_where_vectors_come_from(setting, source, place, model):
    assert origin_of(setting) == VectorOrigin(source, place, model)


@pytest.mark.parametrize(
    "setting",
    [
        *(
            "ftp://host/v1#model",
            "https://host/v1",
            "https://key@host/v1#model",
            "model",
            "file://",
        ),
        *("file:///", "file://host/folder", "https://host/v1?key=1#model", "https://[/v1#model"),
        f"https://host/v1#{'m' * 201}",
    ],
)
def test_a_setting_that_says_something_else_is_refused(setting):
    with pytest.raises(Invalid, match="Vectors come from"):
        origin_of(setting)


def test_vectors_from_elsewhere_are_made_as_long_as_one():
    [one, two] = checked([[3, 4], [0, 2.0]], count=2)
    assert (one.tolist(), two.tolist()) == (pytest.approx([0.6, 0.8]), [0.0, 1.0])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], "wrong_count"),
        ([[1, 0], [0, 1], [1, 1]], "wrong_count"),
        ([[1, 0], [1, 0, 0]], "wrong_dimension"),
        ([[1, 0], []], "wrong_dimension"),
        ([[1, 0, 0], [1, 0, 0]], "wrong_dimension"),
        ([[1, 0], [math.nan, 1]], "no_direction"),
        ([[1, 0], [math.inf, 1]], "no_direction"),
        ([[1, 0], [10**400, 1]], "no_direction"),
        ([[1, 0], [0, 0]], "no_direction"),
        ([[1, 0], ["1", 0]], "no_numbers"),
        ([[1, 0], [True, 0]], "no_numbers"),
        ([[1, 0], [None, 0]], "no_numbers"),
        ([[1, 0], "AAAA"], "no_numbers"),
    ],
)
def test_what_is_no_vector_is_not_taken_from_elsewhere(given, code):
    with pytest.raises(Invalid) as error:
        checked(given, count=2, dimensions=2)
    assert error.value.code == code
