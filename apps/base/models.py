"""What every table of the market has."""

from typing import Any, Protocol, Self, TypeVar

import pgtrigger
from django.db import models

from apps.base.fields import IdField
from marketplace.actors import Actor
from marketplace.errors import Missing, Stale
from marketplace.lifecycle import Lifecycle

R = TypeVar("R", bound="Record")


class Record(models.Model):
    """A row with a public id, a version, and the times it was made and changed."""

    id = IdField()
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def store(self, *fields: str) -> None:
        """Write `fields` of a row held by lock, and raise its version by one."""
        self.version += 1
        self.save(update_fields=[*fields, "version", "updated_at"])


class RecordQuerySet(models.QuerySet[R]):
    """
    Rows of a Record.

    Every subclass says in `visible_to` which rows an actor may know of. It filters by columns and
    subqueries, never by joins that repeat rows, so that the same filter can also lock.
    """

    def visible_to(self, actor: Actor) -> Self:
        """Return the rows that `actor` may know of."""
        raise NotImplementedError

    def locked(self, row: R, *, by: Actor, expected: int | None = None) -> R:
        """
        Read `row` afresh and hold it until the transaction ends; others may still point at it.

        Raise Missing where `by` may not (or no longer) know of it, and Stale where `by` decided on
        another version than the current one.
        """
        visible = self if by.is_system else self.visible_to(by)
        found = visible.select_for_update(of=("self",), no_key=True).filter(pk=row.pk).first()
        if found is None:
            raise Missing
        if expected is not None and found.version != expected:
            raise Stale(expected=expected, version=found.version)
        return found


class HasState(Protocol):
    """Anything with a life cycle."""

    state: Any


def life_cycle(cycle: Lifecycle[Any], name: str) -> list[pgtrigger.Trigger]:
    """
    Return the triggers that let the `state` of a table begin and move only as `cycle` says.

    A row may enter in a later state only by import, with `imported_from` filled.
    """
    return [
        pgtrigger.FSM(name=f"{name}_moves", field="state", transitions=cycle.pairs()),
        pgtrigger.Trigger(
            name=f"{name}_starts",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            func=(
                f"IF NEW.state <> '{cycle.start.value}' AND NEW.imported_from = '' THEN"
                f" RAISE EXCEPTION 'A row of % cannot begin as %', TG_TABLE_NAME, NEW.state;"
                f" END IF; RETURN NEW;"
            ),
        ),
    ]


def append_only(name: str) -> pgtrigger.Trigger:
    """Return the trigger that refuses every change and removal of a row."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


class StoredAnswer(models.Model):
    """The answer once given to a POST, kept for a day so that a repeated POST acts once."""

    key = models.BinaryField(primary_key=True, max_length=32)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    #: NULL where the answer showed a secret and may not be shown again.
    body = models.TextField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.status} at {self.created_at}"
