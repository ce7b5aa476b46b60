"""Everything that is done to the index, and to what is learned from it."""
