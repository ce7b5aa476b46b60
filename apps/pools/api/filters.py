"""How the pools are narrowed."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters.filters import CharFilter, ChoiceFilter, NumberFilter, UUIDFilter
from django_filters.rest_framework.filterset import FilterSet
from rest_framework.exceptions import ValidationError

from apps.base.api.errors import words
from apps.base.api.filters import TrueOrFalseFilter
from apps.pools.queries import SUBJECTS
from apps.taxonomy.queries import under
from marketplace.actors import Actor
from marketplace.calendar import day_of
from marketplace.errors import Invalid
from marketplace.funding import FinancingStage, FundProduct
from marketplace.pools import CommitmentState, FundKind, PoolState, Rank, TalentKind
from marketplace.reviews import REVIEWERS, Purpose


class EntryFilter(FilterSet):
    """Words that narrow every pool; a code includes everything below it."""

    state = ChoiceFilter(choices=PoolState.choices())
    waiting = ChoiceFilter(choices=Purpose.choices(), method="awaiting")
    organization = UUIDFilter()
    field = CharFilter(method="below")
    region = CharFilter(method="below")

    def awaiting(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep what waits for a decision; of others' entries only reviewers are told."""
        actor = self.request.auth if self.request is not None else None
        if not isinstance(actor, Actor):
            return rows.none()
        if not actor.has(*REVIEWERS):
            rows = rows.filter(organization=actor.organization)
        return rows.filter(waiting=value)

    def below(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the rows whose code is `value` or below it."""
        try:
            codes = under(SUBJECTS[name], value, on=day_of(timezone.now()), field=name)
        except Invalid as error:
            raise ValidationError({name: [words(error)]}, error.code) from error
        return rows.filter(**{f"{name}__in": codes.values("pk")})


class TalentFilter(EntryFilter):
    """Words that narrow the talents."""

    kind = ChoiceFilter(choices=TalentKind.choices())
    rank = ChoiceFilter(choices=Rank.choices())


class FundFilter(EntryFilter):
    """Words that narrow the funds."""

    kind = ChoiceFilter(choices=FundKind.choices())
    product = ChoiceFilter(choices=FundProduct.choices())
    stage = ChoiceFilter(choices=FinancingStage.choices(), method="of_stage")

    def of_stage(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the funds that finance the stage; one that names none finances all."""
        return rows.filter(Q(stages__contains=[value]) | Q(stages=[]))


class ProjectFilter(EntryFilter):
    """Words that narrow the projects."""

    readiness_from = NumberFilter(
        field_name="readiness", lookup_expr="gte", min_value=1, max_value=9, decimal_places=0
    )
    has_lapsed_right = TrueOrFalseFilter()


class CommitmentFilter(FilterSet):
    """Words that narrow what is set aside."""

    fund = UUIDFilter()
    beneficiary = UUIDFilter()
    state = ChoiceFilter(choices=CommitmentState.choices())
