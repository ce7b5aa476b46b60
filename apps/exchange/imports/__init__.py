"""How a table comes in: its file is read into rows, and its rows are taken in."""

from apps.exchange.imports.files import ReadRow, rows_of
from apps.exchange.imports.rows import Outcome, take

__all__ = ["Outcome", "ReadRow", "rows_of", "take"]
