"""Notices to people, made from the journal."""
