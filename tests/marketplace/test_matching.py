"""Tokens, BM25 and the parts of a score, with the numbers of the rule book."""

import math
import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import matching
from marketplace.matching import Part, Terms

HERE = Terms(field="05", region="610100")
ELSEWHERE = Terms(field="06", region="440300")


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
    assert matching.tokens(text) == expected


@given(st.text(max_size=200))
def test_any_text_has_tokens_that_a_column_holds(text: str) -> None:
    assert all(0 < len(token) <= matching.LONGEST_TOKEN for token in matching.tokens(text))


def test_a_text_of_200_kilobytes_is_read() -> None:
    assert matching.weights("题", "电池材料" * 16_000)["电池"] == matching.HEAVIEST


def test_a_word_of_the_title_counts_more_than_one_of_the_body() -> None:
    assert matching.weights("碳化硅", "碳化炉") == {"碳化": 13, "化硅": 10, "化炉": 3}
    assert matching.weights("", "", ["碳化"]) == {"碳化": 3}


def test_rarity_by_hand() -> None:
    assert matching.rarity(10, 1) == pytest.approx(math.log(1 + 9.5 / 1.5))
    assert round(matching.rarity(10, 1), 3) == 1.992
    assert round(matching.rarity(10, 10), 3) == 0.047


def test_saturation_by_hand() -> None:
    assert matching.saturation(10, 20, 20.0) == pytest.approx(1)
    assert matching.saturation(20, 20, 20.0) == pytest.approx(1.375)
    assert matching.saturation(30_000, 20, 20.0) < 2.2


def test_bm25_by_hand() -> None:
    gains = matching.bm25(
        {"碳化": 20, "化硅": 10},
        {"碳化": 10, "外延": 10},
        rarities={"碳化": 1.5, "外延": 1.5},
        mean_length=20.0,
    )
    assert gains == {"碳化": pytest.approx(20 / 30 * 1.5)}


def test_a_longer_need_of_the_same_words_scores_the_same() -> None:
    offer, known = {"a": 10, "b": 10}, {"a": 1.5, "b": 0.5}
    once = matching.bm25({"a": 10, "b": 10}, offer, rarities=known, mean_length=20.0)
    twice = matching.bm25({"a": 20, "b": 20}, offer, rarities=known, mean_length=20.0)
    assert once == twice


def test_the_parts_by_hand() -> None:
    need = Terms(field="05", region="610300")
    reasons = matching.score(HERE, need, gains={"a": 0.75, "b": 0.25}, phrases=["碳化硅"])
    assert [(r.part, str(r.contribution)) for r in reasons] == [
        (Part.TEXT, "1.000000"),
        (Part.FIELD, "0.200000"),
        (Part.REGION, "0.050000"),
    ]
    assert reasons[0].facts == {"terms": ["碳化硅"]}
    assert matching.total(reasons) == Decimal("1.250000")


def test_without_a_shared_word_nothing_else_counts() -> None:
    assert matching.score(HERE, HERE, gains={}) == []


@pytest.mark.parametrize(
    ("offer", "need", "share"),
    [
        ("610100", "610100", "0.100000"),
        ("610113", "610100", "0.100000"),
        ("610000", "610113", "0.100000"),
        ("610113", "610112", "0.050000"),
        ("610100", "440300", None),
    ],
)
def test_regions_are_compared_by_the_tree_of_places(
    offer: str, need: str, share: str | None
) -> None:
    reasons = matching.score(Terms(None, offer), Terms(None, need), gains={"a": 1.0})
    found = [str(r.contribution) for r in reasons if r.part is Part.REGION]
    assert found == ([share] if share else [])


@pytest.mark.parametrize(
    ("offer", "need", "fits"),
    [
        ((100, 200), (150, 300), True),
        ((100, 200), (200, None), True),
        ((100, 200), (201, None), False),
        ((100, None), (None, 99), False),
        ((None, 100), (None, 50), True),
        ((100, None), (50, None), True),
        ((None, None), (None, 50), False),
        ((0, 0), (0, 0), True),
    ],
)
def test_price_ranges_overlap_or_not(
    offer: tuple[int | None, int | None], need: tuple[int | None, int | None], fits: bool
) -> None:
    def terms(low: int | None, high: int | None) -> Terms:
        return Terms(
            None,
            "610100",
            price_from=None if low is None else Decimal(low),
            price_to=None if high is None else Decimal(high),
        )

    reasons = matching.score(terms(*offer), terms(*need), gains={"a": 1.0})
    assert (Part.PRICE in [r.part for r in reasons]) is fits


@pytest.mark.parametrize(
    ("has", "wanted", "meets"), [(6, 6, True), (7, 6, True), (5, 6, False), (None, 6, False)]
)
def test_readiness_meets_what_is_wanted(has: int | None, wanted: int, meets: bool) -> None:
    reasons = matching.score(
        Terms(None, "610100", readiness=has),
        Terms(None, "440300", readiness=wanted),
        gains={"a": 1.0},
    )
    assert (Part.READINESS in [r.part for r in reasons]) is meets


@given(
    st.dictionaries(st.sampled_from(string.ascii_letters), st.floats(0, 20), max_size=20),
    st.sampled_from([HERE, ELSEWHERE]),
)
def test_contributions_add_up_to_the_score_to_the_last_digit(
    gains: dict[str, float], need: Terms
) -> None:
    reasons = matching.score(HERE, need, gains=gains)
    backwards = dict(reversed(gains.items()))
    assert matching.total(reasons) == sum(Decimal(str(r.contribution)) for r in reasons)
    assert matching.score(HERE, need, gains=backwards) == reasons


def test_shared_pairs_grow_together_to_phrases_that_stand_in_both() -> None:
    gains = {"碳化": 1.0, "化硅": 1.0, "外延": 0.5, "led": 0.25}
    assert matching.shared_phrases("碳化硅外延 LED", "LED 用碳化硅的外延片", gains) == [
        "碳化硅",
        "外延",
        "led",
    ]


def test_a_single_shared_character_is_named() -> None:
    assert matching.shared_phrases("铝 合金", "铝 / 铜", {"铝": 1.0}) in ([], ["铝"])
    assert matching.shared_phrases("铝", "铝", {"铝": 1.0}) == ["铝"]


def test_only_the_strongest_phrases_are_named() -> None:
    words = [f"w{i}" for i in range(9)]
    text = " ".join(words)
    gains = {word: float(i) for i, word in enumerate(words)}
    assert matching.shared_phrases(text, text, gains) == ["w8", "w7", "w6", "w5", "w4"]
