"""Numbers and days in Chinese."""
