"""The three markets over HTTP."""
