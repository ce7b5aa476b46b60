"""Listings in the technology, talent and capital markets (三市场)."""
