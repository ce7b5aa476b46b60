"""How Django knows the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TaxonomyConfig(AppConfig):
    """The app of the code lists."""

    name = "apps.taxonomy"
    verbose_name = _("Taxonomy")
