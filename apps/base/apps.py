"""How Django knows the app."""

from typing import Any

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class BaseConfig(AppConfig):
    """The app by its name."""

    name = "apps.base"
    verbose_name = _("Base")

    def ready(self) -> None:
        """
        Have the names of our tables and columns said in the reader's language.

        Django makes "total amount" of a column's name and leaves it at that. Migrations look at
        what a model was given, not at this, so a word translated anew makes none.
        """
        for model in apps.get_models():
            if model.__module__.startswith("apps."):
                table = model._meta
                if "verbose_name_plural" not in table.original_attrs:
                    table.verbose_name_plural = _(f"{table.verbose_name}s")
                columns: list[Any] = [table, *table.local_fields]
                for named in columns:
                    if isinstance(named.verbose_name, str):
                        named.verbose_name = _(named.verbose_name)
