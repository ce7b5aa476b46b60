"""Numbers and rule packs by place and date."""

from datetime import date
from decimal import Decimal
from itertools import combinations

import pytest

from marketplace.errors import Conflict, Invalid
from marketplace.registration.certainty import Certainty
from marketplace.registration.numbers import FORMATS, LENGTH, NumberParts, Part, format_of
from marketplace.registration.packs import CANNOT_TELL, PACKS, TimeUnit, key_for, pack_for

XIAN, SHENZHEN, ZHENGZHOU = "610100", "440300", "410100"
SEPTEMBER = date(2026, 9, 18)


@pytest.mark.parametrize(
    ("region", "parts", "number"),
    [
        (XIAN, NumberParts(2026, "6101", "01", 7), "2026610101000007"),
        (SHENZHEN, NumberParts(2019, "4403", "01", 123456), "4403012019123456"),
    ],
)
def test_the_order_of_the_parts_differs_by_place(
    region: str, parts: NumberParts, number: str
) -> None:
    assert format_of(region).build(parts) == number
    assert format_of(region).parse(number) == parts


def test_every_format_has_each_part_once_and_sixteen_digits() -> None:
    assert LENGTH == 16
    for each in FORMATS.values():
        assert sorted(each.order) == sorted(Part)


def test_serials_run_out_and_do_not_overflow() -> None:
    xian = format_of(XIAN)
    assert xian.build(NumberParts(2026, "6101", "01", 999_999)).endswith("999999")
    for serial in (0, 1_000_000):
        with pytest.raises(Conflict, match="no registration numbers left"):
            xian.build(NumberParts(2026, "6101", "01", serial))


def test_a_part_of_another_width_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no point"):
        format_of(XIAN).build(NumberParts(2026, "6101", "1", 7))


@pytest.mark.parametrize("text", ["", "20266101010000070", "2026610101 00007", "２026610101000007"])
def test_what_has_not_sixteen_digits_is_no_number(text: str) -> None:
    with pytest.raises(Invalid):
        format_of(XIAN).parse(text)


def test_the_pack_is_chosen_by_place_and_date() -> None:
    assert key_for(XIAN, date(2026, 1, 22)) == "national-2000"
    assert key_for(XIAN, date(2026, 1, 23)) == "national-2026"
    assert key_for(ZHENGZHOU, date(2020, 5, 1)) == "henan-2000"


def test_where_nothing_is_known_nobody_guesses() -> None:
    assert key_for(XIAN, date(1999, 12, 31)) == CANNOT_TELL
    assert pack_for(ZHENGZHOU, SEPTEMBER) is None
    assert key_for(ZHENGZHOU, SEPTEMBER) == CANNOT_TELL


@pytest.mark.parametrize(
    ("technical", "disputed", "panel", "days"),
    [
        ("4999999.99", False, False, 15),
        ("5000000.00", False, True, 30),
        ("300000.00", True, True, 30),
    ],
)
def test_experts_are_heard_from_the_threshold_on(
    technical: str, disputed: bool, panel: bool, days: int
) -> None:
    """Worked case 2, by the pack of 2026: the technical amount counts, not the total."""
    pack = pack_for(XIAN, SEPTEMBER)
    assert pack is not None
    assert pack.needs_panel(Decimal(technical), disputed=disputed) is panel
    limit = pack.limit_for(Decimal(technical), disputed=disputed)
    assert (limit.count, limit.unit) == (days, TimeUnit.WORKING_DAY)


def test_before_2026_there_was_no_panel_and_30_days() -> None:
    pack = pack_for(XIAN, date(2025, 6, 1))
    assert pack is not None
    assert not pack.needs_panel(Decimal(10_000_000), disputed=True)
    assert pack.limit_for(Decimal(1)).count == 30
    assert pack.time_limit.certainty is Certainty.FOUND


def test_no_two_packs_of_a_place_hold_on_one_day() -> None:
    assert len({pack.key for pack in PACKS}) == len(PACKS)
    for one, other in combinations(PACKS, 2):
        if one.place == other.place:
            first, second = sorted((one, other), key=lambda pack: pack.valid_from)
            assert first.valid_until is not None
            assert first.valid_until <= second.valid_from
