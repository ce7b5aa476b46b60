"""The words of published listings: read, indexed, learned from; and what is near to what."""
