"""Where vectors come from that are not learned here."""
