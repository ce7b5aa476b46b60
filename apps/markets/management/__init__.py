"""Commands of the markets."""
