"""Interest, talks, agreement; brokers."""
