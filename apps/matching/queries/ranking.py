"""Which listings of the other side fit a listing best, and what keeps the others away."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from heapq import nlargest
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_noop

from apps.base.fields import said as label_of
from apps.markets.models import TABLES, Listing, ListingQuerySet, terms_of
from apps.matching.models import SEES_ALL, Match, Stale, Standing
from apps.matching.queries.nearness import Near, Nearness, Who
from apps.pools.models import Fund, Talent
from apps.retrieval.models import Fit, Text
from apps.retrieval.queries import embeddings, text_of
from apps.taxonomy.models import Code
from marketplace import words as reading
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.figures import figure_of
from marketplace.funding import Fact, FinancingStage
from marketplace.listings import CooperationMode, Engagement, ListingState, Market, Side
from marketplace.matching import (
    LEAST_SCORE,
    Condition,
    FundTerms,
    Given,
    Part,
    Profile,
    Reason,
    Weights,
    refusals,
    score,
    total,
    weights_on,
    words_part,
)
from marketplace.rights import has_granted_patent
from marketplace.secrecy import Secrecy
from marketplace.standing import response
from marketplace.vectors import similarity
from marketplace.vocabulary import Term
from marketplace.words import Lexicon

#: How many counterparts are shown for a listing.
SHOWN = 20
#: How many of the nearest in words are weighed in all other respects.
CONSIDERED = 60

OTHER = {Side.OFFER: Side.NEED, Side.NEED: Side.OFFER}
#: What a listing is read with, beside its further terms.
RELATED = ("organization", "project", "talent", "fund")
#: What is read of the listings that are weighed: a row has three times as much.
COMPARED = (
    *("market", "side", "version", "wording", "organization", "health", "price_from", "price_to"),
    *("readiness", "field", "region", "cooperation_modes", "indicators"),
    *("project__wording", "project__readiness", "project__rights"),
    *("talent__wording", "talent__kind", "talent__discipline"),
    *("talent__available_share", "talent__available_from"),
    *("fund__wording", "fund__kind", "fund__smallest_ticket", "fund__largest_ticket"),
    *("fund__stages", "fund__fields", "fund__regions", "fund__conditions"),
    *("fund__opens_on", "fund__closes_on", "fund__quota", "fund__committed"),
)
#: What is read of those whose shared phrases are named.
SAID = ("market", "side", "title", "body", "blocks", "keywords")

Path = tuple[str, ...]
Paths = tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """A listing as matching sees it."""

    listing: Listing
    profile: Profile
    response: Decimal


@dataclass(frozen=True, slots=True)
class Ranked:
    """An offer and a need, what went into their score, and what it is made of."""

    offer: Sight
    need: Sight
    given: Given
    reasons: list[Reason]
    weights: Weights
    fit: Fit | None = None

    @property
    def score(self) -> Decimal:
        """Return the sum of the contributions."""
        return total(self.reasons)

    def counterpart(self, of: Listing) -> Listing:
        """Return the listing that stands against one of the two."""
        return self.need.listing if of.side == Side.OFFER else self.offer.listing


@dataclass(slots=True)
class Funnel:
    """How many counterparts were looked at, and by which conditions they fell away."""

    looked_at: int = 0
    #: How many each condition keeps away, and how many nothing but this one.
    refused: Counter[Condition] = field(default_factory=Counter)
    alone: Counter[Condition] = field(default_factory=Counter)
    #: The best score that would be there without each condition that stands alone.
    best: dict[Condition, Decimal] = field(default_factory=dict)

    def note(self, conditions: Collection[Condition], score: Decimal | None = None) -> None:
        """Count one counterpart with the conditions that keep it away."""
        self.looked_at += 1
        self.refused.update(conditions)
        if len(conditions) == 1:
            [only] = conditions
            self.alone[only] += 1
            if score is not None:
                self.best[only] = max(self.best.get(only, score), score)


class Ranking:
    """The counterparts of one listing, weighed."""

    def __init__(
        self, listing: Listing, *, fit: Fit | None = None, day: date | None = None
    ) -> None:
        self.day = day or day_of(timezone.now())
        self.listing = listing
        self.weights = weights_on(listing.market, self.day)
        self.fit = fit or Fit.objects.current(listing.market)
        self.near = Nearness(words_of(listing), listing.market, OTHER[listing.side], self.fit)
        self.funnel = Funnel()
        #: The words of those that were weighed.
        self.read: dict[UUID, dict[int, int]] = {}
        house = listing.organization
        self.who = Who(
            house.pk,
            is_verified=house.verified_at is not None,
            is_vetted=house.vetted_at is not None,
            has_dual_use=listing.dual_use is not None,
        )

    def best(self, *, also: Collection[UUID] = ()) -> list[Ranked]:
        """
        Return the counterparts that were weighed and fit, best first; among them those of `also`.

        The score of a pair is always that of the offer for the need, so both find the same one.
        """
        near = self._nearest()
        missing = set(also) - {each.key for each in near}
        if missing:
            near += self._matchable(self.near.of(sorted(missing)))
        self.read = {each.key: each.read() for each in near}
        fitting = self._weighed({e.key: self.near.exactly(e, self.read[e.key]) for e in near})
        return sorted(fitting, key=lambda pair: (-pair.score, pair.counterpart(self.listing).pk))

    def _nearest(self) -> list[Near]:
        """Return those that are nearest in words and may be matched with ours, nearest first."""
        found: list[Near] = []
        for near in self.near.rounds():
            found += self._matchable(near)
            if len(found) >= CONSIDERED:
                break
        return nlargest(CONSIDERED, found, key=lambda each: each.likeness)

    def _matchable(self, found: Iterable[Near]) -> list[Near]:
        """Return those whose organizations keep nothing apart."""
        matchable = []
        for near in found:
            apart = strangers(self.who, near.who)
            if not apart:
                matchable.append(near)
            # Of a thing that its owner may not know of, nobody tells that it is there.
            elif not near.who.has_dual_use or self.who.is_vetted:
                self.funnel.note(apart)
        return matchable

    def _weighed(self, near: Mapping[UUID, Decimal]) -> list[Ranked]:
        """Return the pairs with the listings of `near` that nothing keeps apart."""
        if not near:
            return []
        rows = _narrow(self.near.market, self.near.side, COMPARED).published().filter(pk__in=near)
        rows = rows.select_related("project", "talent", "fund")
        [own, *others] = sights([self.listing, *rows], self.day)
        vectors = embeddings([self.listing.pk, *near], self.fit) if self.fit else {}
        mine = vectors.get(self.listing.pk)
        found = []
        for there in others:
            key = there.listing.pk
            offer, need = (own, there) if self.listing.side == Side.OFFER else (there, own)
            pair = weighed(
                offer,
                need,
                words=near[key],
                similarity=near_by(mine, vectors.get(key)),
                weights=self.weights,
                day=self.day,
                fit=self.fit,
            )
            apart = refusals(offer.profile, need.profile, self.day)
            if pair.score < LEAST_SCORE:
                apart = [Condition.SUBJECT, *apart]
            self.funnel.note(apart, pair.score)
            if not apart:
                found.append(pair)
        return found


def _narrow(market: Market, side: Side, columns: Sequence[str]) -> ListingQuerySet:
    """Return the listings of one side of a market, of each only `columns` and its further terms."""
    table = TABLES[market, side]
    name = table.__name__.lower()
    terms = [f"{name}__{field.name}" for field in table._meta.concrete_fields]
    return Listing.objects.select_related(name).only(*columns, *terms)


def weighed(
    offer: Sight,
    need: Sight,
    *,
    words: Decimal,
    similarity: Decimal | None,
    weights: Weights,
    day: date,
    fit: Fit | None,
) -> Ranked:
    """Return the pair of an offer and a need, weighed; its shared phrases are yet to be named."""
    given = Given(
        words=words,
        similarity=similarity,
        health=min(offer.listing.health, need.listing.health),
        response=min(offer.response, need.response),
        day=day,
    )
    reasons = score(offer.profile, need.profile, given, weights)
    return Ranked(offer, need, given, reasons, weights, fit)


def named(pairs: Sequence[Ranked], ranking: Ranking) -> list[Ranked]:
    """Return pairs with the phrases that both sides share named in the reason of the words."""
    own = ranking.listing
    keys = [pair.counterpart(own).pk for pair in pairs]
    texts = _narrow(own.market, OTHER[own.side], SAID).in_bulk(keys)
    mine = Said.of(own, ranking.near.words)
    found = []
    for pair in pairs:
        there = pair.counterpart(own).pk
        theirs = Said.of(texts[there], ranking.read[there])
        sides = (mine, theirs) if own.side == Side.NEED else (theirs, mine)
        given = replace(pair.given, phrases=shared(*sides, ranking.near.lexicon))
        facts = words_part(pair.offer.profile, pair.need.profile, given).facts
        reasons = [replace(r, facts=facts) if r.part is Part.WORDS else r for r in pair.reasons]
        found.append(replace(pair, given=given, reasons=reasons))
    return found


@dataclass(frozen=True)
class Said:
    """What everybody may read of a listing: its text, and the weights of its words."""

    text: str
    words: Mapping[int, int]

    @classmethod
    def of(cls, listing: Listing, words: Mapping[int, int]) -> "Said":
        """Return what a listing says, of which the words were read before."""
        return cls("\n".join([listing.title, text_of(listing), *listing.keywords]), words)

    @cached_property
    def runs(self) -> reading.Runs:
        """Return the runs of letters in its text."""
        return reading.runs(self.text)

    @cached_property
    def tokens(self) -> Mapping[str, int]:
        """Return the keys of its tokens."""
        return {token: reading.key(token) for token in reading.tokens_of(self.runs)}


def shared(need: Said, offer: Said, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the strongest phrases that stand in both, as far as everybody may read them."""
    # How long the two are makes no difference to which words are the strongest.
    by_key = reading.likeness(need.words, offer.words, lexicon, (1.0, 1.0))[1]
    gains = {token: by_key[key] for token, key in need.tokens.items() if key in by_key}
    return tuple(reading.shared_phrases(need.runs, offer.runs, gains))


def strangers(one: Who, other: Who) -> list[Condition]:
    """Return what, of who they are, keeps two listings from being matched."""
    found = {
        Condition.OTHER_ORGANIZATION: one.organization == other.organization,
        Condition.CONFIRMED_IDENTITY: not (one.is_verified and other.is_verified),
        Condition.VETTED: (one.has_dual_use and not other.is_vetted)
        or (other.has_dual_use and not one.is_vetted),
    }
    return [condition for condition, keeps_apart in found.items() if keeps_apart]


def sights(listings: Iterable[Listing], day: date) -> list[Sight]:
    """Return listings as matching sees them on a day, all in a few queries."""
    rows = list(listings)
    paths = paths_of(rows)
    records = {
        row.pk: row
        for row in Standing.objects.filter(organization__in={row.organization_id for row in rows})
    }
    found = []
    for row in rows:
        record = records.get(row.organization_id)
        answers = response(record.asked, record.answered) if record else response(0, 0)
        found.append(Sight(row, profile(row, paths, day), answers))
    return found


def words_of(listing: Listing) -> dict[int, int]:
    """Return the weights of the words of a listing, by key: of what everybody may read alone."""
    return reading.weights(listing.title, text_of(listing), listing.keywords)


def profile(listing: Listing, paths: Mapping[str, Path], day: date) -> Profile:
    """Return what of a listing is compared on a day; `paths` are those of its codes."""
    terms = terms_of(listing).words()
    named: dict[str, Any] = {
        "disciplines": _path(paths, terms.get("discipline")),
        "talent_kind": terms.get("talent_kind"),
        "from_day": terms.get("available_from") or terms.get("starts_on"),
        "stages": frozenset(filter(None, [*(terms.get("stages") or []), terms.get("stage")])),
        **{
            name: terms.get(name)
            for name in ("exclusivity", "engagement", "share_of_time", "fund_kind")
        },
    }
    price = (listing.price_from, listing.price_to)
    if listing.talent is not None:
        named |= _of_talent(listing.talent, paths, named)
    if listing.fund is not None:
        named |= {"fund": _of_fund(listing.fund)}
        if price == (None, None):
            price = (listing.fund.smallest_ticket, listing.fund.largest_ticket)
    fields, regions = _path(paths, listing.field_id), _path(paths, listing.region_id)
    named["stages"] = frozenset(FinancingStage(stage) for stage in named["stages"])
    return Profile(
        market=listing.market,
        fields=fields,
        regions=regions,
        price=price,
        readiness=listing.readiness,
        modes=frozenset(CooperationMode(mode) for mode in listing.cooperation_modes),
        figures=tuple(figure_of(each, Secrecy.SIGNED_IN) for each in listing.indicators),
        facts=facts_of(listing, fields, regions, named["stages"], day),
        **named,
    )


def facts_of(
    listing: Listing, fields: Paths, regions: Paths, stages: Collection[FinancingStage], day: date
) -> dict[str, Any]:
    """Return what of a need and its project a fund can ask for, as far as it is known."""
    project = listing.project
    readiness = listing.readiness or (project.readiness if project else None)
    known: dict[Fact, Any] = {
        Fact.READINESS: readiness,
        Fact.FIELD: fields[0] if fields else None,
        Fact.REGION: regions[0] if regions else None,
        Fact.STAGE: next(iter(stages), None),
        Fact.AMOUNT: listing.price_to or listing.price_from,
        Fact.HAS_GRANTED_PATENT: has_granted_patent(project.rights, day) if project else None,
    }
    return {name: fact for name, fact in known.items() if fact is not None}


def near_by(one: Any, other: Any) -> Decimal | None:
    """Return how near two vectors are, or None where one is not there."""
    return None if one is None or other is None else similarity(one, other)


def _of_talent(talent: Talent, paths: Mapping[str, Path], named: dict[str, Any]) -> dict[str, Any]:
    return {
        "talent_kind": talent.kind,
        "disciplines": _path(paths, talent.discipline_id),
        "share_of_time": named["share_of_time"] or talent.available_share,
        "from_day": named["from_day"] or talent.available_from,
    }


def _of_fund(fund: Fund) -> FundTerms:
    return FundTerms(
        kind=fund.kind,
        tickets=(fund.smallest_ticket, fund.largest_ticket),
        stages=frozenset(FinancingStage(stage) for stage in fund.stages),
        # Kept as keys, "gbt2260-2024:610100"; compared are codes.
        fields=frozenset(key.rpartition(":")[2] for key in fund.fields),
        regions=frozenset(key.rpartition(":")[2] for key in fund.regions),
        conditions=tuple(fund.conditions),
        opens_on=fund.opens_on,
        closes_on=fund.closes_on,
        quota=fund.quota,
        committed=fund.committed,
    )


def paths_of(listings: Sequence[Listing]) -> dict[str, Path]:
    """Return the path of every code that `listings` and their talents name, by key."""
    keys: set[str | None] = {key for row in listings for key in (row.field_id, row.region_id)}
    keys |= {row.talent.discipline_id for row in listings if row.talent}
    keys |= {terms_of(row).words().get("discipline") for row in listings}
    rows = Code.objects.filter(pk__in=[key for key in keys if key]).values_list("key", "path")
    return {key: tuple(path.split("/")[1:-1]) for key, path in rows}


def _path(paths: Mapping[str, Path], key: str | None) -> Paths:
    return (paths[key],) if key else ()


@dataclass(frozen=True, slots=True)
class Because:
    """Why there are no matches: a sentence, and what keeps away those that were looked at."""

    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    funnel: Funnel | None = None


def because(listing: Listing, *, by: Actor) -> Because:
    """Return why `by` is shown no matches of a listing; messages are keys of their translations."""
    if not by.acts_for(listing.organization_id) and not by.has(*SEES_ALL):
        return Because(
            gettext_noop("Only its own organization and brokers see all matches of a listing.")
        )
    if listing.state != ListingState.PUBLISHED:
        return Because(
            gettext_noop("This listing is not published, so nothing is matched with it.")
        )
    is_indexed = Text.objects.filter(listing=listing).exists()
    if not is_indexed or Stale.objects.filter(pk=listing.pk).exists():
        return Because(gettext_noop("Matches for this listing are being looked for right now."))
    is_need = listing.side == Side.NEED
    others = Listing.objects.published().visible_to(by)
    others = others.filter(market=listing.market, side=OTHER[listing.side])
    if not others.exclude(organization=listing.organization_id).exists():
        if is_need:
            return Because(
                gettext_noop("No other organization has an offer in this market at present.")
            )
        return Because(gettext_noop("No other organization has a need in this market at present."))
    ranking = Ranking(listing)
    ranking.best()
    funnel = ranking.funnel
    if funnel.looked_at:
        return Because(
            gettext_noop("None of the {count} that are nearest in words can be matched."),
            {"count": funnel.looked_at},
            funnel,
        )
    if is_need:
        return Because(
            gettext_noop("No offer of another organization shares a word with this need.")
        )
    return Because(gettext_noop("No need of another organization shares a word with this offer."))


def counterpart_scores(listing: Listing, counterparts: Iterable[UUID]) -> dict[UUID, list[Decimal]]:
    """Return the scores that each counterpart already has with others than `listing`."""
    mine, theirs = ("offer", "need") if listing.side == Side.OFFER else ("need", "offer")
    found: dict[UUID, list[Decimal]] = {}
    rows = (
        Match.objects.current()
        .filter(**{f"{theirs}__in": counterparts})
        .exclude(**{mine: listing.pk})
    )
    for counterpart, points in rows.values_list(f"{theirs}_id", "score"):
        found.setdefault(counterpart, []).append(points)
    return found


#: Facts of reasons that are words of a vocabulary.
VOCABULARIES: Mapping[str, type[Term]] = {
    "modes": CooperationMode,
    "stages": FinancingStage,
    "engagement": Engagement,
}


def said(reason: Mapping[str, Any]) -> str:
    """Return a stored reason in the reader's language."""
    between = "、" if (get_language() or "").startswith("zh") else ", "
    facts = {}
    for name, fact in reason["facts"].items():
        words = VOCABULARIES.get(name)
        given = fact if isinstance(fact, list) else [fact]
        facts[name] = between.join(label_of(words(each)) if words else str(each) for each in given)
    return gettext(reason["message"]).format(**facts)
