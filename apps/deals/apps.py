"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DealsConfig(AppConfig):
    """The app by its name."""

    name = "apps.deals"
    verbose_name = _("Deals")
