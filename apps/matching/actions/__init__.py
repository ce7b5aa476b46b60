"""Everything that is done about matches."""
