"""What the consoles of reviewed things share: their forms, and old and new words side by side."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from apps.base.admin import ConsoleMove, RecordAdmin
from apps.base.fields import said, said_lazy
from apps.reviews import actions
from apps.reviews.models import Reviewed, Wording
from marketplace.actors import Role
from marketplace.reviews import LONGEST_FINDING, LONGEST_NAME, LONGEST_NOTE, FindingCode, changed
from marketplace.secrecy import Secrecy
from marketplace.vocabulary import Term

R = TypeVar("R", bound=Reviewed)
Words = Mapping[str, Any]

REVIEWERS = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})

#: How many findings the form has room for; over the API there may be more.
FINDINGS = 3

NOTE = forms.CharField(
    label=_lazy("Note"), max_length=LONGEST_NOTE, required=False, widget=forms.Textarea
)
REASON = forms.CharField(label=_lazy("Reason"), max_length=LONGEST_NOTE, widget=forms.Textarea)
CLEARANCE = {
    "no_state_secret": forms.BooleanField(label=_lazy("This holds no state secret.")),
    "cleared_by": forms.CharField(label=_lazy("Cleared by"), max_length=LONGEST_NAME),
}


def cleared(act: Callable[..., Model]) -> Callable[..., Model]:
    """Return `act` as the form with a declaration calls it, which is not sent unless it is made."""

    def accept(row: Model, *, no_state_secret: bool, **given: Any) -> Model:
        return act(row, **given)

    return accept


def with_findings(act: Callable[..., Model]) -> Callable[..., Model]:
    """Return `act` as the form with rows of findings calls it."""

    def send_back(row: Model, *, note: str, by: Any, expected: int, **rows: str) -> Model:
        numbers = [
            number
            for number in range(1, FINDINGS + 1)
            if rows[f"text_{number}"].strip() or rows[f"code_{number}"]
        ]
        findings = [
            {
                "field": rows[f"field_{number}"],
                "code": rows[f"code_{number}"] or FindingCode.OTHER,
                "text": rows[f"text_{number}"],
            }
            for number in numbers
        ]
        return act(row, findings=findings, note=note, by=by, expected=expected)

    return send_back


def findings_on(words: Iterable[tuple[str, str | Promise]]) -> dict[str, forms.Field]:
    """Return the fields of some findings on `words`, of which the first must be filled in."""
    places = [("", _lazy("The whole")), *words]
    codes = [("", "—"), *((code.value, said_lazy(code)) for code in FindingCode)]
    return {
        name: field
        for row in range(1, FINDINGS + 1)
        for name, field in {
            f"field_{row}": forms.ChoiceField(
                label=_lazy("What it is about"), choices=places, required=False
            ),
            f"code_{row}": forms.ChoiceField(
                label=_lazy("Kind of finding"), choices=codes, required=row == 1
            ),
            f"text_{row}": forms.CharField(
                label=_lazy("What is to be put right"),
                max_length=LONGEST_FINDING,
                required=row == 1,
                widget=forms.Textarea,
            ),
        }.items()
    }


def review_moves(accept: str, words: Iterable[tuple[str, str | Promise]]) -> list[ConsoleMove]:
    """Return the buttons of what has these `words` and is let in by the move `accept`."""
    findings = {**findings_on(words), "note": NOTE}
    reason: dict[str, forms.Field] = {"reason": REASON}
    officers = frozenset({Role.SECRECY_OFFICER})
    return [
        ConsoleMove(accept, cleared(actions.accept), {**CLEARANCE, "note": NOTE}, roles=REVIEWERS),
        ConsoleMove("send_back", with_findings(actions.send_back), findings, roles=REVIEWERS),
        ConsoleMove("refuse", actions.refuse, reason, roles=REVIEWERS),
        ConsoleMove("spill", actions.spill, reason, roles=officers),
    ]


class ReviewedAdmin(RecordAdmin[R]):
    """The queue of the reviewers: what waits to come in, to read otherwise, or to go out."""

    roles = REVIEWERS | {Role.SECRECY_OFFICER}
    #: What only those see who read a thing whole.
    whole_only: ClassVar[tuple[str, ...]]
    search_fields = ["title", "organization__name", "external_reference"]
    readonly_fields = ["proposed_words"]

    #: The vocabularies of columns that hold lists of words.
    spelled: ClassVar[Mapping[str, type[Term]]] = {}

    def column_of(self, path: str) -> Any:
        """Return the column of a word; of nested ones by the path."""
        return self.opts.get_field(path)

    def open_moves(self, row: R) -> list[ConsoleMove]:
        names = row.open_moves()
        return [move for move in self.console_moves if move.name in names]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Keep what is confidential or graded from those whom the rule book does not show it."""
        if obj is not None and obj.level_for(self.actor(request)) is Secrecy.UNDER_NDA:
            return [] if obj.proposed_wording is not None else ["proposed_words"]
        return list(self.whole_only)

    def get_fields(self, request: HttpRequest, obj: R | None = None) -> list[Any]:
        hidden = self.get_exclude(request, obj)
        own = [name for name in self.readonly_fields if name not in hidden]
        names = [
            name
            for name in super().get_fields(request, obj)
            if name not in hidden and name not in own
        ]
        place = names.index("state") + 1
        shown = [self._in_words(name) if name in self.spelled else name for name in names]
        return [*shown[:place], *reversed(own), *shown[place:]]

    def _in_words(self, name: str) -> Callable[[R], str]:
        """Return what shows a column of words in the language of whoever reads it."""

        def show(row: R) -> str:
            return spoken(getattr(row, name), self.spelled[name])

        return admin.display(description=self.column_of(name).verbose_name)(show)

    @admin.display(description=_lazy("Proposed words"))
    def proposed_words(self, row: R) -> SafeString:
        """Show what a change would change, old and new side by side."""
        numbers = {row.wording, row.newest_wording}
        rows = Wording.objects.of(row).filter(number__in=numbers)
        kept = {wording.number: wording.words for wording in rows}
        old, new = kept.get(row.wording, {}), kept.get(row.proposed_wording or 0, {})
        lines = [
            (column.verbose_name, *(spoken(_word(words, name), words_of) for words in (old, new)))
            for name in changed(old, new)
            for column in [self.column_of(name)]
            for words_of in [getattr(column, "vocabulary", None) or self.spelled.get(name)]
        ]
        return format_html(
            "<table><thead><tr><th></th><th>{}</th><th>{}</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            _("Now"),
            _("Proposed"),
            format_html_join(
                "",
                '<tr><th scope="row" style="text-align:start">{}</th><td>{}</td><td>{}</td></tr>',
                lines,
            ),
        )


def spoken(word: Any, vocabulary: type[Term] | None) -> str:
    """Return a kept word as people read it: one of a vocabulary, or several, by their labels."""
    if word in (None, "", []):
        return "—"
    if vocabulary is not None:
        words = word if isinstance(word, list) else [word]
        return ", ".join(said(vocabulary(each)) for each in words)
    if isinstance(word, (bool, list, dict)):
        return json.dumps(word, cls=DjangoJSONEncoder, ensure_ascii=False)
    return str(word)


def _word(words: Words, path: str) -> Any:
    """Return the word at `path`, such as "terms.stage"."""
    word: Any = words
    for name in path.split("."):
        word = word.get(name) if isinstance(word, Mapping) else None
    return word
