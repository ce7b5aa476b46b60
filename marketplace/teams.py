"""
The composition of “scientist + engineer” teams (科学家+工程师队伍).

The rules are dated data. Where none is known for a day, nobody guesses: the answer is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import auto

from marketplace.checks import choice_faults, too_many_at, word_faults
from marketplace.errors import Invalid
from marketplace.registration.certainty import Certainty
from marketplace.vocabulary import Term

#: How many people can be named at all, and how long a name is.
MOST_NAMED = 100
LONGEST = {"name": 80}


class TeamRole(Term):
    """What somebody is in a team."""

    CHIEF_SCIENTIST = auto()
    CHIEF_ENGINEER = auto()
    SCIENTIST = auto()
    ENGINEER = auto()
    TECHNOLOGY_MANAGER = auto()


class TitleGrade(Term):
    """The grade of a professional title (职称), the lowest first."""

    NONE = auto()
    JUNIOR = auto()
    INTERMEDIATE = auto()
    SENIOR = auto()


CHIEFS = (TeamRole.CHIEF_SCIENTIST, TeamRole.CHIEF_ENGINEER)


@dataclass(frozen=True, slots=True)
class TeamRules:
    """How a team is composed, for one half-open time."""

    key: str
    valid_from: date
    valid_until: date | None
    #: How sure the two days above are.
    dates: Certainty
    #: How many members there are besides the two chiefs.
    fewest: int
    most: int
    #: How many of a hundred members besides the chiefs are engineers at least.
    engineers: int
    #: The lowest grade of a chief's title.
    grades: Mapping[TeamRole, TitleGrade]
    #: Beginning of the region code of the firm that applies, and for how long it is registered.
    place: str
    registered_years: int
    certainty: Certainty
    source: str


#: Both sources name the same figures; neither names the first day. The first of them appeared in
#: December 2021, so from the new year on the rules were surely there.
RULES = (
    TeamRules(
        key="shaanxi-2021",
        valid_from=date(2022, 1, 1),
        valid_until=None,
        dates=Certainty.INFERRED,
        fewest=10,
        most=15,
        engineers=50,
        grades={
            TeamRole.CHIEF_SCIENTIST: TitleGrade.SENIOR,
            TeamRole.CHIEF_ENGINEER: TitleGrade.INTERMEDIATE,
        },
        place="61",
        registered_years=1,
        certainty=Certainty.FOUND,
        source="陕西日报 2021-12《陕西省打造百支“科学家+工程师”队伍》；秦汉新城申报公告 2023-06-07",
    ),
)


def rules_on(day: date) -> TeamRules | None:
    """
    Return the rules of a day, or None where none are known.

    Those of Shaanxi hold from 2022-01-01 on; of 2021-12-31 nothing is known for sure.
    """
    return next(
        (
            rules
            for rules in RULES
            if rules.valid_from <= day and (rules.valid_until is None or day < rules.valid_until)
        ),
        None,
    )


def team_faults(
    members: Sequence[Mapping[str, object]], *, on: date, field: str = "members"
) -> list[Invalid] | None:
    """
    Return what is wrong with a team under the rules of a day, or None where nobody can tell.

    A member is a mapping of name, role and, for chiefs, title (the grade of it). In 2025 a chief
    scientist with a senior title, a chief engineer with an intermediate one, 5 engineers and 5
    scientists are a whole team; with 4 engineers and 6 scientists engineers are too few.
    """
    rules = rules_on(on)
    if rules is None:
        return None
    if len(members) > MOST_NAMED:
        return [too_many_at(field, MOST_NAMED)]
    found = [
        fault
        for position, member in enumerate(members)
        for fault in [
            *word_faults(member, f"{field}.{position}", LONGEST, needed=("name",)),
            *choice_faults(member.get("role"), f"{field}.{position}.role", TeamRole),
        ]
    ]
    if found:
        return found
    return [
        *_chief_faults(members, rules, field),
        *_number_faults([TeamRole(str(member["role"])) for member in members], rules, field),
    ]


def applicant_faults(
    *, region: str, registered_on: date, on: date, field: str = "applicant"
) -> list[Invalid] | None:
    """
    Return what is wrong with the firm that applies for a team, or None where nobody can tell.

    A firm in 610100 that was registered on 2024-03-01 can apply from 2025-03-02 on, for then it is
    registered for more than a year.
    """
    rules = rules_on(on)
    if rules is None:
        return None
    found = []
    if not region.startswith(rules.place):
        found.append(
            Invalid(
                "A team is applied for by a firm of this province.",
                code="wrong_province",
                field=f"{field}.region",
            )
        )
    years = rules.registered_years
    since = (registered_on.year + years, registered_on.month, registered_on.day)
    if (on.year, on.month, on.day) <= since:
        found.append(
            Invalid(
                "The firm must be registered for longer than this many years: {years}.",
                code="too_young",
                field=f"{field}.registered_on",
                years=years,
            )
        )
    return found


def reaches(title: object, lowest: TitleGrade) -> bool:
    """
    Say whether a title is known and has at least the grade `lowest`.

    A senior title reaches an intermediate one; a title that nobody knows reaches none.
    """
    order = TitleGrade.values()
    return title in order and order.index(str(title)) >= order.index(lowest)


def _chief_faults(
    members: Sequence[Mapping[str, object]], rules: TeamRules, field: str
) -> list[Invalid]:
    """Find chiefs that are missing, that there are several of, or whose title is too low."""
    found = []
    for role in CHIEFS:
        places = [place for place, member in enumerate(members) if member["role"] == role]
        if len(places) != 1:
            found.append(
                Invalid(
                    "A team has exactly one of these: {role}.",
                    code="one_chief",
                    field=field,
                    role=role,
                )
            )
        found += [
            Invalid(
                "The title of this chief must be {grade} at least.",
                code="title_too_low",
                field=f"{field}.{place}.title",
                grade=rules.grades[role],
            )
            for place in places
            if not reaches(members[place].get("title"), rules.grades[role])
        ]
    return found


def _number_faults(roles: Sequence[TeamRole], rules: TeamRules, field: str) -> list[Invalid]:
    """Find too few or too many members besides the chiefs, and too few engineers among them."""
    others = [role for role in roles if role not in CHIEFS]
    found = []
    if not rules.fewest <= len(others) <= rules.most:
        found.append(
            Invalid(
                "Besides the two chiefs a team has {fewest} to {most} members; here are {given}.",
                code="team_size",
                field=field,
                fewest=rules.fewest,
                most=rules.most,
                given=len(others),
            )
        )
    engineers = others.count(TeamRole.ENGINEER)
    if engineers * 100 < rules.engineers * len(others):
        found.append(
            Invalid(
                "At least {share} of a hundred members besides the chiefs are engineers; here are "
                "{given} of {members}.",
                code="too_few_engineers",
                field=field,
                share=rules.engineers,
                given=engineers,
                members=len(others),
            )
        )
    return found
