"""How the console writes numbers and days, by language."""
