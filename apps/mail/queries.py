"""What letters are written with."""

from django.conf import settings


def address_of(path: str) -> str:
    """Return the address at which people reach a path of the market."""
    return str(settings.PUBLIC_ADDRESS).rstrip("/") + path
