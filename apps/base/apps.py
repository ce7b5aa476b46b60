"""How Django knows the app."""

from typing import Any

from django.apps import AppConfig, apps
from django.utils.functional import lazy
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _


def _said(table: str, name: str) -> str:
    own = pgettext(table, name)
    return own if own != name else gettext(name)


_said_lazy = lazy(_said, str)


class BaseConfig(AppConfig):
    """The app by its name."""

    name = "apps.base"
    verbose_name = _("Base")

    def ready(self) -> None:
        """
        Have the names of our tables and columns said in the reader's language.

        Django makes "total amount" of a column's name and leaves it at that. Migrations look at
        what a model was given, not at this, so a word translated anew makes none.
        A name that means another thing in another table is translated with the model as context:
        a side is 供需方向 of a listing and 合同方 of a contract.
        """
        for model in apps.get_models():
            if model.__module__.startswith("apps."):
                table = model._meta
                if "verbose_name_plural" not in table.original_attrs:
                    table.verbose_name_plural = _(f"{table.verbose_name}s")
                if isinstance(table.verbose_name_plural, str):
                    table.verbose_name_plural = _(table.verbose_name_plural)
                columns: list[Any] = [table, *table.local_fields]
                for named in columns:
                    if isinstance(named.verbose_name, str):
                        named.verbose_name = _said_lazy(model.__name__, named.verbose_name)
