"""Talents, funds, projects (三池)."""
