"""How texts are read, with the numbers of the rule book."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("碳化硅 SiC 衬底的 the", ["碳化", "化硅", "sic", "衬底", "底的"]),
        ("铝", ["铝"]),
        ("的", []),
        ("ＬＥＤ封装", ["led", "封装"]),
        ("高韧性\n  材料", ["高韧", "韧性", "性材", "材料"]),
        ("Deep Learning, 2 nm!", ["deep", "learning", "2", "nm"]),
        ("CBN单晶100目", ["cbn", "单晶", "100", "目"]),
        ("🚀电池🔋", ["电池"]),
        ("", []),
        (" \n\t…—", []),
        ("the of and", []),
        ("x" * 100, ["x" * 40]),
    ],
)
def test_tokens_are_pairs_of_characters_and_words(text: str, expected: list[str]) -> None:
    assert words.tokens(text) == expected


@given(st.text(max_size=200))
def test_any_text_has_tokens_that_a_column_holds(text: str) -> None:
    assert all(0 < len(token) <= words.LONGEST_TOKEN for token in words.tokens(text))


def test_a_text_of_200_kilobytes_is_read() -> None:
    assert words.weights("题", "电池材料" * 16_000)[words.key("电池")] == words.HEAVIEST


def test_a_word_of_the_title_counts_more_than_one_of_the_body_and_characters_count_too() -> None:
    found = words.weights("碳化硅", "碳化炉", ["SiC"])
    named = {"碳化": 13, "化硅": 10, "化炉": 3, "sic": 3}
    assert found == {words.key(token): weight for token, weight in named.items()} | {
        ord("碳"): 13,
        ord("化"): 13,
        ord("硅"): 10,
        ord("炉"): 3,
    }
    assert words.weights("甲" * 10_000, "")[ord("甲")] == words.HEAVIEST


def test_keys_follow_from_the_letters_alone_and_lie_outside_those_of_characters() -> None:
    assert words.key("碳化") == words.key("碳化") != words.key("化碳")
    assert not words.is_character(words.key("铝"))
    assert words.is_character(ord("铝"))


def test_rarity_by_hand() -> None:
    assert words.rarity(10, 1) == pytest.approx(math.log(1 + 9.5 / 1.5))
    assert words.rarity(10, 1) == pytest.approx(1.992, abs=1e-3)
    assert words.rarity(10, 10) == pytest.approx(0.0465, abs=1e-4)


def test_the_rarity_of_a_word_is_the_mean_of_both_sides() -> None:
    known = words.Lexicon(10, 4, {1: (1, 4)})
    assert known.rarity(1) == (words.rarity(10, 1) + words.rarity(4, 4)) / 2
    assert words.Lexicon().rarity(1) == math.log(2)


def test_emphasis_length_and_strength_by_hand() -> None:
    assert [words.emphasis(weight) for weight in (10, 40)] == [0.2, 0.5]
    three, four = 40 * 0.3 / 0.7, 40 * 0.4 / 0.6
    assert words.emphasis(three) == pytest.approx(0.3)  # type: ignore[arg-type]
    assert words.length({1: three, 2: four}) in (500, 501)  # type: ignore[dict-item]
    assert words.strength(10, 500) == pytest.approx(0.4)
    assert words.strength(30_000, words.length({1: 30_000})) <= 1


class Known(words.Lexicon):
    def rarity(self, word: int) -> float:
        return {1: 15.0, 2: 20.0}[word]


def test_likeness_by_hand() -> None:
    one, other = {1: 10, 2: 10}, {2: 10}
    assert words.norm(one, Known()) == pytest.approx(5)
    assert words.norm(other, Known()) == pytest.approx(4)
    value, gains = words.likeness(one, other, Known())
    assert value == Decimal("0.8")
    assert gains == {2: pytest.approx(0.8)}
    assert words.likeness(other, one, Known()) == (value, gains)
    assert words.likeness(one, {}, Known()) == (0, {})
    assert words.likeness({}, {}, Known()) == (0, {})


def test_who_asks_counts_what_is_rare_more_and_characters_not_at_all() -> None:
    known = words.Lexicon(10, 10, {words.key("衬底"): (1, 1), words.key("工艺"): (9, 9)})
    asked = words.asked(words.weights("衬底工艺", ""), known)
    assert asked[words.key("衬底")] > asked[words.key("工艺")]
    assert not any(words.is_character(word) for word in asked)


TEXTS = st.dictionaries(st.integers(-9, 9), st.integers(1, words.HEAVIEST), max_size=12)


@given(TEXTS, TEXTS)
def test_likeness_is_the_same_both_ways_and_at_most_one(
    one: dict[int, int], other: dict[int, int]
) -> None:
    known = words.Lexicon(9, 5, {word: (abs(word), abs(word) // 2) for word in range(-9, 10)})
    value, gains = words.likeness(one, other, known)
    assert words.likeness(other, one, known)[0] == value
    assert 0 <= value <= 1
    assert gains.keys() == one.keys() & other.keys()
    if one:
        assert words.likeness(one, one, known)[0] == 1


def test_a_text_falls_into_its_sentences() -> None:
    first, second = words.pieces("碳化硅。\n 衬底；")
    assert words.key("化硅") in first
    assert words.key("衬底") in second
    assert words.pieces(" 。；\n") == []


def phrases(need: str, offer: str, gains: dict[str, float]) -> list[str]:
    return words.shared_phrases(words.runs(need), words.runs(offer), gains)


def test_shared_pairs_grow_together_to_phrases_that_stand_in_both() -> None:
    gains = {"碳化": 1.0, "化硅": 1.0, "外延": 0.5, "led": 0.25}
    assert phrases("碳化硅外延 LED", "LED 用碳化硅的外延片", gains) == [
        "碳化硅",
        "外延",
        "led",
    ]


def test_a_single_shared_character_is_named() -> None:
    assert phrases("铝 合金", "铝 / 铜", {"铝": 1.0}) in (
        [],
        ["铝"],
    )
    assert phrases("铝", "铝", {"铝": 1.0}) == ["铝"]


def test_only_the_strongest_phrases_are_named() -> None:
    named = [f"w{i}" for i in range(9)]
    text = " ".join(named)
    gains = {word: float(i) for i, word in enumerate(named)}
    assert phrases(text, text, gains) == [
        "w8",
        "w7",
        "w6",
        "w5",
        "w4",
    ]
