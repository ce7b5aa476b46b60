"""Commands that deal with listings."""
