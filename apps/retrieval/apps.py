"""The retrieval app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RetrievalConfig(AppConfig):
    """The words of published listings."""

    name = "apps.retrieval"
    verbose_name = _("Retrieval")
