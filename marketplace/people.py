"""Rules about people and their keys."""

from collections.abc import Collection
from datetime import datetime, timedelta

from marketplace.actors import SCOPES, Actor
from marketplace.errors import Invalid, Refused

#: A key has to be renewed once a year.
LONGEST_KEY = timedelta(days=366)


def must_be_a_possible_key(
    scopes: Collection[str], *, expires_at: datetime, now: datetime, by: Actor
) -> None:
    """Raise unless `by` may at `now` make a key with `scopes` that ends at `expires_at`."""
    unknown = sorted(set(scopes) - SCOPES)
    if unknown or not scopes:
        raise Invalid(
            "Choose at least one scope, and only from the list; unknown: {unknown}.",
            code="unknown_scope",
            field="scopes",
            unknown=", ".join(unknown) or "–",
        )
    if not now < expires_at <= now + LONGEST_KEY:
        raise Invalid(
            "A key ends in the future, and within 366 days.", code="key_term", field="expires_at"
        )
    if by.scopes is not None and not by.scopes.issuperset(scopes):
        raise Refused("A key cannot make a key that may do more.", code="scope_too_wide")
