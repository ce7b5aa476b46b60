"""Settings: what holds everywhere, and what differs by place."""
