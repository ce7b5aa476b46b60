"""How a table goes out: as a file of what is there, or as a template to be filled in."""

from apps.exchange.exports.tables import MEDIA_TYPES, written
from apps.exchange.exports.templates import template

__all__ = ["MEDIA_TYPES", "template", "written"]
