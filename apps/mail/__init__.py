"""Mails that wait to be sent, and the clock that sends them."""
