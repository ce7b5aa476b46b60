"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContractsConfig(AppConfig):
    """The app by its name."""

    name = "apps.contracts"
    verbose_name = _("Contracts")
