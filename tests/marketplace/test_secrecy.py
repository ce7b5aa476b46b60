"""Graded secrecy, without a database."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from marketplace.actors import Actor, Role
from marketplace.secrecy import (
    Secrecy,
    Shown,
    band,
    band_of,
    block_faults,
    clearance_faults,
    indicator_faults,
    level_of,
    public_text,
    reads,
    shown_block,
    shown_indicator,
)

OWNER, OTHER = uuid4(), uuid4()
EFFICIENCY = {
    "name": "Efficiency",
    "relation": "equal",
    "value": "38.2",
    "value_to": "",
    "unit": "%",
    "condition": "38.2 % were measured at 25 °C, 10 kW",
    "competing": "Silicon inverters reach 31 %",
    "secrecy": "under_nda",
    "band_from": "",
    "band_to": "",
}

numbers = st.decimals(
    min_value=-(10**15) + 2, max_value=10**15 - 2, allow_nan=False, allow_infinity=False, places=9
)
units = st.sampled_from(["%", "W/kg"])


def indicator(**words: object) -> dict[str, object]:
    return EFFICIENCY | words


def as_(role: Role | None = None, organization=OTHER) -> Actor:
    roles = frozenset({role} if role else ())
    return Actor(user=uuid4(), organization=organization, roles=roles)


def faults(*indicators: dict[str, object]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in indicator_faults(indicators)]


@pytest.mark.parametrize(
    ("by", "level"),
    [
        (as_(organization=OWNER), Secrecy.UNDER_NDA),
        (as_(Role.REVIEWER), Secrecy.UNDER_NDA),
        (as_(Role.ADMINISTRATOR), Secrecy.SIGNED_IN),
        (as_(Role.SECRECY_OFFICER), Secrecy.SIGNED_IN),
        (as_(), Secrecy.SIGNED_IN),
        (as_(organization=None), Secrecy.SIGNED_IN),
        (Actor.anonymous(), Secrecy.PUBLIC),
    ],
)
def test_who_reads_up_to_which_secrecy(by: Actor, level: Secrecy):
    assert level_of(by, OWNER) is level


def test_the_levels_lie_within_each_other():
    assert [reads(Secrecy.SIGNED_IN, each) for each in Secrecy] == [True, True, False]
    assert all(reads(Secrecy.UNDER_NDA, each) for each in Secrecy)


def test_a_whole_indicator_has_no_faults():
    assert faults(indicator()) == []
    assert faults(indicator(relation="between", value="35", value_to="38.2")) == []
    assert faults(indicator(band_from="30", band_to="45")) == []
    assert faults({"name": "A", "relation": "equal", "value": "1", "secrecy": "public"}) == []


@pytest.mark.parametrize(
    ("words", "field", "code"),
    [
        ({"name": " "}, "name", "missing"),
        ({"name": "N" * 81}, "name", "too_long"),
        ({"name": ["a"]}, "name", "no_text"),
        ({"unit": "u" * 21}, "unit", "too_long"),
        ({"condition": "c" * 301}, "condition", "too_long"),
        ({"competing": "c" * 301}, "competing", "too_long"),
        ({"relation": "about"}, "relation", "unknown_word"),
        ({"secrecy": None}, "secrecy", "unknown_word"),
        ({"value": ""}, "value", "missing"),
        ({"value": "about 38"}, "value", "number_form"),
        ({"value": 38.2}, "value", "number_form"),
        ({"value_to": "40"}, "value_to", "second_end"),
        ({"relation": "between"}, "value_to", "missing"),
        ({"relation": "between", "value_to": "35"}, "value_to", "ends_order"),
        ({"relation": "between", "value_to": "38.2"}, "value_to", "ends_order"),
        ({"band_from": "30"}, "band_to", "missing"),
        ({"band_to": "30"}, "band_from", "missing"),
        ({"band_from": "38.2", "band_to": "38.2"}, "band_to", "band_order"),
        ({"band_from": "38.3", "band_to": "40"}, "band_from", "value_outside_band"),
        (
            {"relation": "between", "value_to": "41", "band_from": "30", "band_to": "40"},
            "band_from",
            "value_outside_band",
        ),
        ({"name": "Efficiency ３８.２ %"}, "name", "value_in_name"),
    ],
)
def test_what_is_wrong_with_the_third_indicator(words, field, code):
    whole = indicator()
    assert faults(whole, whole, indicator(**words)) == [(f"indicators.2.{field}", code)]


def test_a_number_within_a_name_is_not_the_value_and_a_public_one_may_be_named():
    assert faults(indicator(name="CO2 capture", value="2")) == []
    assert faults(indicator(name="Efficiency 38.2", secrecy="public")) == []


def test_there_are_forty_indicators_at_most():
    assert faults(*[indicator()] * 40) == []
    assert faults(*[indicator()] * 41) == [("indicators", "too_many")]


def test_a_value_under_nda_is_a_band_to_the_signed_in_and_only_stated_to_the_public():
    assert shown_indicator(indicator(), Secrecy.UNDER_NDA) == indicator(shown=Shown.EXACT)
    assert shown_indicator(indicator(), Secrecy.SIGNED_IN) == {
        "name": "Efficiency",
        "relation": "equal",
        "unit": "%",
        "secrecy": Secrecy.UNDER_NDA,
        "band_from": "35",
        "band_to": "40",
        "shown": Shown.BAND,
    }
    assert shown_indicator(indicator(), Secrecy.PUBLIC) == {
        "name": "Efficiency",
        "unit": "%",
        "secrecy": Secrecy.UNDER_NDA,
        "shown": Shown.STATED,
    }


def test_what_a_reader_may_read_is_shown_wholly():
    for secrecy, level in [("public", Secrecy.PUBLIC), ("signed_in", Secrecy.SIGNED_IN)]:
        shown = shown_indicator(indicator(secrecy=secrecy), level)
        assert (shown["value"], shown["shown"]) == ("38.2", Shown.EXACT)
    shown = shown_indicator(indicator(secrecy="signed_in"), Secrecy.PUBLIC)
    assert shown["shown"] is Shown.STATED


@pytest.mark.parametrize(
    ("value", "unit", "low", "high"),
    [
        ("38.2", "%", "35", "40"),
        ("38.2", "％", "35", "40"),
        ("38.2", "wt%", "35", "40"),
        ("35", "%", "35", "40"),
        ("34.999", "%", "30", "35"),
        ("99.999", "%", "95", "100"),
        ("100", "%", "95", "100"),
        ("100.0", "Per cent", "95", "100"),
        ("100.1", "%", "100", "105"),
        ("0", "%", "0", "5"),
        ("-38.2", "%", "-40", "-35"),
        ("38.2", "W/kg", "20", "50"),
        ("38.2", "%/h", "20", "50"),
        ("38.2", "", "20", "50"),
        ("0.3", "W/kg", "0.2", "0.5"),
        ("1", "W/kg", "1", "2"),
        ("20", "W/kg", "20", "50"),
        ("50", "W/kg", "50", "100"),
        ("99", "W/kg", "50", "100"),
        ("100", "W/kg", "100", "200"),
        ("-38.2", "W/kg", "-50", "-20"),
        ("0", "W/kg", "0", "0.001"),
        ("0.0009", "W/kg", "0", "0.001"),
        ("-0.0009", "W/kg", "-0.001", "0"),
        ("0.001", "W/kg", "0.001", "0.002"),
        ("999999999999999.999999999", "W/kg", "500000000000000", "1000000000000000"),
    ],
)
def test_the_band_of_a_value(value, unit, low, high):
    assert band(Decimal(value), unit) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    ("value", "value_to", "unit", "low", "high"),
    [
        ("22", "38.2", "W/kg", "20", "50"),
        ("18", "38.2", "W/kg", "10", "50"),
        ("35", "40", "%", "35", "45"),
        ("-3", "4", "K", "-5", "5"),
    ],
)
def test_the_band_of_two_ends_is_around_both(value, value_to, unit, low, high):
    given = indicator(relation="between", value=value, value_to=value_to, unit=unit)
    assert band_of(given) == (Decimal(low), Decimal(high))


def test_the_own_band_of_the_owner_comes_first():
    assert band_of(indicator(band_from="30", band_to="45")) == (Decimal(30), Decimal(45))


@given(numbers, units)
def test_a_value_lies_in_its_band(value: Decimal, unit: str):
    low, high = band(value, unit)
    assert low <= value <= high
    assert low < high


@given(numbers, st.decimals(min_value=0, max_value=1, places=9), units)
def test_all_values_of_one_band_look_the_same_to_a_lower_reader(value, share, unit):
    low, high = band(value, unit)
    other = round(low + (high - low) * share, 9)
    assume(band(other, unit) == (low, high))
    one, two = (
        indicator(value=f"{each:f}", unit=unit, condition=str(each)) for each in (value, other)
    )
    for level in (Secrecy.PUBLIC, Secrecy.SIGNED_IN):
        assert shown_indicator(one, level) == shown_indicator(two, level)


@given(numbers, numbers)
def test_the_own_band_hides_every_value_alike(value, other):
    low, high = min(value, other) - 1, max(value, other) + 1
    one, two = (
        indicator(value=f"{each:f}", band_from=f"{low:f}", band_to=f"{high:f}")
        for each in (value, other)
    )
    assert shown_indicator(one, Secrecy.SIGNED_IN) == shown_indicator(two, Secrecy.SIGNED_IN)


@given(numbers, units)
def test_the_inside_of_a_band_is_in_no_other(value: Decimal, unit: str):
    low, high = band(value, unit)
    assert band((low + high) / 2, unit) == (low, high)


PROCESS = {"heading": "Process", "text": "At 1,850 °C", "secrecy": "under_nda"}
USE = {"heading": "Use", "text": "Inverters", "secrecy": "public"}


def test_a_withheld_block_shows_its_heading():
    assert shown_block(PROCESS, Secrecy.SIGNED_IN) == {
        "heading": "Process",
        "secrecy": Secrecy.UNDER_NDA,
        "is_withheld": True,
    }
    assert shown_block(PROCESS, Secrecy.UNDER_NDA) == {**PROCESS, "is_withheld": False}
    assert shown_block(USE, Secrecy.PUBLIC) == {**USE, "is_withheld": False}


def test_a_search_knows_the_public_blocks_only():
    assert public_text([USE, PROCESS]) == "Use\nInverters"
    assert public_text([PROCESS | {"secrecy": "signed_in"}]) == ""


@pytest.mark.parametrize(
    ("words", "field", "code"),
    [
        ({"heading": ""}, "heading", "missing"),
        ({"heading": "H" * 81}, "heading", "too_long"),
        ({"text": None}, "text", "missing"),
        ({"text": "t" * 5001}, "text", "too_long"),
        ({"secrecy": "secret"}, "secrecy", "unknown_word"),
    ],
)
def test_what_is_wrong_with_the_second_block(words, field, code):
    found = block_faults([USE, PROCESS | words])
    assert [(f.field, f.code) for f in found] == [(f"blocks.1.{field}", code)]


def test_there_are_twenty_blocks_at_most():
    assert block_faults([USE] * 20) == []
    assert [f.code for f in block_faults([USE] * 21)] == ["too_many"]


def test_a_declaration_says_that_there_is_no_state_secret_and_who_cleared_it():
    assert clearance_faults(True, "Li Wei") == []
    assert [fault.field for fault in clearance_faults(False, " ")] == [
        "clearance.no_state_secret",
        "clearance.cleared_by",
    ]
    assert [fault.code for fault in clearance_faults(True, "L" * 81)] == ["too_long"]
