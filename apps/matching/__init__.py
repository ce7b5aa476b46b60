"""Which offer fits which need, and why."""
