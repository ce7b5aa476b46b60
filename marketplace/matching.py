"""
How well an offer fits a need, and why.

A score is a sum of contributions, 100 at most. First comes the subject: whether both speak of the
same thing, by their words, by their vectors, and where words say little by their field. What else
fits, such as price or region, counts as far as the subject fits: a neighbour with the right price
for something else is no match. And some things cannot be mended by any price: `refusals`.

Every part is a function of two profiles whose worked example stands in its docstring; what a part
counts stands in matching_weights.toml, by market and date.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import auto
from pathlib import Path
from typing import Any

from marketplace.figures import Figure, Outcome, compare
from marketplace.funding import Answer, FinancingStage, is_open, judge, remaining
from marketplace.listings import CooperationMode, Engagement, Exclusivity, Market
from marketplace.pools import FundKind, TalentKind
from marketplace.vocabulary import Term

#: Contributions are exact decimals, so that they add up to the score to the last digit.
STEP = Decimal("0.000001")
#: A match is shown from this score on.
LEAST_SCORE = Decimal(5)
#: How fast growing cosines of words count less: the smaller, the more do small ones count.
SPREAD = Decimal("0.25")
#: How many changes are proposed that would raise a score.
NAMED_CHANGES = 3

#: What a path to a code is: the codes from the top of its list down to it.
Path_ = tuple[str, ...]
Band = tuple[Decimal | None, Decimal | None]


class Part(Term):
    """What a score is made of."""

    WORDS = auto()
    VECTOR = auto()
    FIELD = auto()
    DISCIPLINE = auto()
    READINESS = auto()
    PRICE = auto()
    REGION = auto()
    COOPERATION = auto()
    FIGURES = auto()
    ENGAGEMENT = auto()
    TIME = auto()
    STAGE = auto()
    CONDITIONS = auto()
    HEALTH = auto()
    RESPONSE = auto()


#: Which parts say whether both speak of the same thing; all others count as far as these do.
SUBJECT: Mapping[Market, frozenset[Part]] = {
    Market.TECHNOLOGY: frozenset({Part.WORDS, Part.VECTOR}),
    Market.TALENT: frozenset({Part.WORDS, Part.VECTOR, Part.FIELD, Part.DISCIPLINE}),
    Market.CAPITAL: frozenset({Part.WORDS, Part.VECTOR, Part.FIELD}),
}


class Condition(Term):
    """What keeps an offer and a need apart, whatever else fits."""

    #: Both belong to one organization.
    OTHER_ORGANIZATION = auto()
    #: One of the two organizations is not verified.
    CONFIRMED_IDENTITY = auto()
    #: One side has a dual use, and the other is not vetted to know of it.
    VETTED = auto()
    #: They do not speak of the same thing.
    SUBJECT = auto()
    BUDGET = auto()
    READINESS = auto()
    EXCLUSIVITY = auto()
    TALENT_KIND = auto()
    FUND_KIND = auto()
    TICKET = auto()
    STAGE = auto()
    FUND_OPEN = auto()
    QUOTA = auto()
    FUND_CONDITIONS = auto()


#: Each condition as a sentence about those that it keeps away, the key of its translation.
CONDITIONS: Mapping[Condition, str] = {
    Condition.OTHER_ORGANIZATION: "They are of the same organization.",
    Condition.CONFIRMED_IDENTITY: "The identity of an organization is not confirmed.",
    Condition.VETTED: "An organization is not vetted for dual-use things.",
    Condition.SUBJECT: "They hardly speak of the same thing.",
    Condition.BUDGET: "The least price is more than twice the budget.",
    Condition.READINESS: "The readiness is more than three levels below what is wanted.",
    Condition.EXCLUSIVITY: "An exclusive licence is wanted, and only others are offered.",
    Condition.TALENT_KIND: "Another kind of talent is looked for.",
    Condition.FUND_KIND: "Money is looked for in another form.",
    Condition.TICKET: "The amount lies outside what the fund gives at once.",
    Condition.STAGE: "The fund does not finance this stage.",
    Condition.FUND_OPEN: "The fund takes no applications at present.",
    Condition.QUOTA: "Too little of the quota of the fund is left.",
    Condition.FUND_CONDITIONS: "A condition of the fund is not met.",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part counts in one market, in points; they make 100."""

    version: str
    points: Mapping[Part, Decimal]
    subject: frozenset[Part]

    @property
    def subject_points(self) -> Decimal:
        """Return what the subject counts in all."""
        return sum((self.points[part] for part in self.subject), Decimal(0))


@dataclass(frozen=True, slots=True)
class FundTerms:
    """What of a fund is asked when its money is offered."""

    kind: FundKind
    tickets: Band = (None, None)
    stages: frozenset[FinancingStage] = frozenset()
    #: Codes that it finances, with what lies below them; none means all.
    fields: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    conditions: tuple[Mapping[str, object], ...] = ()
    opens_on: date | None = None
    closes_on: date | None = None
    quota: Decimal | None = None
    committed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    What of a listing is compared: nothing of it is secret, and nothing depends on who looks.

    Codes are paths from the top of their list; amounts are yuan. What is not said is None or empty.
    """

    market: Market
    fields: tuple[Path_, ...] = ()
    disciplines: tuple[Path_, ...] = ()
    regions: tuple[Path_, ...] = ()
    price: Band = (None, None)
    readiness: int | None = None
    modes: frozenset[CooperationMode] = frozenset()
    exclusivity: Exclusivity | None = None
    figures: tuple[Figure, ...] = ()
    talent_kind: TalentKind | None = None
    engagement: Engagement | None = None
    share_of_time: int | None = None
    #: From when on a talent is to be had, or wanted.
    from_day: date | None = None
    fund_kind: FundKind | None = None
    stages: frozenset[FinancingStage] = frozenset()
    fund: FundTerms | None = None
    #: What is known of who asks for money, by the facts of marketplace.funding.
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """What goes into a score and stands in neither listing's words."""

    #: The cosines of their words and of their vectors, 0 to 1 (see marketplace.words, vectors).
    words: Decimal
    similarity: Decimal | None
    #: The health of the listing that is in the worse one, from 0 to 100.
    health: int
    #: How surely both sides answer, from 0 to 1 (see marketplace.standing).
    response: Decimal
    day: date
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """
    How well two sides fit in one respect, from 0 to 1, in English words and what they speak of.

    Where one of the two says nothing, there is no value to find: it counts nothing, and `missing`
    says on which side it could be said.
    """

    value: Decimal
    message: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One contribution to a score, with the English words (the key of their translation) for it."""

    part: Part
    contribution: Decimal
    message: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What one side could do, and by how many points that would raise the score at most."""

    part: Part
    gain: Decimal
    message: str
    facts: Mapping[str, object] = field(default_factory=dict)


SILENT = Finding(Decimal(0))
ONE, NOUGHT = Decimal(1), Decimal(0)


def weights_on(market: Market, day: date, version: str = "") -> Weights:
    """
    Return the weights of a market on a day, or those of a version by name.

    Raise KeyError where no such version is known.
    """
    for found in reversed(_VERSIONS):
        if found["name"] == version or (not version and found["valid_from"] <= day):
            points = {Part(name): Decimal(str(number)) for name, number in found[market].items()}
            return Weights(found["name"], points, SUBJECT[market])
    raise KeyError(version or day)


def score(offer: Profile, need: Profile, given: Given, weights: Weights) -> list[Reason]:
    """
    Return the contributions to the score of an offer for a need; the score is their sum.

    A part of the subject gives its points times its value. The others give that times the share of
    its points that the subject reaches. With 45 points for words of value 0.8 and 15 for a vector
    of value 0.4 the subject has 36 + 6 = 42 of 60 points, a share of 0.7; the same region, of 4
    points and value 1, then gives 2.8. What gives nothing is left out.
    """
    found = {part: FINDERS[part](offer, need, given) for part in weights.points}
    subject = sum((weights.points[part] * found[part].value for part in weights.subject), NOUGHT)
    share = subject / weights.subject_points
    reasons = [
        Reason(part, _points(weights, part, each.value, share), each.message, each.facts)
        for part, each in found.items()
    ]
    return [reason for reason in reasons if reason.contribution > 0]


def total(reasons: Iterable[Reason]) -> Decimal:
    """Return the score that `reasons` add up to."""
    return sum((reason.contribution for reason in reasons), NOUGHT)


def changes(
    offer: Profile, need: Profile, given: Given, weights: Weights, *, of_offer: bool
) -> list[Change]:
    """
    Return what the offering (or the needing) side could change to raise the score, most first.

    A part that side leaves open could give its whole points, and one that falls short what is left
    of them, as far as the subject reaches. At a share of 0.7 an offer that says nothing of its
    readiness (6 points) could gain 4.2.
    """
    found = {part: FINDERS[part](offer, need, given) for part in weights.points}
    subject = sum((weights.points[part] * found[part].value for part in weights.subject), NOUGHT)
    share = subject / weights.subject_points
    side = "offer" if of_offer else "need"
    possible = []
    for part, each in found.items():
        message = ADVICE.get((part, side))
        # Where both say nothing, it helps nobody that one of them does.
        is_open = each.missing in ((), (side,))
        if message is None or not is_open or each.value >= 1:
            continue
        gain = _points(weights, part, ONE - each.value, share)
        if gain > 0:
            possible.append(Change(part, gain, message))
    order = list(Part)
    return sorted(possible, key=lambda each: (-each.gain, order.index(each.part)))[:NAMED_CHANGES]


def refusals(offer: Profile, need: Profile, day: date) -> list[Condition]:
    """
    Return the conditions of their terms that an offer and a need do not meet.

    A budget of 100 and a least price of 201 are more than a factor of two apart; readiness 3 is
    more than three levels below a wanted 7. Who they are is asked elsewhere.
    """
    checks: dict[Condition, bool] = {
        Condition.BUDGET: _is_out_of_budget(offer, need),
        Condition.READINESS: offer.readiness is not None
        and need.readiness is not None
        and offer.readiness < need.readiness - 3,
        Condition.EXCLUSIVITY: need.exclusivity in (Exclusivity.EXCLUSIVE, Exclusivity.SOLE)
        and offer.exclusivity is Exclusivity.NON_EXCLUSIVE,
        Condition.TALENT_KIND: offer.talent_kind is not None
        and need.talent_kind is not None
        and TalentKind.TEAM not in (offer.talent_kind, need.talent_kind)
        and offer.talent_kind is not need.talent_kind,
    }
    if offer.fund is not None:
        checks |= _fund_checks(offer.fund, need, day)
    return [condition for condition, is_refused in checks.items() if is_refused]


# --- the parts ---------------------------------------------------------------------------------


def words_part(_offer: Profile, _need: Profile, given: Given) -> Finding:
    """
    Return how alike their words are: 1.25 c / (c + 0.25) of the cosine c (see `words.likeness`).

    Good matches have small cosines, so these are spread: 0.05 is 0.208333, 0.25 is 0.625, 1 is 1.
    """
    value = _rounded((1 + SPREAD) * given.words / (given.words + SPREAD))
    return Finding(value, "Both speak of {terms}.", {"terms": list(given.phrases)})


def vector_part(_offer: Profile, _need: Profile, given: Given) -> Finding:
    """Return how near their vectors are: see `marketplace.vectors.similarity`."""
    if given.similarity is None:
        return SILENT
    return Finding(given.similarity, "Both are about similar things, also in other words.")


def field_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """Compare the technology fields by `nearness` in their tree: 0502 and 0503 share 05, 0.5."""
    value = _nearest(offer.fields, need.fields)
    if value is None:
        return _silent(offer.fields, need.fields)
    if value == 1:
        return Finding(value, "Both are in the same field of technology.")
    return Finding(value, "Their fields of technology are neighbours.")


def discipline_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """Compare the disciplines by `nearness` in their tree (GB/T 13745)."""
    value = _nearest(offer.disciplines, need.disciplines)
    if value is None:
        return _silent(offer.disciplines, need.disciplines)
    if value == 1:
        return Finding(value, "Both are in the same discipline.")
    return Finding(value, "Their disciplines are neighbours.")


def region_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """
    Compare the regions by `nearness` in their tree (GB/T 2260).

    610113 lies within 610100: 1. 610113 and 610116 share their city: 2 of 3 levels, 0.666667.
    610100 and 610300 share their province: 1 of 2 levels, 0.5.
    """
    value = _nearest(offer.regions, need.regions)
    if value is None:
        return _silent(offer.regions, need.regions)
    if value == 1:
        return Finding(value, "Both are in the same region, or one lies within the other's.")
    return Finding(value, "Their regions are neighbours.")


def readiness_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """
    Compare readiness levels (GB/T 22900): as wanted or above 1, each level below a third less.

    Level 5 where 6 is wanted is 0.666667, level 4 is 0.333333, level 3 is nothing.
    """
    if offer.readiness is None or need.readiness is None:
        return _silent(offer.readiness, need.readiness)
    below = max(need.readiness - offer.readiness, 0)
    return Finding(
        _rounded(max(ONE - Decimal(below) / 3, NOUGHT)),
        "The offer has reached readiness level {has}, and {wanted} is wanted.",
        {"has": offer.readiness, "wanted": need.readiness},
    )


def price_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """
    Compare what is asked with what can be paid.

    Where the least price asked is within the budget it is 1, however much more could be paid. Above
    it, each hundredth of the budget takes two hundredths: 120 asked of a budget of 100 is 0.6. For
    money the tickets of the fund and the amount sought must overlap, or it is 0.
    """
    if None in (_known(offer.price), _known(need.price)):
        return _silent(_known(offer.price), _known(need.price))
    asked, budget = offer.price[0] or NOUGHT, need.price[1]
    if offer.market is Market.CAPITAL:
        if _overlap(offer.price, need.price):
            return Finding(ONE, "The amount that is sought lies within what is given at once.")
        return Finding(NOUGHT)
    if budget is None or asked <= budget:
        return Finding(ONE, "The price asked is within the budget.")
    if budget <= 0:
        return Finding(NOUGHT)
    value = _rounded(max(ONE - 2 * (asked - budget) / budget, NOUGHT))
    return Finding(value, "The price asked is somewhat above the budget.")


def cooperation_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """
    Compare the ways of cooperation: one that both name is enough.

    Licence or transfer offered where a licence is needed is 1, a service where it is not, 0.
    """
    if not offer.modes or not need.modes:
        return _silent(offer.modes, need.modes)
    shared = [mode for mode in CooperationMode if mode in offer.modes & need.modes]
    if not shared:
        return Finding(NOUGHT)
    return Finding(ONE, "Both want it this way: {modes}.", {"modes": shared})


def figures_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """
    Return what share of the figures that are asked for is met; units are converted.

    Of a hardness of 60 HRC at least, a life of 5,000 h at least and a price below 3,000 yuan/t,
    where 62 HRC and 8 months are given and no price, two of three are met: 0.666667.
    """
    if not need.figures or not offer.figures:
        return _silent(offer.figures, need.figures)
    outcomes = compare(need.figures, offer.figures)
    met = [each.wanted.name for each in outcomes if each.outcome is Outcome.MET]
    missed = [each.wanted.name for each in outcomes if each.outcome is Outcome.MISSED]
    value = _rounded(Decimal(len(met)) / len(outcomes))
    if missed:
        return Finding(
            value,
            "Of {wanted} figures asked for these are met: {met}; and these are missed: {missed}.",
            {"wanted": len(outcomes), "met": met, "missed": missed},
        )
    return Finding(
        value,
        "Of {wanted} figures asked for these are met: {met}.",
        {"wanted": len(outcomes), "met": met},
    )


def engagement_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """Compare the ways of working: the same is 1, part of the time in two ways 0.5, else 0."""
    if offer.engagement is None or need.engagement is None:
        return _silent(offer.engagement, need.engagement)
    if offer.engagement is need.engagement:
        return Finding(
            ONE, "Both want to work this way: {engagement}.", {"engagement": offer.engagement}
        )
    if Engagement.FULL_TIME not in (offer.engagement, need.engagement):
        return Finding(Decimal("0.5"), "Both want to work together for a part of the time.")
    return Finding(NOUGHT)


def time_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """
    Compare shares of time: as much as wanted is 1, less in proportion.

    30 of a hundred where 40 are wanted is 0.75. Who is free only after the day wanted gets half.
    """
    if offer.share_of_time is None or need.share_of_time is None:
        return _silent(offer.share_of_time, need.share_of_time)
    value = min(Decimal(offer.share_of_time) / need.share_of_time, ONE)
    is_late = offer.from_day and need.from_day and offer.from_day > need.from_day
    return Finding(
        _rounded(value / 2 if is_late else value),
        "{has} of a hundred of the time can be had, and {wanted} are wanted.",
        {"has": offer.share_of_time, "wanted": need.share_of_time},
    )


def stage_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """Compare the financing stages: one of those financed is 1; a fund without any takes all."""
    stages = offer.stages or (offer.fund.stages if offer.fund else frozenset())
    if not need.stages:
        return Finding(NOUGHT, missing=("need",))
    if not stages:
        return Finding(NOUGHT, missing=("offer",))
    shared = [stage for stage in FinancingStage if stage in stages & need.stages]
    if not shared:
        return Finding(NOUGHT)
    return Finding(ONE, "The fund finances this stage: {stages}.", {"stages": shared})


def conditions_part(offer: Profile, need: Profile, _given: Given) -> Finding:
    """
    Return what share of a fund's conditions is met for sure; one that is unmet refuses it anyway.

    Of four conditions three are met and one is unknown: 0.75. A fund without conditions is open to
    all: 1.
    """
    if offer.fund is None:
        return SILENT
    judged = judge(offer.fund.conditions, need.facts)
    if not judged:
        return Finding(ONE, "The fund sets no conditions.")
    met = sum(each.answer is Answer.MET for each in judged)
    return Finding(
        _rounded(Decimal(met) / len(judged)),
        "Of {all} conditions of the fund {met} are met for sure.",
        {"all": len(judged), "met": met},
        ("need",) if met < len(judged) else (),
    )


def health_part(_offer: Profile, _need: Profile, given: Given) -> Finding:
    """Return the health of the listing that is in the worse one, in hundredths: 85 is 0.85."""
    return Finding(
        _rounded(Decimal(given.health) / 100), "Both sides still stand behind what they wrote."
    )


def response_part(_offer: Profile, _need: Profile, given: Given) -> Finding:
    """Return how surely both sides answer: see `marketplace.standing`."""
    return Finding(given.response, "Both sides answer those who come to them.")


Finder = Callable[[Profile, Profile, Given], Finding]
FINDERS: Mapping[Part, Finder] = {
    Part.WORDS: words_part,
    Part.VECTOR: vector_part,
    Part.FIELD: field_part,
    Part.DISCIPLINE: discipline_part,
    Part.READINESS: readiness_part,
    Part.PRICE: price_part,
    Part.REGION: region_part,
    Part.COOPERATION: cooperation_part,
    Part.FIGURES: figures_part,
    Part.ENGAGEMENT: engagement_part,
    Part.TIME: time_part,
    Part.STAGE: stage_part,
    Part.CONDITIONS: conditions_part,
    Part.HEALTH: health_part,
    Part.RESPONSE: response_part,
}

#: What either side could do about a part, the key of its translation.
ADVICE: Mapping[tuple[Part, str], str] = {
    (Part.WORDS, "offer"): "Say in the title and the text for which object and use it is.",
    (
        Part.WORDS,
        "need",
    ): "Say in the title and the text what the object is and what must be solved.",
    (Part.FIELD, "offer"): "Choose the field of technology that is nearest to its use.",
    (Part.FIELD, "need"): "Choose the field of technology that is nearest to the problem.",
    (Part.DISCIPLINE, "offer"): "State the discipline of the talent.",
    (Part.DISCIPLINE, "need"): "State the discipline that is looked for.",
    (Part.READINESS, "offer"): "State the readiness level, or show that a higher one is reached.",
    (Part.READINESS, "need"): "State from which readiness level on it can be used.",
    (Part.PRICE, "offer"): "State a price range, or begin it lower.",
    (Part.PRICE, "need"): "State the budget, or raise it.",
    (Part.REGION, "offer"): "Offer it in the region of the need too.",
    (Part.COOPERATION, "offer"): "Offer another way of cooperation too.",
    (Part.COOPERATION, "need"): "Accept another way of cooperation too.",
    (Part.FIGURES, "offer"): "State the figures that are asked for, with unit and test condition.",
    (Part.FIGURES, "need"): "State the figures that must be reached, with their units.",
    (Part.ENGAGEMENT, "offer"): "Offer another way of working too.",
    (Part.ENGAGEMENT, "need"): "Accept another way of working too.",
    (Part.TIME, "offer"): "State what share of the time can be had, or offer more of it.",
    (Part.TIME, "need"): "State what share of the time is needed.",
    (Part.STAGE, "offer"): "State which stages are financed.",
    (Part.STAGE, "need"): "State the stage that the firm is in.",
    (Part.CONDITIONS, "need"): "State the facts that the fund asks for.",
    (Part.HEALTH, "offer"): "Confirm that the offer still holds.",
    (Part.HEALTH, "need"): "Confirm that the need still holds.",
    (Part.RESPONSE, "offer"): "Answer those who are interested, and soon.",
    (Part.RESPONSE, "need"): "Answer those who are interested, and soon.",
}


def nearness(one: Path_, other: Path_) -> Decimal:
    """
    Return how near two codes of one tree are: the levels they share of those of the deeper one.

    A code within the other one is as near as it can be:

        (610000, 610100) and (610000, 610100, 610113) → 1
        (610000, 610100) and (610000, 610300) → 0.5
        (05,) and (06, 0601) → 0
    """
    shared = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        shared += 1
    if shared in (len(one), len(other)):
        return ONE
    return _rounded(Decimal(shared) / max(len(one), len(other)))


def _nearest(ones: Sequence[Path_], others: Sequence[Path_]) -> Decimal | None:
    if not ones or not others:
        return None
    return max(nearness(one, other) for one in ones for other in others)


def _silent(offer: object, need: object) -> Finding:
    """Return that nothing is found, for one side or both say nothing."""
    sides = {"offer": offer, "need": need}
    return Finding(NOUGHT, missing=tuple(side for side, said in sides.items() if not said))


def _known(band: Band) -> Band | None:
    return None if band == (None, None) else band


def _overlap(one: Band, other: Band) -> bool:
    """Say whether two bands meet; an open end reaches anywhere."""
    lows = [low for low, _ in (one, other) if low is not None]
    highs = [high for _, high in (one, other) if high is not None]
    return not lows or not highs or max(lows) <= min(highs)


def _is_out_of_budget(offer: Profile, need: Profile) -> bool:
    if offer.market is Market.CAPITAL:
        return False
    asked, budget = offer.price[0], need.price[1]
    return asked is not None and budget is not None and asked > 2 * budget


def _fund_checks(fund: FundTerms, need: Profile, day: date) -> dict[Condition, bool]:
    left = remaining(fund.quota, fund.committed)
    least = max(
        (low for low in (fund.tickets[0], need.price[0]) if low is not None), default=NOUGHT
    )
    return {
        Condition.FUND_KIND: need.fund_kind is not None and need.fund_kind is not fund.kind,
        Condition.TICKET: _known(need.price) is not None and not _overlap(fund.tickets, need.price),
        Condition.STAGE: bool(fund.stages and need.stages and not fund.stages & need.stages),
        Condition.FUND_OPEN: not is_open(fund.opens_on, fund.closes_on, day),
        Condition.QUOTA: left is not None and (left <= 0 or left < least),
        Condition.FUND_CONDITIONS: any(
            each.answer is Answer.UNMET for each in judge(fund.conditions, need.facts)
        )
        or not _is_within(need.fields, fund.fields)
        or not _is_within(need.regions, fund.regions),
    }


def _is_within(paths: Sequence[Path_], limits: frozenset[str]) -> bool:
    """Say whether one of `paths` lies in one of `limits`; where either says nothing, it may."""
    return not paths or not limits or any(not limits.isdisjoint(path) for path in paths)


def _points(weights: Weights, part: Part, value: Decimal, share: Decimal) -> Decimal:
    reach = ONE if part in weights.subject else share
    return _rounded(weights.points[part] * value * reach)


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(STEP, ROUND_HALF_EVEN)


_VERSIONS: Sequence[Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("matching_weights.toml").read_text(encoding="utf-8")
)["version"]
