"""Regions, industries, fields, disciplines, patent classes."""
