"""Code lists over HTTP: to read, for everybody."""
