"""Commands that bring tables in, and measure how long that takes."""
