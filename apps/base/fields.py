"""Columns of our own."""

from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.functional import lazy
from django.utils.translation import gettext, pgettext
from uuid_utils.compat import uuid7

from marketplace.vocabulary import Term

T = TypeVar("T", bound=Term | None)


def said(term: Term) -> str:
    """
    Return the label of `term` in the reader's language.

    A word that is another one in another vocabulary is translated with its vocabulary as context:
    what is refused is 未通过 as a listing and 不予登记 as a contract.
    """
    own = pgettext(type(term).__name__, term.label)
    return own if own != term.label else gettext(term.label)


said_lazy = lazy(said, str)


class TermField(models.CharField[T, T], Generic[T]):
    """
    A column that holds a word of a vocabulary and gives back that word.

    In migrations it is a plain CharField: they hold no labels and import no code of ours, so
    neither rewording nor renaming disturbs them. A nullable one is declared with its type:
    `reason: TermField[Reason | None] = TermField(Reason, null=True)`.
    """

    def __init__(self, vocabulary: type[T], **options: Any) -> None:
        self.vocabulary = cast("type[Term]", vocabulary)
        options.setdefault("max_length", 40)
        super().__init__(choices=self._choices, **options)

    def _choices(self) -> list[tuple[str, str]]:
        return [(term.value, said_lazy(term)) for term in self.vocabulary]

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, options = super().deconstruct()
        del options["choices"]
        if isinstance(options.get("default"), Term):
            options["default"] = options["default"].value
        return name, "django.db.models.CharField", list(args), options

    def clone(self) -> "TermField[T]":
        return type(self)(cast("type[T]", self.vocabulary), **self.deconstruct()[3])

    def from_db_value(self, value: str | None, *_: object) -> Term | None:
        return self.vocabulary(value) if value else None

    def to_python(self, value: Any) -> Any:
        return self.vocabulary(value) if value in self.vocabulary.values() else value


class IdField(models.UUIDField[UUID, UUID]):
    """
    A primary key that grows with time (UUID version 7, RFC 9562).

    New rows land at the end of the index: a quarter of the write-ahead log of random keys.
    In migrations it is a plain UUIDField.
    """

    def __init__(self, **options: Any) -> None:
        options.update(primary_key=True, editable=False)
        options.setdefault("default", uuid7)
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, options = super().deconstruct()
        del options["default"]
        return name, "django.db.models.UUIDField", list(args), options

    def clone(self) -> "IdField":
        return type(self)()


class WordsEncoder(DjangoJSONEncoder):
    """Writes Chinese as it is, not by the number of each character."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


class WordsField(models.JSONField):
    """
    JSON that is full of Chinese: sent as it is, it is half as long and has nothing to escape.

    Many rows at once are written twice as fast. In migrations it is a plain JSONField.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "encoder": WordsEncoder})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, options = super().deconstruct()
        options["encoder"] = DjangoJSONEncoder
        return name, "django.db.models.JSONField", list(args), options

    def clone(self) -> "WordsField":
        options = self.deconstruct()[3]
        return type(self)(**options)
