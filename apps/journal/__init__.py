"""What happened, by whom; who is still to be told."""
