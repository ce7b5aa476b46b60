"""The commands of the figures."""
