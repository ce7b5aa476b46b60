"""Which code is meant by the code that somebody wrote down on a day."""

from datetime import date

from django.db.models import Q, QuerySet

from apps.taxonomy.models import Code
from marketplace.errors import Invalid
from marketplace.taxonomy import Subject


def valid_on(day: date, prefix: str = "") -> Q:
    """Return the condition that something valid for a time was valid on `day` (half-open)."""
    return Q(**{f"{prefix}valid_from__lte": day}) & (
        Q(**{f"{prefix}valid_until": None}) | Q(**{f"{prefix}valid_until__gt": day})
    )


def resolve(subject: Subject, code: str, *, on: date, field: str) -> Code:
    """
    Return what `code` meant on the day `on`, in the edition of the subject that was valid then.

    Raise Invalid that blames the input `field` where there was no such code.
    """
    found = Code.objects.filter(
        valid_on(on, "edition__"), edition__subject=subject, code=code
    ).first()
    if found is None:
        raise Invalid(
            "“{given}” is no code for {subject} on {day}.",
            code="unknown_code",
            field=field,
            given=code,
            subject=subject,
            day=on,
        )
    return found


def resolve_optional(subject: Subject, code: str | None, *, on: date, field: str) -> Code | None:
    """Return what `code` meant on the day `on`, or None where nothing was given."""
    return resolve(subject, code, on=on, field=field) if code else None


def under(subject: Subject, code: str, *, on: date, field: str) -> QuerySet[Code]:
    """Return `code` of the day `on` and every code below it."""
    return Code.objects.under(resolve(subject, code, on=on, field=field))


def ancestors(code: Code) -> list[Code]:
    """Return the codes above `code`, from the top of its tree down."""
    edition, *above, _own, _end = code.path.split("/")
    keys = [f"{edition}:{each}" for each in above]
    return list(Code.objects.filter(key__in=keys).order_by("level"))
