"""Signed, reviewed, registered: the value ledger."""
