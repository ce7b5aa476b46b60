"""The three pools over HTTP."""
