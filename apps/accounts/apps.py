"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """The app by its name."""

    name = "apps.accounts"
    verbose_name = _("Accounts")
