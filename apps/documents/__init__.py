"""Files that people hand in, and the store that keeps their bytes."""
