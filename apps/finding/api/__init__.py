"""Finding over HTTP."""
