"""Runs of the index over HTTP."""
