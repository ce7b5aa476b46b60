"""What is kept of a text, what a search asks for, and what is shown of the hits."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import search
from marketplace.search import Query, highlight, query, tokens

#: Texts of the kind that is searched, and of every other kind.
TEXTS = st.text(
    st.one_of(
        st.sampled_from("碳化硅高温合金涂层镍基的铝ァー、。「」 \t\n\"'\\&|!<>():*^#-./+_Ｃ１９"),
        st.sampled_from(string.ascii_letters + string.digits),
        st.characters(),
    ),
    max_size=300,
)
LEXEME = r"'(?:[^'\\]|''|\\\\)+'"


def kept(title: str = "", body: str = "", *keywords: str) -> list[str]:
    """Return the tokens without their quotation marks."""
    return [token[1:-1] for token in tokens(title, keywords, body).split()]


def finds(asked: str, title: str = "", body: str = "", *keywords: str) -> bool:
    """Answer as PostgreSQL would whether the search finds the text."""
    return holds(query(asked).words, title, body, *keywords)


def holds(expression: str, title: str = "", body: str = "", *keywords: str) -> bool:
    """Answer as PostgreSQL would whether the text has what `expression` asks for."""
    have = kept(title, body, *keywords)

    def judge(match: re.Match[str]) -> str:
        lexeme = match["lexeme"][1:-1]
        if match["prefix"]:
            return str(any(token.startswith(lexeme) for token in have))
        return str(lexeme in have)

    judged = re.sub(rf"(?P<lexeme>{LEXEME})(?P<prefix>:\*)?", judge, expression)
    plain = judged.replace("&", " and ").replace("|", " or ").replace("!", " not ")
    return bool(eval(plain, {"__builtins__": {}}))  # noqa: S307


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("碳化硅", ["化硅", "硅", "碳化"]),
        ("铝", ["铝"]),
        ("", []),
        (" \n…—🚀", []),
        ("高韧性\n  材料", ["性材", "料", "材料", "韧性", "高韧"]),
        ("ＬＥＤ封装", ["led", "封装", "装"]),
        ("C-19", ["19", "c", "c19", "c|19"]),
        ("5G", ["5", "5g", "g"]),
        ("T800-12K", ["12", "12k", "800", "k", "t", "t800", "t80012k", "t800|12k"]),
        ("Deep Learning, 2 nm!", ["2", "2|nm", "deep", "deep|learning", "learning", "nm"]),
        ("it's a \\ 'quote'", ["a", "it", "quote", "s", "s|a"]),
        ("x" * 100, ["x" * search.LONGEST_WORD]),
    ],
)
def test_a_text_is_kept_as_pairs_of_characters_and_words(body: str, expected: list[str]) -> None:
    assert kept(body=body) == sorted(expected)


def test_title_and_keywords_are_kept_twice_once_under_a_mark() -> None:
    assert kept("铝材", "", "5G") == [
        "#5", "#5g", "#g", "5", "5g", "^材", "^铝材", "g", "材", "铝材",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("高温合金", "'高温' & '合金'"),
        ('"高温合金"', "'高温' & '温合' & '合金'"),
        ("“高温合金”", "'高温' & '温合' & '合金'"),
        ("发动机", "'发动' & '动机'"),
        ("镍基合金的涂层", "'镍基' & '基合' & '合金' & '涂层'"),
        ("铝", "'铝':*"),
        ("C-19", "'c19'"),
        ("Ｃ１９", "'c19'"),
        ("coatings 涂层", "'coating':* & '涂层'"),
        ("SiC 5G", "'sic' & '5g'"),
        ("涂层 涂层", "'涂层'"),
        ("的", "'的':*"),
        ('高温"合金', "'高温' & '合金'"),
    ],
)
def test_a_search_asks_for_the_words_of_its_terms(asked: str, words: str) -> None:
    assert query(asked).words == words


@pytest.mark.parametrize("asked", ["", " ", '""', '"', "&|!<->():*'\\", "…—🚀", "\x00", "\ud800"])
def test_a_search_without_a_word_is_empty(asked: str) -> None:
    assert query(asked) == Query("")
    assert query(asked).is_empty
    assert query(asked).tiers == ()


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("铝", "铝"),
        ("铝", "废铝回收"),
        ("铝", "回收铝"),
        ("高温合金", "合金在高温下"),
        ("温合", "高温合金"),
        ("c19", "C-19"),
        ("C-19", "c19"),
        ("19", "C-19"),
        ("T800", "T800-12K"),
        ("7075", "AA7075"),
        ("coatings", "a coating"),
        ("coat", "coatings"),
        ("生物降解", "生物\n降解"),
        ('"finite element"', "Finite Elements"),
        ('"machine learning"', "a machine-learning model"),
        ('"finite element method"', "the finite element method"),
        ('"5G 基站"', "基站 5G"),
    ],
)
def test_what_is_found(asked: str, body: str) -> None:
    assert finds(asked, body=body)


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("铝", "锂"),
        ("高温合金", "高温"),
        ('"高温合金"', "合金 高温"),
        ("C-19", "C-20"),
        ("gas", "gasket"),
        ('"finite element"', "element finite"),
        ('"finite element"', "finite, element"),
        ('"finite element method"', "finite element and methods, finite method"),
    ],
)
def test_what_is_not_found(asked: str, body: str) -> None:
    assert not finds(asked, body=body)


@given(TEXTS, st.data())
def test_no_piece_of_a_text_is_unfindable(text: str, data: st.DataObject) -> None:
    runs = [run for run in re.findall(r"[\u4e00-\u9fff]+", text)]
    if runs:
        run = data.draw(st.sampled_from(runs))
        first = data.draw(st.integers(0, len(run) - 1))
        last = data.draw(st.integers(first + 1, len(run)))
        assert finds(run[first:last], body=text)
        assert finds(f'"{run[first:last]}"', title=text)


def test_better_hits_come_in_earlier_tiers() -> None:
    asked = query("高温合金 涂层")
    texts = [
        ("高温合金涂层", "", ()),
        ("高温下的合金", "", ("涂层",)),
        ("新材料", "高温合金的涂层", ()),
        ("新材料", "合金的高温涂层", ()),
    ]
    for number, (title, body, keywords) in enumerate(texts):
        assert [holds(tier, title, body, *keywords) for tier in asked.tiers] == [
            each == number for each in range(4)
        ]


def test_a_search_of_one_word_has_no_tier_of_pieces() -> None:
    assert len(query("涂层").tiers) == 3


@given(TEXTS, TEXTS, TEXTS)
def test_tiers_part_what_the_words_find(asked: str, title: str, body: str) -> None:
    wanted = query(asked)
    if not wanted.is_empty:
        fits = [holds(tier, title, body) for tier in wanted.tiers]
        assert sum(fits) == finds(asked, title, body)


def test_a_phrase_is_looked_for_without_white_space() -> None:
    assert query('"Finite Element" 合金').phrases == ("finiteelement",)
    assert "finiteelement" in search.squeezed("ＦＩＮＩＴＥ\u3000element")


@given(TEXTS)
def test_any_search_is_one_that_postgresql_reads(text: str) -> None:
    asked = query(text)
    atom = rf"{LEXEME}(?::\*)?"
    assert asked.is_empty or re.fullmatch(rf"{atom}(?: & {atom})*", asked.words)
    assert asked.words.count("&") < search.LONGEST_SEARCH * 2
    for each in asked.tiers:
        assert re.fullmatch(rf"(?:{atom}|[()&|! ])+", each)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=2))
def test_any_text_is_kept_in_a_form_that_postgresql_reads(
    title: str, body: str, keywords: list[str]
) -> None:
    assert re.fullmatch(rf"(?:{LEXEME}(?: {LEXEME})*)?", tokens(title, keywords, body))


@given(st.integers(7, 3000))
def test_few_tokens_are_filled_up(size: int) -> None:
    kept = " ".join(f"'{number:04d}'" for number in range(size // 7))
    filled = search.filled(kept)
    assert filled.startswith(kept)
    assert search.LEAST_KEPT <= len(filled.encode()) < max(search.LEAST_KEPT + 105, size)
    assert re.fullmatch(rf"{LEXEME}(?: {LEXEME})*", filled)
    assert search.filled("") == ""


def test_a_long_search_is_cut() -> None:
    assert query(" ".join(chr(0x4E00 + at) for at in range(90))).words.count(":*") == 16
    assert query("钛" * 100_000).words == "'钛钛'"


def test_a_text_of_200_kilobytes_is_read() -> None:
    text = "".join(chr(0x4E00 + at * 7 % 20_000) for at in range(70_000))
    # PostgreSQL takes 1 MB of lexemes.
    assert len(tokens("", [], text).encode()) < 2**20


def shown(text: str, asked: str, longest: int | None = None) -> str:
    return "".join(
        f"[{words}]" if is_hit else words
        for words, is_hit in highlight(text, query(asked), longest)
    )


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("镍基高温合金", "合金", "镍基高温[合金]"),
        ("高温合金在高温下", "高温合金", "[高温合金]在[高温]下"),
        ("Ｃ-１９ 与 C19、C190", "c19", "[Ｃ-１９] 与 [C19]、C190"),
        ("Coatings and coating", "coatings", "[Coatings] and [coating]"),
        ("生物 降解", "生物降解", "[生物 降解]"),
        ("ﬁnite ㎏", "finite kg", "[ﬁnite] [㎏]"),
        ("没有", "合金", "没有"),
        ("合金", "", "合金"),
        ("", "合金", ""),
        ("<b>合金</b>", "合金", "<b>[合金]</b>"),
    ],
)
def test_hits_are_marked_in_the_text_as_it_was_written(
    text: str, asked: str, expected: str
) -> None:
    assert shown(text, asked) == expected


def test_of_a_long_text_the_stretch_with_most_hits_is_shown() -> None:
    text = "合金" + "甲" * 300 + "高温合金的涂层" + "乙" * 300
    excerpt = shown(text, "高温合金 涂层", 40)
    assert "[高温合金]的[涂层]" in excerpt
    assert excerpt.startswith("…甲")
    assert excerpt.endswith("乙…")
    assert shown(text, "钛", 40) == text[:40] + "…"


@given(TEXTS, TEXTS)
def test_fragments_make_up_the_text(text: str, asked: str) -> None:
    assert "".join(words for words, _ in highlight(text, query(asked), None)) == text
    excerpt = "".join(words for words, _ in highlight(text, query(asked), 50))
    assert excerpt.removeprefix("…").removesuffix("…") in text or "…" in text
    assert len(excerpt) <= 52 or len(text) <= 50
