"""What the routes of reviewed things share; none of its own."""
