"""Checks of words and numbers in lists."""

from datetime import date
from decimal import Decimal

import pytest

from marketplace.checks import (
    choice_faults,
    day_of_text,
    number_of,
    plain,
    too_many_at,
    word_faults,
)
from marketplace.secrecy import Secrecy


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("W" * 80, None),
        ("W" * 81, "too_long"),
        (" ", "missing"),
        (None, "missing"),
        (7, "no_text"),
    ],
)
def test_a_needed_text_has_words_and_a_length(name, code):
    found = word_faults({"name": name}, "inventors.0", {"name": 80}, needed=["name"])
    assert [(f.code, f.field) for f in found] == ([(code, "inventors.0.name")] if code else [])


def test_what_is_not_needed_may_be_blank():
    assert word_faults({"name": " "}, "inventors.0", {"name": 80}) == []


@pytest.mark.parametrize("given", ["secret", "", None, 1, ["public"]])
def test_a_word_is_one_of_its_vocabulary(given):
    [fault] = choice_faults(given, "blocks.0.secrecy", Secrecy)
    assert (fault.code, fault.field) == ("unknown_word", "blocks.0.secrecy")
    assert choice_faults("public", "blocks.0.secrecy", Secrecy) == []


@pytest.mark.parametrize(
    "text",
    [
        "1e5",
        "NaN",
        "Infinity",
        "38,2",
        "+1",
        " 1",
        "1\n",
        "１",
        "",
        "1.",
        ".5",
        "1" * 16,
        38.2,
        None,
    ],
)
def test_what_is_not_written_in_digits_is_no_number(text):
    assert number_of(text) is None


def test_a_number_is_not_rounded():
    assert str(number_of("38.20")) == "38.20"
    assert str(number_of("-999999999999999.999999999")) == "-999999999999999.999999999"


@pytest.mark.parametrize(
    ("number", "text"), [("2E+1", "20"), ("0.50", "0.5"), ("-0", "0"), ("-5.0", "-5")]
)
def test_a_number_is_shown_in_digits(number, text):
    assert plain(Decimal(number)) == text


@pytest.mark.parametrize("text", ["2030-02-30", "20301231", "2030-1-1", "2030-W01-1", "", None, 7])
def test_what_is_not_in_the_calendar_is_no_day(text):
    assert day_of_text(text) is None


def test_a_day_is_written_with_the_year_first():
    assert day_of_text("2030-12-31") == date(2030, 12, 31)


def test_a_fault_says_how_many_there_may_be():
    assert str(too_many_at("blocks", 20)) == "At most 20 of these."
