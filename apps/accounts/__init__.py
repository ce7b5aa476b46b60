"""People, organizations, memberships, keys."""
