"""Numbers and days in English."""
