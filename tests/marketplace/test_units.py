"""Units as people write them, without a database."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marketplace.units import converted, is_bare, same_kind

LINEAR = (
    ("kg", "万吨", "克", "斤", "lb"),
    ("m", "μm", "英寸", "公里", "毫米"),
    ("亩", "㎡", "公顷", "平方公里", "cm2"),
    ("W/(m·K)", "mW/cm·℃"),
    ("月", "季度", "天", "小时"),
    ("年", "月", "季度"),
    ("MPa", "kgf/cm²", "psi", "mmHg", "巴"),
    ("rpm", "转/秒", "rad/s", "°/s"),
    ("元/吨", "万元/千克"),
    ("%", "‰", "ppm", "", "mg/kg"),
    ("万次", "次", "×10⁴次", "亿次"),
    ("MB/s", "Gbps"),
)
TEMPERATURES = ("℃", "K", "℉", "摄氏度")

values = st.decimals(
    min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=9
)
pairs = st.sampled_from(LINEAR).flatmap(
    lambda units: st.tuples(st.sampled_from(units), st.sampled_from(units))
)
#: Whatever people type, and what the grammar is made of.
texts = st.one_of(
    st.text(max_size=25),
    st.text(alphabet="mgkWKhr万千平方米克时每°CΩμ%102^-+*/·()²³⁻⁶ .", max_size=20),
)


@pytest.mark.parametrize(
    ("value", "unit", "to", "result"),
    [
        ("1.2", "吨", "kg", "1200"),
        ("3", "斤", "克", "1500"),
        ("5", "万吨", "t", "50000"),
        ("12", "μm", "微米", "12"),
        ("1", "um", "纳米", "1000"),
        ("1", "英寸", "毫米", "25.4"),
        ("3", "亩", "平方米", "2000"),
        ("15", "亩", "公顷", "1"),
        ("1", "平方厘米", "mm²", "100"),
        ("1", "万平方米", "㎡", "10000"),
        ("1", "立方厘米", "毫升", "1"),
        ("7.8", "g/cm³", "千克/立方米", "7800"),
        ("1", "mg/L", "克/立方米", "1"),
        ("25", "℃", "K", "298.15"),
        ("25", "摄氏度", "华氏度", "77"),
        ("-40", "℉", "°C", "-40"),
        ("1", "W/(m·K)", "W/m·℃", "1"),
        ("1", "W m-1 K-1", "W/m/K", "1"),
        ("1", "W/m2K", "W/(m²·K)", "1"),
        ("5", "×10⁻⁶/K", "ppm/℃", "5"),
        ("5", "10-6/K", "μm/(m·℃)", "5"),
        ("20", "g/10min", "g/min", "2"),
        ("1", "度电", "kWh", "1"),
        ("1", "亿千瓦时", "GWh", "100"),
        ("3000", "毫安时", "A·h", "3"),
        ("1", "KWH", "kW·h", "1"),
        ("1", "Mpa", "兆帕", "1"),
        ("1", "GPa", "N/mm²", "1000"),
        ("1", "kgf/cm²", "kPa", "98.0665"),
        ("1", "Nm³/h", "标方/小时", "1"),
        ("1", "N·m", "牛米", "1"),
        ("60", "rpm", "转/秒", "1"),
        ("60", "转每分", "r/s", "1"),
        ("1", "米每秒", "km/h", "3.6"),
        ("1", "meters per second", "m/s", "1"),
        ("38", "%", "", "0.38"),
        ("0.38", "", "%", "38"),
        ("1", "wt.%", "‰", "10"),
        ("1", "mg/kg", "ppm", "1"),
        ("3", "万元", "元", "30000"),
        ("1", "亿元/年", "万元/月", "833.3333333333333333333333333333333333333"),
        ("6", "万次", "次", "60000"),
        ("6", "万头/年", "头/月", "5000"),
        ("1", "dB", "分贝", "1"),
        ("1", "GB", "Gb", "8"),
        ("1", "°", "角分", "60"),
        ("62", "HRC", "hrc", "62"),
        ("62", "HV10", "HV10", "62"),
    ],
)
def test_a_number_becomes_one_of_another_unit(value: str, unit: str, to: str, result: str):
    assert converted(Decimal(value), unit, to) == Decimal(result)
    assert same_kind(unit, to)


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        ("W/kg", "℃"),
        ("HRC", "HV"),
        ("HV10", "HV"),
        ("HRC", ""),
        ("次", "个"),
        ("kVA", "kW"),
        ("vol%", "wt%"),
        ("百分点", "%"),
        ("Hz", "rpm"),
        ("°", "rad/s"),
        ("°", "%"),
        # Among Pint's names are constants and what only looks like a word of its own.
        ("time", "h"),
        ("pi", ""),
        ("speed_of_light", "m/s"),
        ("m3", "Nm3"),
        # A degree may be one of an angle, of heat, or a kilowatt hour.
        ("度", "°"),
        ("度", "℃"),
        ("分", "min"),
        ("mw", "MW"),
        ("米/", "米"),
        ("m^99", "m"),
        ("1e3m", "m"),
        ("0m", "m"),
        ("(m", "m"),
        ("m)", "m"),
        ("½", ""),
        ("🙂", "m"),
    ],
)
def test_what_is_of_another_kind_does_not_convert(unit: str, to: str):
    assert converted(Decimal(1), unit, to) is None
    assert converted(Decimal(1), to, unit) is None
    assert not same_kind(unit, to)


def test_calendar_time_is_what_people_mean_by_it():
    assert converted(Decimal(3), "个月", "天") == 90
    assert converted(Decimal(1), "年", "天") == 365
    assert converted(Decimal(1), "年", "h") == 8760
    assert converted(Decimal(1), "年", "个月") == 12
    assert converted(Decimal(1), "季度", "月") == 3


def test_a_step_of_a_temperature_is_no_temperature():
    assert converted(Decimal(5), "℃", "K", is_difference=True) == 5
    assert converted(Decimal(5), "℃", "℉", is_difference=True) == 9
    assert converted(Decimal(60), "℃/min", "K/s") == 1


def test_only_no_unit_is_bare():
    assert [is_bare(unit) for unit in ("", " ", "/", "—", "无")] == [True] * 5
    assert [is_bare(unit) for unit in ("%", "倍", "m", "🙂", "()", "m" * 21)] == [False] * 6


@pytest.mark.parametrize(
    "unit",
    ["", "½", "米/", "🙂", "__import__('os')", "10**10**10", "9^9^9^9^9", "(" * 20, "万" * 20,
     "m" * 10_000, "10**" * 5_000, "\x00", "\ud800", "m\n", "ﷺ" * 20, "^", "/" * 20, "1/0"],
)  # fmt: skip
def test_garbage_is_no_unit_and_does_no_harm(unit: str):
    assert converted(Decimal(1), unit, "kg") is None
    assert converted(Decimal(1), "kg", unit) is None
    assert converted(Decimal(1), unit, unit) == (1 if len(unit) <= 20 else None)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1E+999999"])
def test_what_is_no_number_stays_none(value: str):
    assert converted(Decimal(value), "km", "pm") is None


@given(values, pairs)
def test_there_and_back_is_the_same(value: Decimal, pair: tuple[str, str]):
    there = converted(value, *pair)
    assert there is not None
    back = converted(there, pair[1], pair[0])
    assert back is not None
    assert abs(back - value) <= abs(value) * Decimal("1e-20")


@given(values, st.sampled_from(TEMPERATURES), st.sampled_from(TEMPERATURES))
def test_temperatures_come_back_too(value: Decimal, unit: str, to: str):
    there = converted(value, unit, to)
    assert there is not None
    back = converted(there, to, unit)
    assert back is not None
    assert abs(back - value) <= Decimal("1e-20")


@given(values, values, pairs)
def test_the_larger_number_stays_the_larger(one: Decimal, other: Decimal, pair: tuple[str, str]):
    there = [converted(each, *pair) for each in sorted((one, other))]
    assert None not in there
    assert there == sorted(there)


@given(values, texts, texts)
@example(Decimal(1), "10^99", "m^9")
def test_any_text_converts_to_itself_and_to_others_of_its_kind(
    value: Decimal, one: str, other: str
):
    assert converted(value, one, one) == (value if len(one) <= 20 else None)
    there = converted(value, one, other)
    assert (there is not None) == (same_kind(one, other) and len(one) <= 20)
    assert same_kind(one, other) == same_kind(other, one)
