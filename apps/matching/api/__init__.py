"""Matches over HTTP."""
