"""Tables that go in and out: their columns, and how cells are read and written."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import exchange
from marketplace.coach import DraftKind
from marketplace.errors import Invalid
from marketplace.exchange import (
    EXAMPLES,
    HEADINGS,
    PLACES,
    POOLS,
    Column,
    Labels,
    columns_of,
    example_of,
    harmless,
    header_of,
    meant,
    read_row,
)
from marketplace.funding import COMPARISONS, TYPES, Fact, FactType, FinancingStage
from marketplace.listings import CooperationMode, words_of_kind
from marketplace.pools import WORDS_OF
from marketplace.rights import RightStatus
from marketplace.secrecy import IndicatorRelation, Secrecy, shown_block, shown_indicator
from marketplace.teams import TeamRole, TitleGrade

LABELS = Labels()
#: Whatever a text can hold that a database and a spreadsheet can hold too.
ANY = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20
)
#: A text without blanks at its ends, as the API keeps it.
TRIMMED = ANY.map(str.strip).filter(bool).map(lambda text: text.replace("\r\n", "\n"))
NUMBER = st.decimals(-9999, 9999, places=3).map(lambda number: f"{number:f}")


def cell(name: str, given: object) -> Any:
    return HEADINGS[name].cell.read(given, LABELS)


def code_of(name: str, given: object) -> str:
    with pytest.raises(Invalid) as error:
        cell(name, given)
    return error.value.code


# --- columns ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(DraftKind))
def test_every_word_of_a_kind_has_its_column_and_no_heading_is_meant_twice(kind):
    words = WORDS_OF[POOLS[kind]] if kind in POOLS else words_of_kind(*PLACES[kind])
    columns = columns_of(kind)
    assert columns[0].key == "external_reference"
    own = {column.key for column in columns if not column.of_project}
    assert own == {word.removeprefix("terms.") for word in words}
    titles = [title for column in columns for title in column.titles()]
    assert len(titles) == len(set(titles))


def test_every_heading_is_one_of_some_kind():
    used = {column.key for kind in DraftKind for column in columns_of(kind)}
    assert used == HEADINGS.keys()
    assert EXAMPLES.keys() <= used


@pytest.mark.parametrize("kind", list(DraftKind))
def test_every_example_can_be_read(kind):
    for column in columns_of(kind):
        example = example_of(column, LABELS)
        if example:
            value = column.cell.read(example, LABELS)
            again = column.cell.write(value, LABELS)
            assert column.cell.read(again, LABELS) == value


def test_headings_are_known_in_chinese_in_english_and_by_key():
    heads = ["外部编号*", "Title *", "body", "地区", None, "VALID UNTIL"]
    columns, faults = header_of(heads, DraftKind.TECHNOLOGY_NEED)
    assert faults == []
    assert [column and column.key for column in columns] == [
        *("external_reference", "title", "body", "region"),
        None,
        "valid_until",
    ]


def test_all_that_is_wrong_with_headings_is_told():
    _columns, faults = header_of(["title", "名称", "colour"], DraftKind.TALENT_NEED)
    assert {(fault.code, fault.field) for fault in faults} == {
        ("repeated_column", "title"),
        ("unknown_column", "colour"),
        ("missing_column", "external_reference"),
        ("missing_column", "body"),
        ("missing_column", "region"),
    }


def test_a_row_tells_all_its_faults_and_what_can_be_read():
    columns = {column.key: column for column in columns_of(DraftKind.TECHNOLOGY_OFFER)}
    given: dict[Column, object] = {
        columns["external_reference"]: "A-1",
        columns["title"]: " ",
        columns["readiness"]: 10,
        columns["price_from"]: "viel",
        columns["valid_until"]: None,
        columns["keywords"]: "钢;铁",
        columns["is_service_invention"]: "",
    }
    words, faults = read_row(given, LABELS)
    assert words == {"external_reference": "A-1", "valid_until": None, "keywords": ["钢", "铁"]}
    assert {(fault.field, fault.code) for fault in faults} == {
        ("title", "missing"),
        ("readiness", "out_of_range"),
        ("price_from", "no_number"),
    }


# --- single things ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("300", "300.00"),
        ("1,234,567.5", "1234567.50"),
        (0.1, "0.10"),
        (1e15 - 1, "999999999999999.00"),
        (250000, "250000.00"),
        (Decimal("999999999999999.99"), "999999999999999.99"),
    ],
)
def test_an_amount_is_exact(given, amount):
    assert str(cell("price_from", given)) == amount


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (0.1 + 0.2, "too_exact"),
        ("0.005", "too_exact"),
        ("-1", "out_of_range"),
        (10**15, "out_of_range"),
        (10**400, "no_number"),
        (float("inf"), "no_number"),
        (float("nan"), "no_number"),
        (True, "no_number"),
        ("1e5", "no_number"),
        ("12 万", "no_number"),
        (date(2027, 1, 1), "no_number"),
        ("1,23", "no_number"),
    ],
)
def test_what_is_no_amount_is_a_fault(given, code):
    assert code_of("price_from", given) == code


@pytest.mark.parametrize("given", [6, 6.0, "6", "6.0", Decimal(6)])
def test_a_whole_number_is_one_however_it_is_kept(given):
    assert cell("readiness", given) == 6
    assert isinstance(cell("readiness", given), int)


@pytest.mark.parametrize(
    "given",
    ["2027-12-31", "2027/12/31", "2027.12.31", date(2027, 12, 31), datetime(2027, 12, 31)],  # noqa: DTZ001
)
def test_a_day_is_a_real_date_or_says_the_year_first(given):
    assert cell("valid_until", given) == date(2027, 12, 31)


@pytest.mark.parametrize(
    "given",
    ["31.12.2027", "2027-02-30", "2027-12/31", 46387, datetime(2027, 12, 31, 8), True],  # noqa: DTZ001
)
def test_what_is_no_day_is_a_fault(given):
    assert code_of("valid_until", given) == "no_day"


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("region", "610100", "610100"),
        ("region", "610100 西安市", "610100"),
        ("region", 610100, "610100"),
        ("region", 610100.0, "610100"),
        ("field", 5, "05"),
        ("field", "11", "11"),
        ("intellectual_property", 201, "0201"),
        ("discipline", "430", "430"),
    ],
)
def test_a_code_may_have_its_title_and_have_lost_its_nought(name, given, code):
    assert cell(name, given) == code


def test_words_of_a_vocabulary_are_known_by_their_label():
    known = Labels(known=lambda kind, text: {"许可": CooperationMode.LICENCE}.get(text))
    modes = HEADINGS["cooperation_modes"].cell
    assert modes.read("licence 许可;许可;Transfer 转让", known) == ["licence", "transfer"]
    assert cell("cooperation_modes", "Licence, transfer") == ["licence", "transfer"]
    assert code_of("cooperation_modes", "loan") == "unknown_word"


@pytest.mark.parametrize(
    ("given", "meaning"), [("是", True), ("NO", False), (True, True), (0, False)]
)
def test_yes_and_no(given, meaning):
    assert cell("is_service_invention", given) is meaning


def test_what_is_no_text_is_a_fault():
    assert code_of("title", True) == "no_text"
    assert code_of("title", date(2027, 1, 1)) == "no_text"
    assert code_of("title", "a\x00b") == "unreadable_text"
    assert code_of("title", "a\ud800") == "unreadable_text"
    assert code_of("title", "题" * 201) == "too_long"
    assert cell("title", 304) == "304"


# --- several things in a cell -----------------------------------------------------------------


def test_an_indicator_is_read_as_it_is_shown_in_the_notes():
    text = "能量密度 | ≥ | 300 | W·h/kg | 25 ℃ 0.5C | 三元锂 260 | public"
    value = cell("indicators", text)
    assert value == [
        {
            "name": "能量密度",
            "relation": "at_least",
            "value": "300",
            "unit": "W·h/kg",
            "condition": "25 ℃ 0.5C",
            "competing": "三元锂 260",
            "secrecy": "public",
        }
    ]
    assert HEADINGS["indicators"].cell.write(value, LABELS) == text


def items(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return lists of things of which any part may be left out."""
    return st.lists(
        st.fixed_dictionaries({}, optional=parts).filter(bool),
        max_size=4,  # type: ignore[arg-type]
    )


@st.composite
def conditions(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for fact in draw(st.lists(st.sampled_from(list(Fact)), max_size=4)):
        values: dict[FactType, st.SearchStrategy[Any]] = {
            FactType.NUMBER: NUMBER,
            FactType.YES_OR_NO: st.booleans(),
            FactType.STAGE: st.lists(st.sampled_from(FinancingStage.values()), min_size=1),
            FactType.CODE: st.lists(st.from_regex(r"[0-9]{2,6}", fullmatch=True), min_size=1),
        }
        kind = TYPES[fact]
        relation = draw(st.sampled_from(COMPARISONS[kind])).value
        found.append({"fact": fact.value, "relation": relation, "value": draw(values[kind])})
    return found


NESTED = {
    "indicators": items(
        name=ANY,
        relation=st.sampled_from(IndicatorRelation.values()),
        unit=ANY,
        condition=ANY,
        competing=ANY,
        secrecy=st.sampled_from(Secrecy.values()),
        value=NUMBER,
    ),
    "blocks": items(heading=ANY, text=ANY, secrecy=st.sampled_from(Secrecy.values())),
    "owners": items(name=ANY, organization=st.uuids().map(str), share=NUMBER),
    "inventors": items(name=ANY, share=NUMBER),
    "employments": items(name=ANY, organization=st.uuids().map(str), share_of_time=NUMBER),
    "members": items(
        name=ANY,
        role=st.sampled_from(TeamRole.values()),
        title=st.sampled_from(TitleGrade.values()),
        talent=st.uuids().map(str),
    ),
    "rights": items(
        kind=st.from_regex(r"[0-9]{2,4}", fullmatch=True),
        number=ANY,
        title=ANY,
        status=st.sampled_from(RightStatus.values()),
        expires_on=st.dates().map(str),
    ),
    "conditions": conditions(),
    "keywords": st.lists(TRIMMED.filter(lambda text: len(text) <= 40), max_size=5),
    "applications": st.lists(TRIMMED, max_size=5),
}


@pytest.mark.parametrize("name", NESTED)
@given(data=st.data())
def test_what_is_written_is_read_again_exactly(name, data):
    value = data.draw(NESTED[name])
    text = HEADINGS[name].cell.write(value, LABELS)
    assert cell(name, meant(harmless(text))) == value if text else value == []


@given(value=NUMBER, value_to=NUMBER, band_from=NUMBER, band_to=NUMBER)
def test_both_ends_are_written_and_read(value, value_to, band_from, band_to):
    indicator = {
        "name": "效率",
        "relation": "between",
        "value": value,
        "value_to": value_to,
        "secrecy": "public",
        "band_from": band_from,
        "band_to": band_to,
    }
    text = HEADINGS["indicators"].cell.write([indicator], LABELS)
    assert cell("indicators", text) == [indicator]


def test_a_line_with_too_many_parts_is_a_fault():
    assert code_of("blocks", "a | b | public | d") == "too_many_parts"
    assert cell("blocks", r"a \| b | c | public")[0]["heading"] == "a | b"


def test_things_may_come_as_json_too():
    given = [{"name": "寿命", "relation": "equal", "value": 3, "secrecy": "public", "unit": None}]
    assert cell("indicators", given) == [
        {"name": "寿命", "relation": "equal", "value": "3", "secrecy": "public"}
    ]
    assert code_of("indicators", [{"colour": "red"}]) == "parts"
    assert code_of("indicators", ["x"]) == "parts"


# --- what is withheld, and what is harmless ---------------------------------------------------


@pytest.mark.parametrize("level", [Secrecy.PUBLIC, Secrecy.SIGNED_IN])
def test_what_is_withheld_is_written_and_cannot_be_taken_for_the_value(level):
    indicator = {
        "name": "效率",
        "relation": "equal",
        "value": "38.2",
        "unit": "%",
        "condition": "AM1.5G 38.2",
        "secrecy": "under_nda",
    }
    shown = exchange.withheld_indicator(shown_indicator(indicator, level))
    text = str(HEADINGS["indicators"].cell.write([shown], LABELS))
    assert "38.2" not in text
    assert ("[35~40]" in text) == (level is Secrecy.SIGNED_IN)
    assert code_of("indicators", text) == "withheld"
    block = {"heading": "工艺", "text": "1850 ℃", "secrecy": "under_nda"}
    line = str(
        HEADINGS["blocks"].cell.write([exchange.withheld_block(shown_block(block, level))], LABELS)
    )
    assert "1850" not in line
    assert code_of("blocks", line) == "withheld"


def test_who_reads_it_all_is_given_it_all():
    indicator = {"name": "效率", "relation": "equal", "value": "38.2", "secrecy": "under_nda"}
    shown = shown_indicator(indicator, Secrecy.UNDER_NDA)
    assert exchange.withheld_indicator(shown) == indicator


@given(st.text("'=+-@\t\r\n＝a轴", max_size=6))
def test_a_harmless_text_is_no_formula_and_is_meant_exactly(text):
    written = harmless(text)
    assert meant(written) == text
    assert written[:1] not in tuple("=+-@\t\r\n＝")


@given(st.integers(0, 4), ANY)
def test_quotes_before_a_formula_stay(count, text):
    given = "'" * count + "=" + text
    assert meant(harmless(given)) == given
