"""The markets as the reviewers see them."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _lazy

from apps.markets.models import TABLES, Listing, terms_of
from apps.reviews.admin import ReviewedAdmin, review_moves, spoken
from marketplace.funding import FinancingStage
from marketplace.listings import LISTING, TERMS, TERMS_OF, CooperationMode


def _column_of(path: str) -> Any:
    """Return the column of a word of any listing; of nested ones by the path."""
    outer, _, inner = path.partition(".")
    kinds = (kind for kind, names in TERMS_OF.items() if inner in names)
    return TABLES[next(kinds)]._meta.get_field(inner) if inner else Listing._meta.get_field(outer)


NESTED = dict.fromkeys(f"terms.{name}" for names in TERMS_OF.values() for name in names)
WORDS = [(name, _column_of(name).verbose_name) for name in (*TERMS, *NESTED) if name != "terms"]


@admin.register(Listing)
class ListingAdmin(ReviewedAdmin[Listing]):
    """The queue of the reviewers: what is submitted to come in, or to read otherwise."""

    cycle = LISTING
    whole_only = ("confidential", "blocks", "indicators", "further_terms", "proposed_words")
    console_moves = review_moves("publish", WORDS)
    list_display = [
        *("title", "market", "side", "organization", "field", "state", "waiting", "updated_at"),
    ]
    list_filter = ["state", "waiting", "market", "side"]
    list_select_related = ["organization", "field"]
    readonly_fields = ["further_terms", "proposed_words"]

    spelled = {"cooperation_modes": CooperationMode, "terms.stages": FinancingStage}

    def column_of(self, path: str) -> Any:
        return _column_of(path)

    @admin.display(description=_lazy("Further terms"))
    def further_terms(self, row: Listing) -> str:
        """Show the terms that are given."""
        given = {f"terms.{name}": value for name, value in terms_of(row).words().items() if value}
        columns = {path: _column_of(path) for path in given}
        return (
            "; ".join(
                f"{column.verbose_name}: "
                + spoken(given[path], getattr(column, "vocabulary", None) or self.spelled.get(path))
                for path, column in columns.items()
            )
            or "—"
        )
