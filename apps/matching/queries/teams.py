"""A proposed team for a project across the markets: needs, talents and money, and what it lacks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from heapq import nsmallest
from typing import Any, cast
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import get_language

from apps.markets.models import TABLES, Listing
from apps.matching.models import SEES_ALL, Match
from apps.matching.queries.conflicts import flags
from apps.matching.queries.nearness import Nearness
from apps.matching.queries.ranking import CONSIDERED, RELATED, sights
from apps.pools.models import Fund, Project, Talent
from apps.pools.queries import FACT_SUBJECTS
from apps.retrieval.models import Fit
from apps.taxonomy.models import Code
from apps.taxonomy.queries import valid_on
from marketplace import words as reading
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.conflicts import Conflict
from marketplace.errors import Missing
from marketplace.funding import Fact, Judgement, is_open, remaining
from marketplace.listings import Market, Side
from marketplace.matching import LEAST_SCORE, Given, Profile, score, total, weights_on
from marketplace.pools import TalentKind
from marketplace.proposed_teams import (
    KIND_OF_ROLE,
    Lack,
    Opening,
    Person,
    Seat,
    Source,
    asked_by,
    grade_of,
    lacks,
    opening,
    seated,
)
from marketplace.rights import has_granted_patent
from marketplace.teams import TeamRole, TitleGrade

#: How many needs, talents and funds are shown.
SHOWN_NEEDS, SHOWN_TALENTS, SHOWN_FUNDS = 5, 20, 10
#: How many matches of several listings are read, so that enough are left of different counterparts.
READ = 100
#: How many funds are judged at most: those whose limits fit come first, of these the newest.
MOST_FUNDS = 500
#: What is known of a project by codes.
CODED = (Fact.FIELD, Fact.REGION)

#: Of which talent on offer somebody is, and in which place among the members of a team.
Key = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Found:
    """A talent on offer, how well it fits, and which places its people take."""

    listing: Listing
    score: Decimal
    match: UUID | None = None
    roles: tuple[TeamRole, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A need that the project answers."""

    match: Match
    conflicts: Sequence[Conflict]


@dataclass(frozen=True, slots=True)
class Money:
    """A fund, and what of what it asks the project meets."""

    fund: Fund
    opening: Opening[UUID]


@dataclass(frozen=True, slots=True)
class ProposedTeam:
    """What a project has across the markets, as far as a reader may see it, and what it lacks."""

    project: UUID
    #: Whether the reader is one of those who may know which needs the project answers.
    sees_matches: bool
    needs: Sequence[Answered]
    talents: Sequence[Found]
    talents_by: Source
    funds: Sequence[Money]
    lacks: Sequence[Lack]
    #: What the codes that are spoken of are called, by fact and code.
    names: Mapping[tuple[Fact, str], str]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Whether a fund takes applications, and what of what it asks a project meets."""

    fund: Fund
    project: UUID
    is_open: bool
    has_quota: bool
    opening: Opening[UUID]
    names: Mapping[tuple[Fact, str], str]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a project: the facts a fund can ask for, and the keys of its codes."""

    facts: dict[str, Any] = field(default_factory=dict)
    #: The keys of its code and of those above, by fact.
    keys: dict[Fact, list[str]] = field(default_factory=dict)


def proposed_team(project_id: UUID, *, by: Actor) -> ProposedTeam:
    """Return the proposed team for a project, of what `by` may see, in a few queries."""
    project = _project(project_id, by)
    today = day_of(timezone.now())
    listings = _listings(project, by)
    offers = [row.pk for row in listings if (row.market, row.side) == (Market.TECHNOLOGY, "offer")]
    wanted = [row.pk for row in listings if (row.market, row.side) == (Market.TALENT, "need")]
    # What several organizations offer of it, none of them sees all matches of.
    owners = {project.organization_id, *(row.organization_id for row in listings)}
    sees_matches = by.has(*SEES_ALL) or all(by.acts_for(owner) for owner in owners)
    needs = _needs(offers, by)
    known = _known(project, _capital_need(listings), today)
    source = Source.MATCHES if wanted and sees_matches else Source.WORDS
    if source is Source.MATCHES:
        found = _matched(wanted, by)
    else:
        found = _by_words(project, known, today, by)
    people = [person for each in found for person in _people(each.listing)]
    seats = seated(people, today)
    funds = _funds(known, today, by)
    gaps = lacks(
        offers=len(offers),
        needs=len(needs) if sees_matches else None,
        seats=seats,
        openings=[each.opening for each in funds],
        has_talent_need=bool(wanted),
        on=today,
    )
    shown = funds[:SHOWN_FUNDS]
    judged = [each for money in shown for each in money.opening.judgements]
    judged += [fact for gap in gaps for fact in gap.facts.values() if isinstance(fact, Judgement)]
    return ProposedTeam(
        project=project.pk,
        sees_matches=sees_matches,
        needs=needs,
        talents=_with_roles(found, seats),
        talents_by=source,
        funds=shown,
        lacks=gaps,
        names=_names(judged, today),
    )


def conditions_of(fund_id: UUID, project_id: UUID, *, by: Actor) -> Conditions:
    """Return what of all that one fund asks a project meets, of what `by` may see."""
    fund = Fund.objects.visible_to(by).select_related("organization").filter(pk=fund_id).first()
    if fund is None:
        raise Missing
    project = _project(project_id, by)
    today = day_of(timezone.now())
    known = _known(project, _capital_need(_listings(project, by)), today)
    left = remaining(fund.quota, fund.committed)
    judged = _opening(fund, known)
    return Conditions(
        fund=fund,
        project=project.pk,
        is_open=is_open(fund.opens_on, fund.closes_on, today),
        has_quota=left is None or left > 0,
        opening=judged,
        names=_names(judged.judgements, today),
    )


def ranked_words(
    words: Mapping[int, int],
    market: Market,
    side: Side,
    *,
    limit: int,
    wanted: Profile,
    day: date,
    visible: QuerySet[Listing],
) -> list[tuple[Listing, Decimal]]:
    """
    Return the listings of `visible` that fit some words best, as if a need of profile `wanted` held
    them, with their scores.
    """
    near = Nearness(words, market, side, Fit.objects.current(market))
    alike: dict[UUID, Decimal] = {}
    for texts in near.rounds():
        keys = [each.key for each in texts]
        open_to = set(visible.filter(pk__in=keys).values_list("pk", flat=True))
        alike |= {e.key: near.exactly(e, e.read()) for e in texts if e.key in open_to}
        if len(alike) >= CONSIDERED:
            break
    best = nsmallest(CONSIDERED, alike, key=lambda pk: (-alike[pk], pk))
    further = TABLES[market, side].__name__.lower()
    weights = weights_on(market, day)
    found = []
    chosen = visible.filter(pk__in=best).select_related(*RELATED, further)
    for row in sights(chosen, day):
        given = Given(
            words=alike[row.listing.pk],
            similarity=None,
            health=row.listing.health,
            response=row.response,
            day=day,
        )
        points = total(score(row.profile, wanted, given, weights))
        if points >= LEAST_SCORE:
            found.append((row.listing, points))
    return sorted(found, key=lambda pair: (-pair[1], pair[0].pk))[:limit]


def _project(project_id: UUID, by: Actor) -> Project:
    project = Project.objects.visible_to(by).filter(pk=project_id).first()
    if project is None:
        raise Missing
    return project


def _listings(project: Project, by: Actor) -> list[Listing]:
    """Return what stands on the market for a project, newest first, without the long texts."""
    rows = Listing.objects.published().visible_to(by).filter(project=project)
    rows = rows.select_related("capitalneed").order_by("-published_at", "-pk")
    return list(rows.defer("body", "confidential", "blocks", "indicators"))


def _capital_need(listings: Iterable[Listing]) -> Listing | None:
    kinds = ((row, (row.market, row.side)) for row in listings)
    return next((row for row, kind in kinds if kind == (Market.CAPITAL, Side.NEED)), None)


def _needs(offers: Sequence[UUID], by: Actor) -> list[Answered]:
    """Return the needs that match the offers of a project best, each once."""
    rows = Match.objects.visible_to(by).filter(offer__in=offers)
    rows = rows.select_related("need__organization").defer("need__body", "need__confidential")
    best: dict[UUID, Match] = {}
    for match in rows.order_by("-score", "pk")[:READ]:
        best.setdefault(match.need_id, match)
    shown = list(best.values())[:SHOWN_NEEDS]
    beside = flags(shown, by=by)
    return [Answered(match, beside.get(match.pk, [])) for match in shown]


def _matched(wanted: Sequence[UUID], by: Actor) -> list[Found]:
    """Return the talents that match the talent needs of a project best, each once."""
    there = Talent.objects.admitted().visible_to(by).filter(pk=OuterRef("offer__talent"))
    rows = Match.objects.visible_to(by).filter(Exists(there), need__in=wanted)
    rows = rows.select_related("offer__organization", "offer__talent")
    rows = rows.defer("offer__body", "offer__confidential")
    best: dict[UUID | None, Found] = {}
    for match in rows.order_by("-score", "pk")[:READ]:
        best.setdefault(match.offer.talent_id, Found(match.offer, match.score, match.pk))
    return list(best.values())[:SHOWN_TALENTS]


def _by_words(project: Project, known: Known, day: date, by: Actor) -> list[Found]:
    """Return the talents on offer that fit what a project says, each once."""
    there = Talent.objects.admitted().visible_to(by).filter(pk=OuterRef("talent"))
    weights = reading.weights(project.title, project.summary)
    fields, regions = ([known.facts[fact]] if fact in known.facts else [] for fact in CODED)
    found = ranked_words(
        weights,
        Market.TALENT,
        Side.OFFER,
        limit=SHOWN_TALENTS * 2,
        wanted=Profile(
            market=Market.TALENT,
            fields=tuple(fields),
            regions=tuple(regions),
        ),
        day=day,
        visible=Listing.objects.published()
        .visible_to(by)
        .filter(Exists(there), market=Market.TALENT, side=Side.OFFER),
    )
    best: dict[UUID | None, Found] = {}
    for listing, points in found:
        best.setdefault(listing.talent_id, Found(listing, points))
    return list(best.values())[:SHOWN_TALENTS]


def _people(listing: Listing) -> list[Person[Key]]:
    """Return the people of a talent on offer: one, or those of a team."""
    talent = listing.talent
    if talent is None:
        return []
    if talent.kind is not TalentKind.TEAM:
        grade = grade_of(talent.professional_title, talent.rank)
        return [Person((listing.pk, 0), talent.title, talent.kind, grade)]
    found = []
    for place, member in enumerate(talent.members):
        title = member.get("title")
        found.append(
            Person(
                (listing.pk, place),
                str(member["name"]),
                KIND_OF_ROLE[TeamRole(member["role"])],
                TitleGrade(title) if title else None,
            )
        )
    return found


def _with_roles(found: Iterable[Found], seats: Sequence[Seat[Key]]) -> list[Found]:
    roles: dict[UUID, list[TeamRole]] = {}
    for seat in seats:
        roles.setdefault(seat.person.key[0], []).append(seat.role)
    return [replace(each, roles=tuple(roles.get(each.listing.pk, ()))) for each in found]


def _known(project: Project, need: Listing | None, today: date) -> Known:
    """Return what is known of a project, as far as a fund can ask for it."""
    named = {Fact.FIELD: project.field_id, Fact.REGION: project.region_id}
    keys = [key for key in named.values() if key]
    paths = dict(Code.objects.filter(pk__in=keys).values_list("key", "path"))
    known = Known()
    for fact, key in named.items():
        if key:
            edition, *codes, _end = paths[key].split("/")
            known.facts[fact] = tuple(codes)
            known.keys[fact] = [f"{edition}:{code}" for code in codes]
    terms = need.capitalneed if need else None
    facts: dict[Fact, Any] = {
        Fact.READINESS: project.readiness,
        Fact.STAGE: terms.stage if terms else None,
        Fact.AMOUNT: (need.price_to or need.price_from) if need else None,
        Fact.HAS_GRANTED_PATENT: has_granted_patent(project.rights, today),
    }
    known.facts.update({fact: value for fact, value in facts.items() if value is not None})
    return known


def _funds(known: Known, today: date, by: Actor) -> list[Money]:
    """Return the funds that take applications and have something left, the nearest first."""
    opened = Q(opens_on=None) | Q(opens_on__lte=today)
    not_closed = Q(closes_on=None) | Q(closes_on__gte=today)
    not_spent = Q(quota=None) | Q(committed__lt=F("quota"))
    fields, regions = (known.keys.get(fact, []) for fact in CODED)
    fits = (Q(fields=[]) | Q(fields__overlap=fields)) & (
        Q(regions=[]) | Q(regions__overlap=regions)
    )
    rows = Fund.objects.admitted().visible_to(by).filter(opened, not_closed, not_spent)
    rows = rows.select_related("organization").defer("summary", "blocks")
    rows = rows.order_by(Case(When(fits, then=Value(0)), default=Value(1)), "-admitted_on", "-pk")
    found = [Money(fund, _opening(fund, known)) for fund in rows[:MOST_FUNDS]]
    return sorted(found, key=lambda money: money.opening.distance)


def _opening(fund: Fund, known: Known) -> Opening[UUID]:
    return opening(
        fund.pk,
        fund.title,
        asked_by(
            fund.conditions,
            fields=[_code(key) for key in fund.fields],
            regions=[_code(key) for key in fund.regions],
            stages=fund.stages,
            smallest=fund.smallest_ticket,
            largest=fund.largest_ticket,
            left=remaining(fund.quota, fund.committed),
        ),
        known.facts,
    )


def _code(key: str) -> str:
    return key.rpartition(":")[2]


def _names(judgements: Iterable[Judgement], today: date) -> dict[tuple[Fact, str], str]:
    """Return what the codes in some judgements are called in the reader's language; one query."""
    wanted: set[tuple[Fact, str]] = set()
    for each in judgements:
        fact = Fact(str(each.facts["fact"]))
        if fact in FACT_SUBJECTS:
            codes = [*cast("list[str]", each.facts.get("wanted", [])), each.facts.get("given")]
            wanted |= {(fact, str(code)) for code in codes if code}
    if not wanted:
        return {}
    rows = Code.objects.filter(
        valid_on(today, "edition__"),
        edition__subject__in=[FACT_SUBJECTS[fact] for fact, _ in wanted],
        code__in={code for _, code in wanted},
    ).values_list("edition__subject", "code", "name_zh", "name_en")
    is_chinese = (get_language() or "").startswith("zh")
    facts = {str(subject): fact for fact, subject in FACT_SUBJECTS.items()}
    return {
        (facts[str(subject)], code): chinese if is_chinese else english or chinese
        for subject, code, chinese, english in rows
    }
