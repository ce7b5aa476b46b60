"""What is reviewed: its words, and what of them waits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Organization, User
from apps.base.fields import TermField
from apps.base.models import Record
from marketplace.actors import Actor, Role
from marketplace.coach import DraftKind
from marketplace.lifecycle import Lifecycle
from marketplace.reviews import (
    Purpose,
    SubjectKind,
)
from marketplace.secrecy import DualUse, Secrecy, level_of
from marketplace.vocabulary import Term


class Reviewed(Record):
    """
    A thing whose words others decide on before they stand.

    Its columns are the live words. An edit of a thing that is live waits as the wording numbered
    `proposed_wording`, while the live words stay as they are.
    """

    #: What it is called where it is one of several kinds.
    kind_of_subject: ClassVar[SubjectKind]
    #: The states that it passes through, those in which its words are live, and the move by which
    #: a reviewer lets it in.
    cycle: ClassVar[Lifecycle[Any]]
    live_in: ClassVar[Collection[Term]]
    accepts: ClassVar[str]
    #: Words that a spill leaves: they come from closed lists, and the table needs them.
    left_by_spill: ClassVar[Collection[str]]
    #: Its state: a word of its own life cycle.
    state: TermField[Any]
    #: When the proposed words were written, where these are read in the place of the live ones.
    proposed_at: datetime

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    #: The number of the live words.
    wording = models.PositiveIntegerField(default=1, db_default=1)
    proposed_wording = models.PositiveIntegerField(null=True)
    #: What an open submission asks for.
    waiting: TermField[Purpose | None] = TermField(Purpose, null=True)
    #: Only vetted organizations know of what has a dual use (军民两用).
    dual_use: TermField[DualUse | None] = TermField(DualUse, null=True)
    imported_from = models.CharField(max_length=80, blank=True, default="")
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    review_note = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(waiting=None) | Q(waiting__in=Purpose.values()),
                name="%(class)s_waits_for_something_known",
            ),
            models.CheckConstraint(
                condition=Q(dual_use=None) | Q(dual_use__in=DualUse.values()),
                name="%(class)s_dual_use_is_known",
            ),
            models.CheckConstraint(
                # A check passes on NULL, so that it waits at all must be said too.
                condition=Q(state="submitted", waiting="entry", waiting__isnull=False)
                | ~Q(state="submitted") & (Q(waiting=None) | ~Q(waiting="entry")),
                name="%(class)s_is_submitted_while_it_waits_to_enter",
            ),
            models.CheckConstraint(
                condition=Q(waiting=None)
                | ~Q(waiting="change")
                | Q(proposed_wording__isnull=False),
                name="%(class)s_change_has_a_proposed_wording",
            ),
            models.CheckConstraint(
                condition=Q(proposed_wording=None) | Q(proposed_wording__gt=F("wording")),
                name="%(class)s_proposed_wording_is_newer",
            ),
            models.CheckConstraint(
                condition=~Q(reviewed_by=F("author")), name="%(class)s_author_is_not_reviewer"
            ),
        ]

    def authors(self) -> Collection[Role]:
        """Return who may write its words, for its organization."""
        raise NotImplementedError

    def open_moves(self) -> list[str]:
        """Return which moves are open to people; who may make them is another matter."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Return what the journal says of it when it begins and when it is let in."""
        return {}

    def draft_kind(self) -> DraftKind:
        """Return what the draft coach takes it for."""
        return DraftKind(self.kind_of_subject.value)

    def siblings(self) -> "models.QuerySet[Self]":
        """Return the other things of its kind and organization, save what was sealed."""
        rows: models.QuerySet[Self] = type(self)._default_manager.exclude(pk=self.pk)
        return rows.filter(organization=self.organization_id).exclude(state="sealed")

    def fill_in(self) -> None:
        """Put into a new draft what goes without saying."""

    def word_columns(self) -> Sequence[str]:
        """Return the names of its words that are columns of its own table."""
        raise NotImplementedError

    def word_names(self) -> Sequence[str]:
        """Return the names of all words that it can have; of nested ones the path."""
        return self.word_columns()

    def all_words(self) -> dict[str, Any]:
        """Return all its words as they are kept."""
        return self.words(self.word_columns())

    def with_words(self, words: Mapping[str, Any]) -> Self:
        """Return a copy of it as it would be with these words; nothing is stored."""
        worded = copy(self)
        worded.take_words(words)
        return worded

    def erase_words(self) -> list[str]:
        """Empty the words, and return the names of the columns."""
        columns = {column.name: column for column in self._meta.concrete_fields}
        erased = [name for name in self.word_columns() if name not in self.left_by_spill]
        for name in erased:
            column = columns[name]
            setattr(self, column.attname, None if column.null else column.get_default())
        return erased

    @property
    def newest_wording(self) -> int:
        """Return the number of the proposed words, or of the live ones where none are proposed."""
        return self.proposed_wording or self.wording

    def drop_proposal(self) -> list[str]:
        """Give up what is proposed, and return the names of the columns."""
        self.proposed_wording = None
        return ["proposed_wording"]

    def needs_consent(self) -> bool:
        """Say whether its owners must agree to the wording before it is submitted."""
        return False

    def owning(self) -> set[UUID]:
        """Return the organizations that own what it is about."""
        return {self.organization_id}

    def level_for(self, by: Actor) -> Secrecy:
        """Return up to which secrecy `by` reads this; who must consent to it reads it whole."""
        is_manager = by.has(Role.ORGANIZATION_MANAGER) and by.organization is not None
        if is_manager and self.needs_consent() and by.organization in self.owning():
            return Secrecy.UNDER_NDA
        return level_of(by, self.organization_id)

    def words(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the live words `names` as columns hold them; of a foreign key the key."""
        columns = {column.name: column.attname for column in self._meta.concrete_fields}
        return {name: getattr(self, columns[name]) for name in names}

    def take_words(self, words: Mapping[str, Any]) -> list[str]:
        """Put kept words into the columns, and return the names of the columns."""
        columns = {column.name: column for column in self._meta.concrete_fields}
        for name, value in words.items():
            column = columns[name]
            target: Any = column.target_field if column.is_relation else column  # type: ignore[attr-defined]
            # A kept word is JSON; the column knows what of it is a day or an amount.
            setattr(self, column.attname, None if value is None else target.to_python(value))
        return list(words)
