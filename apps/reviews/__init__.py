"""What reviewed things share: their wordings, the rounds of review, consents, files."""
