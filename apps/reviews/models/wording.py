"""Every wording of a reviewed thing, by number."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import pgtrigger
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.base.fields import IdField, TermField, WordsField
from apps.reviews.models.reviewed import Reviewed
from marketplace.actors import Actor
from marketplace.reviews import (
    SubjectKind,
)


class WordingQuerySet(models.QuerySet["Wording"]):
    """Wordings."""

    def of(self, subject: Reviewed) -> Self:
        """Return those of `subject`, the newest first."""
        return self.filter(subject_id=subject.pk).order_by("-number")

    def keep_first(self, subjects: Iterable[Reviewed], *, by: Actor) -> None:
        """Keep the words with which things of one kind begin."""
        self.bulk_create(
            Wording(
                subject_kind=subject.kind_of_subject,
                subject_id=subject.pk,
                number=subject.wording,
                words=subject.all_words(),
                author_id=by.user,
            )
            for subject in subjects
        )

    def keep(
        self, subject: Reviewed, words: Mapping[str, Any], *, number: int, by: Actor
    ) -> "Wording":
        """Keep `words` as the wording `number` of `subject`."""
        return self.create(
            subject_kind=subject.kind_of_subject,
            subject_id=subject.pk,
            number=number,
            words=dict(words),
            author_id=by.user,
        )


class Wording(models.Model):
    """
    What a thing says, said or would say: one of its wordings, by number.

    Wordings are never changed and never removed, save that a spill erases their words.
    """

    id = IdField()
    subject_kind = TermField(SubjectKind)
    subject_id = models.UUIDField()
    number = models.PositiveIntegerField()
    words = WordsField()
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WordingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "number"], name="wording_has_its_number"),
            models.CheckConstraint(
                condition=Q(subject_kind__in=SubjectKind.values()),
                name="wording_subject_kind_is_known",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="wording_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="wording_stands",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.words <> '{}'::jsonb"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}, {self.number}"
