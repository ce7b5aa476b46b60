"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketsConfig(AppConfig):
    """The app of the markets."""

    name = "apps.markets"
    verbose_name = _("Markets")
