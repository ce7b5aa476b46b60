"""The house: one app per subject, each on its floor."""
