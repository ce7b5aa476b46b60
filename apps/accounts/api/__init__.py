"""People, organizations and keys over HTTP."""
