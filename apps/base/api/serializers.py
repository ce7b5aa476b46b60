"""Shapes that all apps share."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.lifecycle import Lifecycle
from marketplace.money import LARGEST
from marketplace.vocabulary import Term

TEXTS = (
    serializers.CharField,
    serializers.DateField,
    serializers.DateTimeField,
    serializers.DecimalField,
    serializers.UUIDField,
)


class Input(serializers.Serializer[Any]):
    """
    What a body may hold; a word it does not know is an error, not something to pass over.

    Where the context says `is_json`, a value must also be of the JSON type that the schema names:
    no number stands for a text, and no text for a number or a truth.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data.keys() - self.fields.keys())
            if unknown:
                raise serializers.ValidationError(
                    {name: [_("There is no such field.")] for name in unknown}, "unknown_field"
                )
            if self.context.get("is_json"):
                faults = {name: _fault(self.fields[name], data[name]) for name in data}
                if wrong := {name: [fault] for name, fault in faults.items() if fault}:
                    raise serializers.ValidationError(wrong, "wrong_type")
        return super().to_internal_value(data)


class TermChoice(serializers.ChoiceField):
    """A word of a vocabulary."""

    def __init__(self, vocabulary: type[Term], **options: Any) -> None:
        self.vocabulary = vocabulary
        super().__init__(choices=vocabulary.choices(), **options)

    def to_internal_value(self, data: Any) -> Term:
        return self.vocabulary(super().to_internal_value(data))


class Amount(serializers.DecimalField):
    """An amount of money as an exact decimal string with at most two decimals."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", 0)
        super().__init__(max_digits=17, decimal_places=2, max_value=LARGEST, **options)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        # An empty text is no amount, where Django REST framework would take it for null.
        return serializers.Field.validate_empty_values(self, data)


class Moment(serializers.DateTimeField):
    """A time; one so far off that no time zone holds it is an error in words."""

    def enforce_timezone(self, value: datetime) -> datetime:
        try:
            return super().enforce_timezone(value)
        except OverflowError:
            self.fail("overflow")


class Moves(serializers.Field[Any, Any, Any, Any]):
    """The moves that the life cycle leaves open; each is a POST below, save those of the clock."""

    def __init__(self, cycle: Lifecycle[Any], *, by_clock: Collection[str] = ()) -> None:
        self.cycle = cycle
        self.by_clock = by_clock
        super().__init__(source="state", read_only=True)

    def to_representation(self, value: Any) -> list[str]:
        return [move for move in self.cycle.moves_from(value) if move not in self.by_clock]


class MovesInSchema(OpenApiSerializerFieldExtension):
    """How the schema describes moves: by their names."""

    target_class = Moves

    def map_serializer_field(self, auto_schema: object, direction: str) -> dict[str, Any]:
        names = [move for move in self.target.cycle.moves if move not in self.target.by_clock]
        # As constants, for each life cycle has its own: an enum would need a name for each.
        return {"type": "array", "items": {"oneOf": [{"const": name} for name in names]}}


@extend_schema_field({"type": "string"})
class CodeField(serializers.Field[Any, Any, Any, Any]):
    """The code of a foreign key to a code list, read from the key without a join."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: str) -> str:
        return value.partition(":")[2]


def _fault(field: serializers.Field[Any, Any, Any, Any], value: object) -> str:
    """Say which JSON type `field` takes where `value` is of another; null is for it to judge."""
    if value is None:
        return ""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return next((fault for each in value if (fault := _fault(field.child, each))), "")
    if isinstance(field, TEXTS) and not isinstance(value, str):
        return gettext("This must be a text, in quotation marks.")
    if isinstance(field, serializers.BooleanField) and not isinstance(value, bool):
        return gettext("This must be true or false, without quotation marks.")
    if isinstance(field, serializers.IntegerField) and type(value) is not int:
        return gettext("This must be a whole number, without quotation marks.")
    return ""
