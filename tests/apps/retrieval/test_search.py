"""Candidates are the texts that speak most strongly of the words asked, wherever they lie."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.markets.models import Listing
from apps.retrieval import search
from apps.retrieval.actions import segments
from apps.retrieval.models import Segment, Text
from apps.retrieval.search import Candidate, candidates, kept, strengths_of
from marketplace.actors import Actor
from tests.build import retrieval as build
from tests.build.retrieval import KIND

pytestmark = pytest.mark.django_db

#: Words; keys from 0 on are those of single characters.
A, B, C, NOWHERE = -1, -2, -3, -99


@pytest.fixture
def listings(as_agent: Actor, as_reviewer: Actor) -> list[Listing]:
    return build.listings(12, by=as_agent, reviewer=as_reviewer)


def found(asked: Mapping[int, float], limit: int = 400) -> list[Candidate]:
    return [each for texts in candidates(KIND, asked, limit=limit) for each in texts]


def exhaustive(asked: Mapping[int, float]) -> dict[int, float]:
    """Return what every text has of the words asked."""
    sums = {
        text.pk: sum(
            asked[word] * float(strengths_of(kept(weight, text.length)))
            for word, weight in text.read().items()
            if word in asked
        )
        for text in Text.objects.filter(kind=KIND)
    }
    return {pk: total for pk, total in sums.items() if total > 0}


WORDS = st.integers(-11, -1)
ASKED = st.dictionaries(WORDS, st.floats(0.1, 50), min_size=1)
TEXTS = st.lists(st.dictionaries(WORDS, st.integers(1, 90)), min_size=1, max_size=12)
DEEDS = st.lists(st.sampled_from(["", "", "", "seal", "merge", "forget"]), max_size=12)


@settings(max_examples=40)
@given(texts=TEXTS, deeds=DEEDS, asked=ASKED)
def test_what_is_found_is_what_a_slow_computation_finds(listings, texts, deeds, asked) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "FAN", 2)
        patch.setattr(segments, "OF_A_PART", 5)
        patch.setattr(search, "SAMPLE", 4)
        for place, words in enumerate(texts):
            build.texts([listings[place]], [words])
            deed = deeds[place] if place < len(deeds) else ""
            if deed == "seal":
                segments.seal(KIND)
            if deed == "merge":
                segments.merge(KIND)
            if deed == "forget":
                segments.forget(listings[place // 2].pk)
        there = exhaustive(asked)
        told = [each for each in found(asked) if each.text_id in there]
        assert dict(told) == pytest.approx(there, rel=1e-5)
        assert told == sorted(told, key=lambda each: (-each.strength, each.text_id))


def some(listings: Sequence[Listing]) -> list[int]:
    """Index texts of which each later one says more of A and less of B."""
    return build.texts(
        listings,
        [{A: 10 + place, B: 40 - 2 * place} for place in range(len(listings))],
    )


ASKED_OF_SOME = {A: 3.0, B: 1.0, NOWHERE: 7.0}


def test_new_sealed_and_merged_ones_are_found_the_same(
    listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "FAN", 2)
    some(listings)
    new = found(ASKED_OF_SOME)
    assert len(new) == len(listings)
    segments.seal(KIND, most=5)
    assert found(ASKED_OF_SOME) == new
    segments.seal(KIND, most=5)
    assert found(ASKED_OF_SOME) == new
    while segments.merge(KIND):
        assert found(ASKED_OF_SOME) == new
    segments.seal(KIND)
    assert Segment.objects.filter(is_live=True).count() == 2
    assert found(ASKED_OF_SOME) == new


def test_they_come_in_lists_as_they_are_asked_for(listings: list[Listing]) -> None:
    some(listings)
    segments.seal(KIND, most=7)
    whole = found(ASKED_OF_SOME)
    lists = list(candidates(KIND, ASKED_OF_SOME, limit=2))
    assert [len(each) for each in lists] == [2] * 6
    assert [each for texts in lists for each in texts] == whole


def test_those_that_are_not_wanted_are_left_out(listings: list[Listing]) -> None:
    numbers = some(listings)
    segments.seal(KIND, most=7)
    whole = found(ASKED_OF_SOME)
    without = {numbers[0], numbers[-1], whole[1].text_id, 10**6}
    lists = list(candidates(KIND, ASKED_OF_SOME, limit=3, but_not=without))
    assert [each for texts in lists for each in texts] == [
        each for each in whole if each.text_id not in without
    ]
    assert [len(each) for each in lists][:-1] == [3] * (len(lists) - 1)


@pytest.mark.parametrize("asked", [{}, {NOWHERE: 1.0}, {A: 0.0}, {A: -1.0}])
@pytest.mark.parametrize("is_sealed", [True, False])
def test_who_asks_for_nothing_that_is_held_finds_nothing(
    asked: dict[int, float], is_sealed: bool, listings: list[Listing]
) -> None:
    some(listings)
    if is_sealed:
        segments.seal(KIND)
    assert found(asked) == []


def test_a_market_without_texts_and_one_with_a_single_text(listings: list[Listing]) -> None:
    assert found({A: 1.0}) == []
    [number] = build.texts(listings, [{A: 10}])
    for _ in range(2):
        assert found({A: 2.5}) == [(number, 2.5)]
        segments.seal(KIND)


def test_single_characters_find_nobody(listings: list[Listing]) -> None:
    build.texts(listings, [{ord("铝"): 10}, {ord("铝"): 10, A: 10}])
    for _ in range(2):
        assert found({ord("铝"): 1.0}) == []
        assert len(found({A: 1.0})) == 1
        segments.seal(KIND)


def test_a_text_without_words_is_never_found(listings: list[Listing]) -> None:
    build.texts(listings, [{}, {A: 10}])
    assert segments.seal(KIND) == 1
    assert segments.seal(KIND) == 0
    assert len(found({A: 1.0})) == 1


def test_another_kind_is_another_index(listings: list[Listing]) -> None:
    some(listings)
    for _ in range(2):
        assert list(candidates(KIND + 1, ASKED_OF_SOME)) == []
        segments.seal(KIND)


@pytest.mark.parametrize(("name", "most"), [("MOST_POSTINGS", 5), ("MOST_OF_A_WORD", 4)])
def test_of_common_words_only_the_strongest_texts_are_read(
    name: str, most: int, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = some(listings)
    [rare] = build.texts(listings[:1], [{C: 10, B: 2}])
    segments.seal(KIND, most=6)
    segments.seal(KIND)
    monkeypatch.setattr(search, name, most)
    told = found({C: 50.0, B: 1.0})
    # Half of what is read lies in each segment, for each holds half of the texts of the word.
    assert told[0].text_id == rare
    assert {each.text_id for each in told} <= {rare, *numbers[1:4], *numbers[7:10]}
    assert 4 <= len(told) <= 6
    assert found({B: 1.0})[0].text_id == numbers[1]


@pytest.mark.parametrize("is_sealed", [True, False])
def test_of_many_words_only_the_strongest_that_are_held_are_asked(
    is_sealed: bool, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    [first, _, _] = build.texts(listings, [{A: 10}, {B: 10}, {-200: 10}])
    monkeypatch.setattr(search, "STRONGEST", 1)
    if is_sealed:
        segments.seal(KIND)
    unheld = {-100 - place: 50.0 for place in range(20)}
    assert [each.text_id for each in found({A: 9.0, B: 1.0} | unheld)] == [first]
    many = {-300 - place: 50.0 for place in range(search.MOST_WORDS)}
    assert found({A: 9.0, B: 1.0} | many) == []


@pytest.mark.parametrize("span", [1, 3, 5])
def test_segments_that_lie_far_apart_are_added_up_apart(
    span: int, listings: list[Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    some(listings)
    new = found(ASKED_OF_SOME)
    monkeypatch.setattr(search, "SPAN", span)
    monkeypatch.setattr(segments, "SPAN", span)
    monkeypatch.setattr(segments, "FAN", 2)
    while segments.seal(KIND):
        pass
    while segments.merge(KIND):
        pass
    assert all(segment.last - segment.first < span for segment in Segment.objects.all())
    assert found(ASKED_OF_SOME) == new
