"""What the database itself keeps of every listing, narrow and in numbers, so that it is found."""

import pgtrigger

from marketplace.listings import CooperationMode, ListingState, Market, PriceWay, Side
from marketplace.reviews import Purpose
from marketplace.vocabulary import Term

TABLE = "markets_findable"

#: Columns that are taken from a listing as they are.
SAME = ("organization_id", "listed_at", "health", "readiness")
#: Columns that hold the number of a word.
NUMBERED: dict[str, type[Term]] = {
    "market": Market,
    "side": Side,
    "state": ListingState,
    "price_way": PriceWay,
    "waiting": Purpose,
}
#: Columns that hold what is made of a listing, and how; `codes` are those of its region and field.
MADE = {
    "is_public": "NEW.state = 'published' AND NEW.dual_use IS NULL",
    "is_dual_use": "NEW.dual_use IS NOT NULL",
    # The bits of the words of a list.
    "cooperation_modes": " + ".join(
        f"CASE WHEN '{mode.value}' = ANY (NEW.cooperation_modes) THEN {1 << place} ELSE 0 END"
        for place, mode in enumerate(CooperationMode)
    ),
    # In fen. An open end reaches everything, and without a price there are no ends.
    "lowest": "CASE WHEN coalesce(NEW.price_from, NEW.price_to) IS NOT NULL"
    " THEN coalesce(NEW.price_from, 0) * 100 END",
    "highest": "CASE WHEN coalesce(NEW.price_from, NEW.price_to) IS NOT NULL"
    " THEN coalesce(NEW.price_to * 100, 9223372036854775807) END",
    "province": "nullif(split_part(region.path, '/', 2), '')::integer",
    "city": "nullif(split_part(region.path, '/', 3), '')::integer",
    "county": "nullif(split_part(region.path, '/', 4), '')::integer",
    "field": "coalesce(split_part(field.path, '/', 2), '')",
    "subfield": "coalesce(split_part(field.path, '/', 3), '')",
}


def number_of(term: Term) -> int:
    """Return the number that stands for a word: its place in its vocabulary, from 1 on."""
    return list(type(term)).index(term) + 1


def bit_of(term: Term) -> int:
    """Return the bit that stands for a word in a column of several."""
    return int(1 << number_of(term) - 1)


def shelved(of: str = "NEW") -> tuple[list[str], str]:
    """Return the columns of the narrow row, and what selects them from the listing named `of`."""
    numbers = {
        name: f"array_position(ARRAY{vocabulary.values()}, NEW.{name}::text)"
        for name, vocabulary in NUMBERED.items()
    }
    values = {"listing_id": "NEW.id"} | {name: f"NEW.{name}" for name in SAME} | numbers | MADE
    select = (
        f"SELECT {', '.join(values.values())} FROM (SELECT 1) one"  # noqa: S608
        " LEFT JOIN taxonomy_code region ON region.key = NEW.region_id"
        " LEFT JOIN taxonomy_code field ON field.key = NEW.field_id"
    )
    return list(values), select.replace("NEW.", f"{of}.")


def shelving() -> pgtrigger.Trigger:
    """
    Return the trigger that keeps the narrow row of a listing, whoever writes the listing.

    The words of the row are none of its business: they are written by those who change the text.
    """
    columns, select = shelved()
    names = ", ".join(columns)
    theirs, ours = (", ".join(f"{row}.{name}" for name in columns) for row in ("EXCLUDED", "kept"))
    return pgtrigger.Trigger(
        name="listing_is_shelved",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=(
            f"INSERT INTO {TABLE} AS kept ({names}) {select}"
            f" ON CONFLICT (listing_id) DO UPDATE SET ({names}) = ROW({theirs})"
            f" WHERE ({ours}) IS DISTINCT FROM ({theirs});"
            f" RETURN NULL;"
        ),
    )
