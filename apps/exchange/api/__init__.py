"""How tables come in and go out over HTTP."""
