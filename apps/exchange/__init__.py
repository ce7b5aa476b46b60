"""Tables that come in and go out: imports, templates, exports."""
