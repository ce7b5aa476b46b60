"""The pools as the reviewers see them."""

from typing import TypeVar

from django import forms
from django.contrib import admin

from apps.base.admin import ConsoleMove
from apps.pools import actions
from apps.pools.models import Fund, PoolEntry, Project, Talent
from apps.reviews.admin import NOTE, REVIEWERS, ReviewedAdmin, review_moves
from marketplace.funding import FinancingStage
from marketplace.pools import POOL_ENTRY, TERMS_OF, Reform

E = TypeVar("E", bound=PoolEntry)


def _moves(table: type[PoolEntry]) -> list[ConsoleMove]:
    columns = {column.name: column.verbose_name for column in table._meta.concrete_fields}
    words = [(name, columns[name]) for name in TERMS_OF[table.pool]]
    fields: dict[str, forms.Field] = {"note": NOTE}
    release = ConsoleMove("release", actions.release, fields, roles=REVIEWERS)
    *reviewing, spill = review_moves("admit", words)
    return [*reviewing, release, spill]


class PoolEntryAdmin(ReviewedAdmin[E]):
    """The entries of one pool: what waits to come in, to read otherwise, or to go out."""

    cycle = POOL_ENTRY
    whole_only = ("blocks", "indicators", "proposed_words")
    list_display = [*("title", "organization", "field", "region", "state", "waiting", "updated_at")]
    list_filter = ["state", "waiting", "kind"]
    list_select_related = ["organization", "field", "region"]


@admin.register(Talent)
class TalentAdmin(PoolEntryAdmin[Talent]):
    """The talent pool."""

    console_moves = _moves(Talent)


@admin.register(Fund)
class FundAdmin(PoolEntryAdmin[Fund]):
    """The fund pool."""

    console_moves = _moves(Fund)
    spelled = {"stages": FinancingStage}


@admin.register(Project)
class ProjectAdmin(PoolEntryAdmin[Project]):
    """The project pool."""

    console_moves = _moves(Project)
    spelled = {"reforms": Reform}
    list_filter = ["state", "waiting", "readiness", "has_lapsed_right"]
