"""Listings in the technology, talent and capital markets, and their terms."""

from apps.markets.models.care import Checkup, Doubt, Interest, Reminder
from apps.markets.models.findable import Findable
from apps.markets.models.listing import COLUMNS, Listing, ListingQuerySet
from apps.markets.models.terms import (
    TABLES,
    CapitalNeed,
    CapitalOffer,
    TalentNeed,
    TalentOffer,
    TechnologyNeed,
    TechnologyOffer,
    Terms,
    terms_of,
)

__all__ = [
    "COLUMNS",
    "TABLES",
    "CapitalNeed",
    "CapitalOffer",
    "Checkup",
    "Doubt",
    "Findable",
    "Interest",
    "Listing",
    "ListingQuerySet",
    "Reminder",
    "TalentNeed",
    "TalentOffer",
    "TechnologyNeed",
    "TechnologyOffer",
    "Terms",
    "terms_of",
]
