"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    """The app of the tables that come in and go out."""

    name = "apps.exchange"
    verbose_name = _("Exchange")
