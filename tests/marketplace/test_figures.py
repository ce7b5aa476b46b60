"""The figures of a need and of an offer compared, without a database."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.figures import Comparison, Figure, Outcome, compare, figure_of
from marketplace.secrecy import IndicatorRelation, Secrecy, indicator_faults

MET, MISSED, UNKNOWN = Outcome.MET, Outcome.MISSED, Outcome.UNKNOWN


def indicator(text: str, name: str = "硬度", secrecy: str = "public", **words: str):
    """Read "at_least 62 HRC" or "between 22 38.2 W/kg"; the unit may be missing."""
    relation, value, *rest = text.split()
    value_to = rest.pop(0) if relation == "between" else ""
    made = {
        "name": name,
        "relation": relation,
        "value": value,
        "value_to": value_to,
        "unit": rest[0] if rest else "",
        "condition": "",
        "competing": "",
        "secrecy": secrecy,
        "band_from": "",
        "band_to": "",
        **words,
    }
    assert not indicator_faults([made])
    return made


def figure(text: str, name: str = "硬度", **words: str) -> Figure:
    return figure_of(indicator(text, name, **words), Secrecy.SIGNED_IN)


def outcome(wanted: str, given_: str, name: str = "硬度") -> Outcome:
    (found,) = compare([figure(wanted, name)], [figure(given_, name)])
    return found.outcome


def ends(of: Figure) -> tuple[object, object, object]:
    return of.low, of.high, of.play


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("at_least 62 HRC", 62, None),
        ("at_most 5 HRC", None, 5),
        ("equal 62 HRC", 62, 62),
        ("between 2 5 HRC", 2, 5),
    ],
)
def test_what_is_public_has_the_ends_that_it_states(text: str, low: object, high: object):
    assert figure(text) == Figure("硬度", low, high, "HRC")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("at_least 57 HRC", 55, None),
        ("at_most 57 HRC", None, 60),
        ("equal 57 HRC", 55, 60),
        ("between 56 57 HRC", 55, 60),
    ],
)
def test_of_a_secret_only_the_band_is_known(text: str, low: object, high: object):
    secret = indicator(text, secrecy="under_nda", band_from="55", band_to="60")
    assert ends(figure_of(secret, Secrecy.SIGNED_IN)) == (low, high, 5)
    assert figure_of(secret, Secrecy.UNDER_NDA) == figure(text)
    assert ends(figure_of(secret, Secrecy.PUBLIC)) == (None, None, 0)


@pytest.mark.parametrize(
    ("wanted", "given_", "expected"),
    [
        ("at_least 60 HRC", "at_least 62 HRC", MET),
        ("at_least 60 HRC", "equal 60 HRC", MET),
        ("at_least 60 HRC", "equal 55 HRC", MISSED),
        ("at_least 60 HRC", "at_most 55 HRC", MISSED),
        ("at_least 60 HRC", "at_most 60 HRC", UNKNOWN),
        ("at_least 60 HRC", "at_least 55 HRC", UNKNOWN),
        ("at_least 60 HRC", "between 55 65 HRC", UNKNOWN),
        ("at_least 60 HRC", "at_least 700 HV", UNKNOWN),
        ("at_least 60 W/kg", "at_least 60 ℃", UNKNOWN),
        ("at_most 10 HRC", "at_most 5 HRC", MET),
        ("at_most 10 kg", "at_most 5000 g", MET),
        ("at_most 10 kg", "at_least 0.02 吨", MISSED),
        ("equal 50 kW", "equal 50000 W", MET),
        ("equal 50 kW", "at_least 50 kW", UNKNOWN),
        ("between 60 100 ℃", "between 70 80 ℃", MET),
        ("between 60 100 ℃", "equal 350 K", MET),
        ("between 60 100 ℃", "between 70 120 ℃", UNKNOWN),
        ("between 60 100 ℃", "at_least 120 ℃", MISSED),
        ("at_least 5000 h", "equal 8 个月", MET),
        ("at_most 90 天", "equal 3 个月", MET),
        ("at_least 365 天", "equal 1 年", MET),
        ("at_most 77 ℉", "equal 25 ℃", MET),
        ("at_least 7.8 g/cm³", "equal 7850 千克/立方米", MET),
    ],
)
def test_whether_a_figure_is_given(wanted: str, given_: str, expected: Outcome):
    assert outcome(wanted, given_) is expected


def test_a_band_says_only_what_holds_whatever_the_value_is():
    band = {"secrecy": "under_nda", "band_from": "55", "band_to": "60"}
    promise = figure("at_least 57 HRC", **band)
    for wanted, expected in ((54, MET), (55, MET), (56, UNKNOWN), (58, UNKNOWN)):
        (found,) = compare([figure(f"at_least {wanted} HRC")], [promise])
        assert found.outcome is expected
    for given_, expected in ((54, MISSED), (55, UNKNOWN), (58, UNKNOWN), (60, MET)):
        (found,) = compare([promise], [figure(f"equal {given_} HRC")])
        assert found.outcome is expected
    exact = figure("equal 57 HRC", **band)
    for given_, expected in ((54, MISSED), (57, UNKNOWN), (61, MISSED)):
        (found,) = compare([exact], [figure(f"equal {given_} HRC")])
        assert found.outcome is expected


def test_what_is_only_stated_is_never_met():
    stated = figure_of(indicator("equal 57 HRC", secrecy="under_nda"), Secrecy.PUBLIC)
    assert compare([stated], [figure("equal 57 HRC")])[0].outcome is UNKNOWN
    assert compare([figure("equal 57 HRC")], [stated])[0].outcome is UNKNOWN


def test_a_span_is_met_by_one_that_holds_it():
    name = "工作温度范围"
    assert outcome("between -20 60 ℃", "between -40 85 ℃", name) is MET
    assert outcome("between -40 85 ℃", "between -20 60 ℃", name) is UNKNOWN
    assert outcome("between -40 -20 ℃", "between 0 60 ℃", name) is MISSED
    secret = figure("between -20 60 ℃", name, secrecy="under_nda", band_from="-50", band_to="100")
    assert compare([figure("between 0 20 ℃", name)], [secret])[0].outcome is UNKNOWN


def test_a_bare_number_is_a_share_only_up_to_one():
    assert outcome("at_least 95 %", "equal 0.96") is MET
    assert outcome("at_least 0.95", "equal 96 %") is MET
    assert outcome("at_least 95 %", "equal 0.9") is MISSED
    assert outcome("at_least 95 %", "equal 96") is UNKNOWN
    assert outcome("at_least 95", "equal 96 %") is UNKNOWN
    assert outcome("at_least 95", "equal 96") is MET


def test_degrees_of_an_accuracy_are_steps():
    assert outcome("at_most 0.5 K", "equal 0.3 ℃", "控温精度") is MET
    assert outcome("at_most 0.5 K", "equal 0.3 ℃", "温度") is MISSED


@pytest.mark.parametrize(
    ("wanted", "given_"),
    [
        ("硬度", "硬度"),
        ("Energy density", "ENERGY-DENSITY"),
        ("能量密度", "能量密度："),
        ("技术指标：硬度≥", "硬度"),
        ("硬度要求", "硬度参数"),
        ("硬度", "硬度不低于"),
        ("硬度", "表面硬度"),
        ("表面硬度", "硬度"),
        ("硬度（HRC）", "硬度"),
    ],
)
def test_figures_of_one_name_meet(wanted: str, given_: str):
    asked, answer = figure("at_least 60 HRC", wanted), figure("equal 62 HRC", given_)
    other = figure("equal 1 HRC", "别的")
    assert compare([asked], [other, answer]) == [Comparison(asked, answer, MET)]


@pytest.mark.parametrize(
    ("wanted", "given_"),
    [
        ("硬度", "韧性"),
        ("力", "压力"),
        ("rate", "accurate"),
        ("≥", "≤"),
        ("小于10占比", "大于10占比"),
    ],
)
def test_figures_of_other_names_do_not(wanted: str, given_: str):
    asked, answer = figure("at_least 60 N", wanted), figure("equal 62 N", given_)
    assert compare([asked], [answer]) == [Comparison(asked, None, UNKNOWN)]


def test_of_several_that_may_be_meant_none_is():
    asked = figure("at_least 500 MPa", "强度")
    several = [figure("equal 600 MPa", "屈服强度"), figure("equal 700 MPa", "抗拉强度")]
    assert compare([asked], several) == [Comparison(asked, None, UNKNOWN)]
    twice = [figure("equal 600 MPa", "强度"), figure("equal 700 MPa", "强度")]
    assert compare([asked], twice) == [Comparison(asked, None, UNKNOWN)]


def test_the_unit_tells_which_of_one_name_is_meant():
    asked = figure("at_least 200 Wh/kg", "能量密度")
    by_mass, by_volume = (
        figure("equal 250 W·h/kg", "能量密度"),
        figure("equal 600 Wh/L", "能量密度"),
    )
    assert compare([asked], [by_volume, by_mass]) == [Comparison(asked, by_mass, MET)]
    assert compare([asked], [by_volume]) == [Comparison(asked, by_volume, UNKNOWN)]


def test_a_figure_that_another_one_names_is_given_for_that_one_only():
    strength, yield_strength = (figure("at_least 500 MPa", n) for n in ("强度", "屈服强度"))
    answer = figure("equal 450 MPa", "屈服强度")
    assert [each.given for each in compare([strength, yield_strength], [answer])] == [None, answer]
    assert compare([strength], [answer]) == [Comparison(strength, answer, MISSED)]


def test_nothing_wanted_compares_to_nothing():
    assert compare([], [figure("equal 1")]) == []
    assert compare([figure("equal 1")], [])[0].given is None


names = st.one_of(st.sampled_from(["硬度", "表面硬度", "硬度指标", "Range", "≥", ""]), st.text())
units = st.one_of(st.sampled_from(["kg", "g", "℃", "K", "%", "", "HRC", "年"]), st.text())
numbers = st.decimals(min_value=-(10**6), max_value=10**6, allow_nan=False, places=3)
plays = st.decimals(min_value=0, max_value=10**6, allow_nan=False, places=3)
figures = st.builds(
    Figure, names, st.none() | numbers, st.none() | numbers, units, st.just(Decimal(0)) | plays
)


@given(st.lists(figures, max_size=6), st.lists(figures, max_size=6))
def test_comparing_answers_for_each_that_is_wanted(wanted: list[Figure], given_: list[Figure]):
    found = compare(wanted, given_)
    assert [each.wanted for each in found] == wanted
    assert all(each.given is None or each.given in given_ for each in found)
    assert all(each.outcome is UNKNOWN for each in found if each.given is None)


def spans(unit: str):
    """Return figures whose ends are in order."""
    closed = st.tuples(numbers, numbers).map(sorted)
    opened = st.tuples(st.none(), numbers) | st.tuples(numbers, st.none())
    return (closed | opened).map(lambda pair: Figure("硬度", *pair, unit))


@given(spans("kg"), st.sampled_from(["kg", "g", "吨"]).flatmap(spans), plays, plays)
def test_asking_for_more_never_makes_a_missed_figure_met(
    wanted: Figure, given_: Figure, higher: Decimal, lower: Decimal
):
    tighter = replace(
        wanted,
        low=None if wanted.low is None else wanted.low + higher,
        high=None if wanted.high is None else wanted.high - lower,
    )
    before, after = (compare([each], [given_])[0].outcome for each in (wanted, tighter))
    assert before is not MISSED or after is MISSED
    assert after is not MET or before is MET


@given(numbers, numbers, st.sampled_from(IndicatorRelation), st.sampled_from(IndicatorRelation))
def test_what_a_band_says_the_value_says_too(
    asked: Decimal, kept: Decimal, relation: IndicatorRelation, other: IndicatorRelation
):
    def both(value: Decimal, of: IndicatorRelation) -> tuple[Figure, Figure]:
        text = f"{of} {value:f} " + (f"{value + 1:f} " if of == IndicatorRelation.BETWEEN else "")
        secret = indicator(text + "kg", secrecy="under_nda")
        return figure_of(secret, Secrecy.UNDER_NDA), figure_of(secret, Secrecy.SIGNED_IN)

    for wanted in both(asked, relation):
        exact, banded = (compare([wanted], [each])[0].outcome for each in both(kept, other))
        assert banded in (exact, UNKNOWN)
    for given_ in both(kept, other):
        exact, banded = (compare([each], [given_])[0].outcome for each in both(asked, relation))
        assert banded in (exact, UNKNOWN)
