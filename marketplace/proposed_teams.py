"""
A proposed team for a project across the markets (四链融合), and what it lacks.

A project needs somebody who needs it, people who carry it on, and money. Here is said who among the
talents found takes which place, what a fund asks that the project meets or not, and which piece is
missing, each with the next step.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import auto
from typing import Any, Generic, TypeVar

from marketplace.funding import Answer, Comparison, Fact, Judgement, judge
from marketplace.pools import Rank, TalentKind
from marketplace.teams import LONGEST, TeamRole, TitleGrade, reaches, rules_on, team_faults
from marketplace.vocabulary import Term

K = TypeVar("K", bound=Hashable)
M = TypeVar("M", bound=Hashable)


#: What a title (职称) says of its grade, the first that stands in it: 副教授 is a 教授 and senior,
#: 助理研究员 is not.
GRADES_BY_WORD: tuple[tuple[str, TitleGrade], ...] = (
    ("正高", TitleGrade.SENIOR),
    ("副高", TitleGrade.SENIOR),
    ("高级", TitleGrade.SENIOR),
    ("助理研究员", TitleGrade.INTERMEDIATE),
    ("助理", TitleGrade.JUNIOR),
    ("助教", TitleGrade.JUNIOR),
    ("实习", TitleGrade.JUNIOR),
    ("技术员", TitleGrade.JUNIOR),
    ("教授", TitleGrade.SENIOR),
    ("研究员", TitleGrade.SENIOR),
    ("院士", TitleGrade.SENIOR),
    ("讲师", TitleGrade.INTERMEDIATE),
    ("工程师", TitleGrade.INTERMEDIATE),
    ("实验师", TitleGrade.INTERMEDIATE),
    ("中级", TitleGrade.INTERMEDIATE),
    ("初级", TitleGrade.JUNIOR),
)
GRADES_BY_RANK: Mapping[Rank, TitleGrade] = {
    Rank.JUNIOR: TitleGrade.JUNIOR,
    Rank.INTERMEDIATE: TitleGrade.INTERMEDIATE,
    Rank.SENIOR: TitleGrade.SENIOR,
}
KIND_OF_ROLE: Mapping[TeamRole, TalentKind] = {
    TeamRole.CHIEF_SCIENTIST: TalentKind.SCIENTIST,
    TeamRole.SCIENTIST: TalentKind.SCIENTIST,
    TeamRole.CHIEF_ENGINEER: TalentKind.ENGINEER,
    TeamRole.ENGINEER: TalentKind.ENGINEER,
    TeamRole.TECHNOLOGY_MANAGER: TalentKind.TECHNOLOGY_MANAGER,
}
ROLES: Mapping[TalentKind, TeamRole] = {
    TalentKind.SCIENTIST: TeamRole.SCIENTIST,
    TalentKind.ENGINEER: TeamRole.ENGINEER,
    TalentKind.TECHNOLOGY_MANAGER: TeamRole.TECHNOLOGY_MANAGER,
}
CHIEFS: Mapping[TalentKind, TeamRole] = {
    TalentKind.SCIENTIST: TeamRole.CHIEF_SCIENTIST,
    TalentKind.ENGINEER: TeamRole.CHIEF_ENGINEER,
}


class Gap(Term):
    """Which piece a project lacks."""

    OFFER = auto()
    NEED = auto()
    SCIENTIST = auto()
    CHIEF_SCIENTIST = auto()
    ENGINEER = auto()
    CHIEF_ENGINEER = auto()
    #: Too few or too many members, or too few engineers among them.
    COMPOSITION = auto()
    MONEY = auto()
    #: It is not known whether it meets all that a fund asks.
    FACTS = auto()


class Source(Term):
    """How the talents of a proposed team were found."""

    #: They match the talent needs of the project.
    MATCHES = auto()
    #: They speak of what the project speaks of.
    WORDS = auto()


@dataclass(frozen=True, slots=True)
class Person(Generic[K]):
    """Somebody among the talents found; the grade of the title is None where it is not known."""

    key: K
    name: str
    kind: TalentKind
    grade: TitleGrade | None = None


@dataclass(frozen=True, slots=True)
class Seat(Generic[K]):
    """Who takes which place in a team."""

    person: Person[K]
    role: TeamRole

    def member(self) -> dict[str, object]:
        """Return it as marketplace.teams reads the members of a team."""
        return {
            "name": self.person.name[: LONGEST["name"]],
            "role": self.role,
            "title": self.person.grade,
        }


@dataclass(frozen=True, slots=True)
class Opening(Generic[K]):
    """A fund, and what of all that it asks a project meets."""

    key: K
    name: str
    judgements: Sequence[Judgement]

    def those(self, answer: Answer) -> list[Judgement]:
        """Return what came to `answer`."""
        return [each for each in self.judgements if each.answer is answer]

    @property
    def answer(self) -> Answer:
        """Return whether it is open to the project: not where anything it asks is unmet."""
        answers = {each.answer for each in self.judgements}
        worst_first = (Answer.UNMET, Answer.UNKNOWN)
        return next((each for each in worst_first if each in answers), Answer.MET)

    @property
    def distance(self) -> tuple[int, int]:
        """Return how far it is from being open: how much is unmet, and how much unknown."""
        return len(self.those(Answer.UNMET)), len(self.those(Answer.UNKNOWN))


@dataclass(frozen=True, slots=True)
class Lack:
    """A missing piece and the next step, in English words that are keys of their translations."""

    gap: Gap
    message: str
    step: str
    facts: Mapping[str, Any] = field(default_factory=dict)


#: What is asked of a firm and not of a project.
OF_FIRMS = (
    *(Fact.REGISTERED_YEARS, Fact.IS_HIGH_TECHNOLOGY, Fact.IS_SMALL_TECHNOLOGY_FIRM),
    *(Fact.ANNUAL_REVENUE, Fact.EMPLOYEES),
)
#: The next step where people are missing, by whether the project has a talent need.
STEPS_TO_PEOPLE: Mapping[bool, str] = {
    False: "Publish a talent need that says whom the project looks for.",
    True: "Let the talent need say more clearly whom the project looks for.",
}
#: The next step where one fact keeps a fund shut.
STEPS_TO_MONEY: Mapping[Fact, str] = {
    Fact.READINESS: "Take it one level further, or show what it has reached, and change the entry.",
    Fact.FIELD: "Look for a fund of its own field, or let a fund know of it.",
    Fact.REGION: "Look for a fund of its own region, or for a partner in that of the fund.",
    Fact.STAGE: "Look for a fund of its own stage, or correct the stage in the capital need.",
    Fact.AMOUNT: "Ask for an amount that the fund gives, or for several parts.",
    Fact.HAS_GRANTED_PATENT: "Enter the patent as granted once it is, or look for a partner's.",
    **dict.fromkeys(OF_FIRMS, "Look for a firm that meets this and carries the project on."),
}


def grade_of(professional_title: str, rank: Rank | None = None) -> TitleGrade | None:
    """
    Return the grade of a title as it is called, or None where it says nothing.

        教授 → senior; 副研究员 → senior; 助理研究员 → intermediate; 高级工程师 → senior;
        工程师 → intermediate; 助理工程师 → junior; 处长 → None

    A rank that stands in a talent's entry comes first.
    """
    if rank is not None:
        return GRADES_BY_RANK[rank]
    return next((grade for word, grade in GRADES_BY_WORD if word in professional_title), None)


def seated(people: Sequence[Person[K]], on: date) -> list[Seat[K]]:
    """
    Return who takes which place, of `people` with the best first, under the rules of a day.

    The first scientist and the first engineer whose titles suffice are the chiefs. Of the others so
    many sit as the rules allow, the best first, but engineers before others as long as they are too
    few. Of a scientist 教授, two engineers 高级工程师 and a technology manager the first engineer
    is chief, and the second sits beside the manager. A chief whom nobody can be is left out.
    """
    rules = rules_on(on)
    seats: list[Seat[K]] = []
    for kind, role in CHIEFS.items():
        able = (p for p in people if p.kind is kind)
        if rules:
            lowest = rules.grades[role]
            able = (p for p in people if p.kind is kind and reaches(p.grade, lowest))
        chief = next(able, None)
        seats += [Seat(chief, role)] if chief else []
    taken = {seat.person.key for seat in seats}
    others = [p for p in people if p.key not in taken and p.kind in ROLES]
    chosen = others[: rules.most] if rules else others
    spare = [p for p in others[len(chosen) :] if p.kind is TalentKind.ENGINEER]
    while rules and spare and _share_of_engineers(chosen) < rules.engineers:
        last = max(i for i, p in enumerate(chosen) if p.kind is not TalentKind.ENGINEER)
        chosen = [*chosen[:last], *chosen[last + 1 :], spare.pop(0)]
    return [*seats, *(Seat(person, ROLES[person.kind]) for person in chosen)]


def asked_by(
    conditions: Iterable[Mapping[str, object]],
    *,
    fields: Sequence[str] = (),
    regions: Sequence[str] = (),
    stages: Sequence[str] = (),
    smallest: Decimal | None = None,
    largest: Decimal | None = None,
    left: Decimal | None = None,
) -> list[Mapping[str, object]]:
    """
    Return all that a fund asks as conditions: those it sets, after those its limits come to.

        fields 05, tickets up to 5,000,000.00 with 800,000.00 left, and readiness at least 4 →
        field under 05, amount at most 800000.00, readiness at least 4
    """
    most = min((each for each in (largest, left) if each is not None), default=None)
    limits: list[tuple[Fact, Comparison, object]] = [
        (Fact.FIELD, Comparison.UNDER, list(fields)),
        (Fact.REGION, Comparison.UNDER, list(regions)),
        (Fact.STAGE, Comparison.ONE_OF, list(stages)),
        (Fact.AMOUNT, Comparison.AT_LEAST, smallest and f"{smallest:f}"),
        (Fact.AMOUNT, Comparison.AT_MOST, None if most is None else f"{most:f}"),
    ]
    found = [
        {"fact": fact.value, "relation": relation.value, "value": value}
        for fact, relation, value in limits
        if value
    ]
    return [*found, *conditions]


def opening(
    key: K, name: str, conditions: Sequence[Mapping[str, object]], facts: Mapping[str, object]
) -> Opening[K]:
    """
    Return what of `conditions` a project of these facts meets.

    Of readiness at least 4 and a granted patent a project of readiness 6 without a patent meets the
    first alone: the fund is one condition away from being open to it.
    """
    return Opening(key, name, judge(conditions, facts))


def lacks(
    *,
    offers: int,
    needs: int | None,
    seats: Sequence[Seat[K]],
    openings: Sequence[Opening[M]],
    has_talent_need: bool,
    on: date,
) -> list[Lack]:
    """
    Return which pieces are missing, in the order of the chain: needs, people, money.

    `offers` says how often the project is on offer, and `needs` how many needs it answers, or is
    None for a reader who may not know. With one offer and no need, a senior scientist alone and a
    fund that is one condition away, there is no need, no engineer, too few members, and no money.
    """
    return [
        *_lacks_of_needs(offers, needs),
        *_lacks_of_people(seats, has_talent_need, on),
        *_lacks_of_money(openings),
    ]


def _lacks_of_needs(offers: int, needs: int | None) -> list[Lack]:
    if offers == 0:
        return [
            Lack(
                Gap.OFFER,
                "The project is not on offer in the technology market.",
                "Publish an offer of it, so that those who need it find it.",
            )
        ]
    if needs == 0:
        return [
            Lack(
                Gap.NEED,
                "No need on the market is answered by the project.",
                "Look at what keeps needs away from its offer, and say there what it is used for.",
            )
        ]
    return []


def _lacks_of_people(seats: Sequence[Seat[K]], has_talent_need: bool, on: date) -> list[Lack]:
    step = STEPS_TO_PEOPLE[has_talent_need]
    kinds = {seat.person.kind for seat in seats}
    roles = {seat.role for seat in seats}
    found = []
    if TalentKind.SCIENTIST not in kinds:
        found.append(Lack(Gap.SCIENTIST, "Among the talents found is no scientist.", step))
    elif TeamRole.CHIEF_SCIENTIST not in roles:
        found.append(
            Lack(
                Gap.CHIEF_SCIENTIST,
                "No scientist among the talents found has a title that makes a chief scientist.",
                step,
            )
        )
    if TalentKind.ENGINEER not in kinds:
        found.append(Lack(Gap.ENGINEER, "Among the talents found is no engineer.", step))
    elif TeamRole.CHIEF_ENGINEER not in roles:
        found.append(
            Lack(
                Gap.CHIEF_ENGINEER,
                "No engineer among the talents found has a title that makes a chief engineer.",
                step,
            )
        )
    # What the rules say of the chiefs is said above already, more clearly.
    faults = team_faults([seat.member() for seat in seats], on=on) or []
    found += [
        Lack(Gap.COMPOSITION, fault.message, step, fault.facts)
        for fault in faults
        if fault.code in ("team_size", "too_few_engineers")
    ]
    return found


def _lacks_of_money(openings: Sequence[Opening[K]]) -> list[Lack]:
    """Return what stands between the project and the fund that is nearest to being open to it."""
    if not openings:
        return [
            Lack(
                Gap.MONEY,
                "No fund takes applications at present.",
                "Publish a capital need, so that funds find the project once they open.",
            )
        ]
    nearest = min(openings, key=lambda each: each.distance)
    unmet, unknown = nearest.those(Answer.UNMET), nearest.those(Answer.UNKNOWN)
    if nearest.answer is Answer.MET:
        return []
    if not unmet:
        return [
            Lack(
                Gap.FACTS,
                "Of no fund is it known that the project meets all it asks; nearest is {fund}, "
                "which also asks for this: {asked}.",
                "Say it in the project or in its capital need, or ask the fund.",
                {"fund": nearest.name, "asked": list(dict.fromkeys(_facts_of(unknown)))},
            )
        ]
    if len(unmet) == 1:
        [fact] = _facts_of(unmet)
        return [
            Lack(
                Gap.MONEY,
                "No fund is open to the project; this one condition stands between it and {fund}: "
                "{condition}",
                STEPS_TO_MONEY[fact],
                {"fund": nearest.name, "condition": unmet[0]},
            )
        ]
    return [
        Lack(
            Gap.MONEY,
            "No fund is open to the project; {fund}, the nearest, asks for {count} things that it "
            "does not meet.",
            "Look at the conditions of that fund one by one.",
            {"fund": nearest.name, "count": len(unmet)},
        )
    ]


def _facts_of(judgements: Iterable[Judgement]) -> list[Fact]:
    return [Fact(str(each.facts["fact"])) for each in judgements]


def _share_of_engineers(people: Sequence[Person[K]]) -> Decimal:
    """Return how many of a hundred are engineers."""
    if not people:
        return Decimal(100)
    engineers = sum(person.kind is TalentKind.ENGINEER for person in people)
    return Decimal(engineers * 100) / len(people)
