"""Figures folded from the value ledger."""
