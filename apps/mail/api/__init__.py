"""What mails have in common over HTTP."""
