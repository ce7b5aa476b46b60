"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PoolsConfig(AppConfig):
    """The app of the pools."""

    name = "apps.pools"
    verbose_name = _("Pools")
