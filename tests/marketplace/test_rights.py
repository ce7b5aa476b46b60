"""Numbers of intellectual property, how it stands, and shares in it."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import Money
from marketplace.rights import (
    FORMS,
    check_digit,
    has_granted_patent,
    lapsed,
    normalised,
    number_faults,
    right_faults,
    share_faults,
    time_faults,
)

PATENT = {
    "kind": "0201",
    "number": "ZL 2003 1 0102344.5",
    "status": "granted",
    "expires_on": "2025-05-31",
    "title": "Substrate",
}


def codes(found) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in found]


@pytest.mark.parametrize(
    ("digits", "check"),
    [("200310102344", "5"), ("85100001", "0"), ("00000004", "3"), ("00000006", "X")],
)
def test_the_check_digit_is_the_rest_of_the_weighed_sum_by_eleven(digits, check):
    weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]
    rest = sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 11
    assert check_digit(digits) == check == "0123456789X"[rest]


@given(
    st.sampled_from([8, 12]).flatmap(lambda n: st.lists(st.integers(0, 9), min_size=n, max_size=n)),
    st.integers(0, 7),
    st.integers(1, 9),
)
def test_one_wrong_digit_never_has_the_same_check(digits, place, step):
    other = list(digits)
    other[place] = (other[place] + step) % 10
    assert check_digit("".join(map(str, digits))) != check_digit("".join(map(str, other)))


@pytest.mark.parametrize(
    ("given_number", "kept"),
    [
        ("专利号: zl 2003 1 0102344.5", "ZL200310102344.5"),
        ("ＺＬ２００３１０１０２３４４．５", "ZL200310102344.5"),
        ("ZL2003101023445", "ZL200310102344.5"),
        ("申请号：200310102344.5", "200310102344.5"),
        ("851000010", "85100001.0"),
        ("登记号 2023sr1234567", "2023SR1234567"),
        ("pct/cn2023/123456", "PCT/CN2023/123456"),
        ("", ""),
    ],
)
def test_a_number_is_kept_in_one_form(given_number, kept):
    assert normalised(given_number) == kept
    assert normalised(kept) == kept


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("02", "85100001.0"),
        ("0201", "ZL200310102344.5"),
        ("0201", "CN200310102344.5"),
        ("0201", "CN103123456A"),
        ("0201", "PCT/CN2023/123456"),
        ("0201", "PCT/CN03/00123"),
        ("0201", "US10123456B2"),
        ("0201", "EP1234567A1"),
        ("03", "2023SR1234567"),
        ("03", "2010SR012345"),
        ("04", "CNA20150001.1"),
        ("04", "20150001"),
        ("05", "BS.235001234"),
        ("01", ""),
        ("07", "国作登字-2020-F-00123456"),
        ("08", ""),
    ],
)
def test_a_number_that_has_the_form_of_its_kind(kind, number):
    assert number_faults(kind, number) == []


@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("0201", "ZL200310102344.6", "check_digit"),
        ("02", "85100001.X", "check_digit"),
        ("0202", "ZL200310102344.5", "number_form"),
        ("0201", "ZL200310102344", "number_form"),
        ("0201", "2003101023.5", "number_form"),
        ("0201", "PCT/CN2023/12345", "number_form"),
        ("0203", "PCT/CN2023/123456", "number_form"),
        ("0201", "", "missing"),
        ("03", "SR1234567", "number_form"),
        ("04", "CNA2015", "number_form"),
        ("05", "BS235", "number_form"),
        ("07", "<b>1</b>", "number_form"),
        ("01", "1;2", "number_form"),
    ],
)
def test_a_number_that_has_not(kind, number, code):
    assert codes(number_faults(kind, number)) == [("number", code)]


@pytest.mark.parametrize("kind", FORMS)
def test_every_example_has_the_form_that_it_is_an_example_of(kind):
    for form in FORMS[kind]:
        assert number_faults(kind, form.example) == []
        assert normalised(form.example) == form.example


def test_a_list_of_rights_without_faults():
    secret = {"kind": "01", "number": "", "status": "granted", "expires_on": None, "title": "Glaze"}
    assert right_faults([PATENT, secret, secret]) == []
    assert right_faults([]) == []


@pytest.mark.parametrize(
    ("words", "field", "code"),
    [
        ({"number": "ZL200310102344.6"}, "number", "check_digit"),
        ({"number": "ZL2003 1010 2344.5"}, "number", "duplicate"),
        ({"number": "9" * 41}, "number", "too_long"),
        ({"kind": ""}, "kind", "missing"),
        ({"kind": 201}, "kind", "no_text"),
        ({"title": " "}, "title", "missing"),
        ({"status": "valid"}, "status", "unknown_word"),
        ({"expires_on": "2025-02-30"}, "expires_on", "day_form"),
        ({"expires_on": ""}, "expires_on", "day_form"),
    ],
)
def test_what_is_wrong_with_the_second_right(words, field, code):
    second = PATENT | {"number": "85100001.0"} | words
    assert codes(right_faults([PATENT, second])) == [(f"rights.1.{field}", code)]


def test_there_are_a_hundred_rights_at_most():
    assert codes(right_faults([PATENT] * 101)) == [("rights", "too_many")]


def test_a_right_has_lapsed_the_day_after_its_last():
    until_may = PATENT
    given_up = PATENT | {"status": "lapsed", "expires_on": None}
    open_ended = PATENT | {"expires_on": None}
    all_three = [until_may, given_up, open_ended]
    assert lapsed(all_three, date(2025, 5, 31)) == [given_up]
    assert lapsed(all_three, date(2025, 6, 1)) == [until_may, given_up]


def owners(*shares: object) -> list[dict[str, object]]:
    return [{"organization": str(uuid4()), "share": share} for share in shares]


def test_shares_add_up_to_a_hundred_exactly():
    assert share_faults(owners("33.33", "33.33", "33.34"), "owners") == []
    assert share_faults(owners("100"), "owners") == []
    assert share_faults([], "owners") == []
    [fault] = share_faults(owners("33.33", "33.33", "33.33"), "owners")
    assert (fault.field, fault.code) == ("owners", "shares_sum")
    assert str(fault) == "The shares add up to 99.99, and must add up to 100."


@pytest.mark.parametrize(
    ("second", "field", "code"),
    [
        ({"name": "Li Wei", "share": "0"}, "inventors.1.share", "share_form"),
        ({"name": "Li Wei", "share": "-1"}, "inventors.1.share", "share_form"),
        ({"name": "Li Wei", "share": "100.01"}, "inventors.1.share", "share_form"),
        ({"name": "Li Wei", "share": "0.001"}, "inventors.1.share", "share_form"),
        ({"name": "Li Wei", "share": 50}, "inventors.1.share", "number_form"),
        ({"name": "Li Wei", "share": "half"}, "inventors.1.share", "number_form"),
        ({"name": "", "share": "50"}, "inventors.1.name", "missing"),
        ({"name": "L" * 81, "share": "50"}, "inventors.1.name", "too_long"),
        ({"name": "Wang Fang", "share": "50"}, "inventors.1", "duplicate"),
    ],
)
def test_what_is_wrong_with_the_share_of_the_second_inventor(second, field, code):
    first = {"name": "Wang Fang", "share": "50"}
    assert codes(share_faults([first, second], "inventors")) == [(field, code)]


def test_two_inventors_of_one_name_belong_to_different_organizations():
    first, second = (
        {"name": "Wang Fang", "organization": str(uuid4()), "share": "50"} for _ in range(2)
    )
    assert share_faults([first, second], "inventors") == []


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=50))
def test_a_hundred_divided_by_the_largest_remainder_adds_up(weights):
    parts = [part.amount for part in Money(Decimal("100.00")).split(*weights)]
    found = share_faults(owners(*(f"{part:f}" for part in parts)), "owners")
    assert {fault.code for fault in found} == ({"share_form"} if 0 in parts else set())


def test_the_time_of_a_talent_is_a_hundred_at_most():
    def employments(*shares: str) -> list[dict[str, object]]:
        return [
            {"organization": None, "name": f"Firm {i}", "share_of_time": share}
            for i, share in enumerate(shares)
        ]

    assert time_faults(employments("60", "40")) == []
    assert time_faults(employments("60")) == []
    assert codes(time_faults(employments("60", "40.01"))) == [("employments", "shares_sum")]
    assert codes(time_faults(employments("60", "x"))) == [
        ("employments.1.share_of_time", "number_form")
    ]
    assert codes(time_faults(employments(*["1"] * 51))) == [("employments", "too_many")]


def test_a_patent_counts_while_it_is_granted_and_holds():
    patent = {"kind": "0201", "status": "granted", "expires_on": "2043-05-31"}
    assert has_granted_patent([patent], date(2026, 3, 1))
    assert has_granted_patent([{**patent, "expires_on": "2026-03-01"}], date(2026, 3, 1))
    assert not has_granted_patent([{**patent, "expires_on": "2026-02-28"}], date(2026, 3, 1))
    assert not has_granted_patent([{**patent, "status": "applied"}], date(2026, 3, 1))
    assert not has_granted_patent([{**patent, "kind": "03"}], date(2026, 3, 1))
    assert not has_granted_patent([], date(2026, 3, 1))
