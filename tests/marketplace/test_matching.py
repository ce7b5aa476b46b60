"""Scores by hand: every part, every condition, and what would raise a score."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.figures import Figure
from marketplace.funding import FinancingStage
from marketplace.listings import CooperationMode, Engagement, Exclusivity, Market
from marketplace.matching import (
    ADVICE,
    CONDITIONS,
    FINDERS,
    LEAST_SCORE,
    NAMED_CHANGES,
    SUBJECT,
    Condition,
    FundTerms,
    Given,
    Part,
    Profile,
    changes,
    nearness,
    refusals,
    score,
    total,
    weights_on,
)
from marketplace.pools import FundKind, TalentKind

DAY = date(2026, 12, 1)
#: Cosines of 0.25 and 0.4: the words come to 0.625.
GIVEN = Given(
    words=Decimal("0.25"),
    similarity=Decimal("0.4"),
    health=90,
    response=Decimal("0.5"),
    day=DAY,
    phrases=("碳化硅", "衬底"),
)
TECHNOLOGY = weights_on(Market.TECHNOLOGY, DAY)
XIAN, BAOJI = ("610000", "610100"), ("610000", "610300")
YANTA, WEIYANG = (*XIAN, "610113"), (*XIAN, "610112")


def profile(market: Market = Market.TECHNOLOGY, **said: object) -> Profile:
    return Profile(market=market, **said)  # type: ignore[arg-type]


def value(part: Part, offer: Profile, need: Profile, given: Given = GIVEN) -> Decimal:
    return FINDERS[part](offer, need, given).value


@pytest.mark.parametrize("market", Market)
def test_the_points_of_a_market_make_a_hundred(market: Market) -> None:
    weights = weights_on(market, DAY)
    assert sum(weights.points.values()) == 100
    assert weights.subject == SUBJECT[market]
    assert weights.subject <= weights.points.keys()


def test_a_version_of_the_weights_is_found_by_its_name_for_ever() -> None:
    assert weights_on(Market.CAPITAL, date(2099, 1, 1), "2026-1").version == "2026-1"
    with pytest.raises(KeyError):
        weights_on(Market.CAPITAL, DAY, "1999-1")
    with pytest.raises(KeyError):
        weights_on(Market.CAPITAL, date(1999, 1, 1))


def test_a_score_by_hand() -> None:
    reasons = score(profile(regions=(XIAN,)), profile(regions=(YANTA,)), GIVEN, TECHNOLOGY)
    points = TECHNOLOGY.points
    words, vector = points[Part.WORDS] * Decimal("0.625"), points[Part.VECTOR] * Decimal("0.4")
    share = (words + vector) / (points[Part.WORDS] + points[Part.VECTOR])
    assert {reason.part: reason.contribution for reason in reasons} == {
        Part.WORDS: words,
        Part.VECTOR: vector,
        Part.REGION: (points[Part.REGION] * share).quantize(Decimal("0.000001")),
        Part.HEALTH: (points[Part.HEALTH] * share * Decimal("0.9")).quantize(Decimal("0.000001")),
        Part.RESPONSE: (points[Part.RESPONSE] * share / 2).quantize(Decimal("0.000001")),
    }
    assert reasons[0].facts == {"terms": ["碳化硅", "衬底"]}


def test_whom_everything_fits_has_all_the_points() -> None:
    both = profile(
        fields=(("05",),),
        regions=(XIAN,),
        price=(Decimal(1), Decimal(2)),
        readiness=6,
        modes=frozenset({CooperationMode.LICENCE}),
        figures=(Figure("硬度", Decimal(60), None, "HRC"),),
    )
    whole = replace(GIVEN, words=Decimal(1), similarity=Decimal(1), health=100, response=Decimal(1))
    assert total(score(both, both, whole, TECHNOLOGY)) == 100


def test_without_a_common_subject_nothing_else_counts() -> None:
    both = profile(fields=(("05",),), regions=(XIAN,), readiness=5)
    nothing = replace(GIVEN, words=Decimal(0), similarity=None)
    assert score(both, both, nothing, TECHNOLOGY) == []


def test_money_is_matched_by_its_field_too() -> None:
    both = profile(Market.CAPITAL, fields=(("05",),))
    nothing = replace(GIVEN, words=Decimal(0), similarity=None)
    parts = {each.part for each in score(both, both, nothing, weights_on(Market.CAPITAL, DAY))}
    assert Part.FIELD in parts


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (XIAN, XIAN, "1"),
        (XIAN, YANTA, "1"),
        (YANTA, WEIYANG, "0.666667"),
        (XIAN, BAOJI, "0.5"),
        (YANTA, BAOJI, "0.333333"),
        (("05",), ("06", "0601"), "0"),
    ],
)
def test_codes_are_near_by_the_levels_that_they_share(
    one: tuple[str, ...], other: tuple[str, ...], near: str
) -> None:
    assert nearness(one, other) == nearness(other, one) == Decimal(near)


@pytest.mark.parametrize(
    ("part", "offer", "need", "expected"),
    [
        (Part.FIELD, {"fields": (("05",),)}, {}, "0"),
        (Part.FIELD, {"fields": (("05", "0502"),)}, {"fields": (("05", "0503"),)}, "0.5"),
        (Part.DISCIPLINE, {"disciplines": (("430",),)}, {"disciplines": (("430",),)}, "1"),
        (Part.REGION, {"regions": (XIAN,)}, {"regions": (BAOJI,)}, "0.5"),
        (Part.READINESS, {"readiness": 6}, {"readiness": 6}, "1"),
        (Part.READINESS, {"readiness": 9}, {"readiness": 6}, "1"),
        (Part.READINESS, {"readiness": 5}, {"readiness": 6}, "0.666667"),
        (Part.READINESS, {"readiness": 3}, {"readiness": 6}, "0"),
        (Part.READINESS, {}, {"readiness": 6}, "0"),
        (Part.PRICE, {"price": (Decimal(80), None)}, {"price": (None, Decimal(100))}, "1"),
        (Part.PRICE, {"price": (Decimal(120), None)}, {"price": (None, Decimal(100))}, "0.6"),
        (Part.PRICE, {"price": (Decimal(160), None)}, {"price": (None, Decimal(100))}, "0"),
        (Part.PRICE, {"price": (Decimal(1), None)}, {"price": (None, Decimal(0))}, "0"),
        (Part.PRICE, {"price": (None, None)}, {"price": (None, Decimal(100))}, "0"),
        (Part.PRICE, {"price": (Decimal(5), None)}, {"price": (Decimal(3), None)}, "1"),
        (
            Part.COOPERATION,
            {"modes": frozenset({CooperationMode.LICENCE, CooperationMode.EQUITY})},
            {"modes": frozenset({CooperationMode.LICENCE})},
            "1",
        ),
        (
            Part.COOPERATION,
            {"modes": frozenset({CooperationMode.SERVICE})},
            {"modes": frozenset({CooperationMode.LICENCE})},
            "0",
        ),
        (
            Part.ENGAGEMENT,
            {"engagement": Engagement.ADVISER},
            {"engagement": Engagement.PART_TIME},
            "0.5",
        ),
        (
            Part.ENGAGEMENT,
            {"engagement": Engagement.ADVISER},
            {"engagement": Engagement.FULL_TIME},
            "0",
        ),
        (Part.TIME, {"share_of_time": 30}, {"share_of_time": 40}, "0.75"),
        (
            Part.TIME,
            {"share_of_time": 40, "from_day": date(2027, 1, 1)},
            {"share_of_time": 40, "from_day": DAY},
            "0.5",
        ),
        (
            Part.STAGE,
            {"fund": FundTerms(FundKind.EQUITY, stages=frozenset({FinancingStage.ANGEL}))},
            {"stages": frozenset({FinancingStage.ANGEL})},
            "1",
        ),
        (
            Part.STAGE,
            {"stages": frozenset({FinancingStage.SEED})},
            {"stages": frozenset({FinancingStage.ANGEL})},
            "0",
        ),
        (Part.CONDITIONS, {"fund": FundTerms(FundKind.EQUITY)}, {}, "1"),
        (
            Part.CONDITIONS,
            {
                "fund": FundTerms(
                    FundKind.EQUITY,
                    conditions=(
                        {"fact": "readiness", "relation": "at_least", "value": "4"},
                        {"fact": "employees", "relation": "at_most", "value": "500"},
                    ),
                )
            },
            {"facts": {"readiness": 5}},
            "0.5",
        ),
    ],
)
def test_the_value_of_a_part(
    part: Part, offer: dict[str, object], need: dict[str, object], expected: str
) -> None:
    assert value(part, profile(**offer), profile(**need)) == Decimal(expected)


def test_money_fits_where_the_tickets_reach_the_amount() -> None:
    fund = profile(Market.CAPITAL, price=(Decimal(100), Decimal(500)))
    for amount, expected in ((Decimal(300), 1), (Decimal(50), 0), (Decimal(900), 0)):
        assert value(Part.PRICE, fund, profile(Market.CAPITAL, price=(amount, amount))) == expected


def test_figures_are_compared_with_their_units_converted() -> None:
    need = profile(
        figures=(
            Figure("硬度", Decimal(60), None, "HRC"),
            Figure("寿命", Decimal(5000), None, "h"),
            Figure("价格", None, Decimal(3000), "元/吨"),
        )
    )
    offer = profile(
        figures=(
            Figure("硬度", Decimal(62), Decimal(62), "HRC"),
            Figure("寿命", Decimal(300), None, "天"),
        )
    )
    assert value(Part.FIGURES, offer, need) == Decimal("0.666667")


@pytest.mark.parametrize(
    ("condition", "offer", "need"),
    [
        (Condition.BUDGET, {"price": (Decimal(201), None)}, {"price": (None, Decimal(100))}),
        (Condition.READINESS, {"readiness": 3}, {"readiness": 7}),
        (
            Condition.EXCLUSIVITY,
            {"exclusivity": Exclusivity.NON_EXCLUSIVE},
            {"exclusivity": Exclusivity.EXCLUSIVE},
        ),
        (
            Condition.TALENT_KIND,
            {"talent_kind": TalentKind.SCIENTIST},
            {"talent_kind": TalentKind.ENGINEER},
        ),
        (Condition.FUND_KIND, {"fund": FundTerms(FundKind.LOAN)}, {"fund_kind": FundKind.EQUITY}),
        (
            Condition.TICKET,
            {"fund": FundTerms(FundKind.LOAN, tickets=(None, Decimal(10)))},
            {"price": (Decimal(11), None)},
        ),
        (
            Condition.STAGE,
            {"fund": FundTerms(FundKind.LOAN, stages=frozenset({FinancingStage.SEED}))},
            {"stages": frozenset({FinancingStage.MATURE})},
        ),
        (Condition.FUND_OPEN, {"fund": FundTerms(FundKind.LOAN, closes_on=date(2026, 11, 30))}, {}),
        (
            Condition.QUOTA,
            {"fund": FundTerms(FundKind.LOAN, quota=Decimal(5), committed=Decimal(5))},
            {},
        ),
        (
            Condition.QUOTA,
            {"fund": FundTerms(FundKind.LOAN, quota=Decimal(5), committed=Decimal(3))},
            {"price": (Decimal(3), Decimal(4))},
        ),
        (
            Condition.FUND_CONDITIONS,
            {"fund": FundTerms(FundKind.LOAN, regions=frozenset({"610300"}))},
            {"regions": (YANTA,)},
        ),
        (
            Condition.FUND_CONDITIONS,
            {
                "fund": FundTerms(
                    FundKind.LOAN,
                    conditions=({"fact": "readiness", "relation": "at_least", "value": "4"},),
                )
            },
            {"facts": {"readiness": 3}},
        ),
    ],
)
def test_a_condition_that_is_not_met_keeps_them_apart(
    condition: Condition, offer: dict[str, object], need: dict[str, object]
) -> None:
    assert refusals(profile(**offer), profile(**need), DAY) == [condition]


@pytest.mark.parametrize(
    ("offer", "need"),
    [
        ({"price": (Decimal(200), None)}, {"price": (None, Decimal(100))}),
        ({"readiness": 3}, {"readiness": 6}),
        ({"talent_kind": TalentKind.TEAM}, {"talent_kind": TalentKind.ENGINEER}),
        ({"fund": FundTerms(FundKind.LOAN)}, {}),
        ({"fund": FundTerms(FundKind.LOAN, closes_on=DAY)}, {}),
        (
            {"fund": FundTerms(FundKind.LOAN, regions=frozenset({"610100"}))},
            {"regions": (YANTA,)},
        ),
        ({}, {}),
    ],
)
def test_what_is_just_within_the_conditions_is_matched(
    offer: dict[str, object], need: dict[str, object]
) -> None:
    assert refusals(profile(**offer), profile(**need), DAY) == []


def test_every_condition_has_its_sentence() -> None:
    assert CONDITIONS.keys() == set(Condition)
    assert all(part in FINDERS for part in Part)
    assert {part for part, _side in ADVICE} <= set(Part)


def test_what_would_raise_the_score_most_is_named_for_the_side_that_can_do_it() -> None:
    offer = profile(fields=(("05",),))
    need = profile(fields=(("05",),), readiness=6, price=(None, Decimal(100)))
    points = TECHNOLOGY.points
    subject = points[Part.WORDS] * Decimal("0.625") + points[Part.VECTOR] * Decimal("0.4")
    share = subject / TECHNOLOGY.subject_points
    by_offer = changes(offer, need, GIVEN, TECHNOLOGY, of_offer=True)
    assert [(each.part, each.gain) for each in by_offer] == [
        (Part.WORDS, points[Part.WORDS] * Decimal("0.375")),
        (Part.READINESS, (points[Part.READINESS] * share).quantize(Decimal("0.000001"))),
        (Part.PRICE, (points[Part.PRICE] * share).quantize(Decimal("0.000001"))),
    ]
    by_need = changes(offer, need, GIVEN, TECHNOLOGY, of_offer=False)
    assert [each.part for each in by_need] == [Part.WORDS, Part.RESPONSE, Part.HEALTH]
    assert len(by_need) == NAMED_CHANGES


@given(
    words=st.decimals(0, 1, places=6),
    similarity=st.none() | st.decimals(0, 1, places=6),
    health=st.integers(0, 100),
    response=st.decimals(0, 1, places=6),
    readiness=st.integers(1, 9),
    asked=st.decimals(0, 10**9, places=2),
    budget=st.decimals(0, 10**9, places=2),
    market=st.sampled_from(list(Market)),
)
def test_contributions_add_up_and_stay_within_a_hundred(
    words: Decimal,
    similarity: Decimal | None,
    health: int,
    response: Decimal,
    readiness: int,
    asked: Decimal,
    budget: Decimal,
    market: Market,
) -> None:
    offer = profile(market, readiness=readiness, price=(asked, None), fields=(("05", "0501"),))
    need = profile(market, readiness=5, price=(None, budget), fields=(("05", "0502"),))
    given = Given(words, similarity, health, response, DAY)
    reasons = score(offer, need, given, weights_on(market, DAY))
    assert all(reason.contribution > 0 for reason in reasons)
    assert total(reasons) == sum(reason.contribution for reason in reasons) <= 100
    assert LEAST_SCORE > 0
