"""The markets as the reviewers see them."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _lazy

from apps.markets.models import TABLES, Listing, terms_of
from apps.reviews.admin import ReviewedAdmin, review_moves
from marketplace.listings import LISTING, TERMS, TERMS_OF


def _name_of(path: str) -> Any:
    """Return what a word of any listing is called; of nested ones by the path."""
    outer, _, inner = path.partition(".")
    if path == "terms":
        return path
    kinds = (kind for kind, names in TERMS_OF.items() if inner in names)
    column: Any = (
        TABLES[next(kinds)]._meta.get_field(inner) if inner else Listing._meta.get_field(outer)
    )
    return column.verbose_name


NESTED = dict.fromkeys(f"terms.{name}" for names in TERMS_OF.values() for name in names)
WORDS = [(name, _name_of(name)) for name in (*TERMS, *NESTED) if name != "terms"]


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

    def name_of(self, path: str) -> Any:
        return _name_of(path)

    @admin.display(description=_lazy("Further terms"))
    def further_terms(self, row: Listing) -> str:
        """Show the terms that are given."""
        given = {name: value for name, value in terms_of(row).words().items() if value}
        return "; ".join(f"{_name_of(f'terms.{name}')}: {given[name]}" for name in given) or "—"
