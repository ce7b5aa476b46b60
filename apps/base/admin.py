"""The console of the officers: it shows records, and changes them only through actions."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, pgettext
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from apps.base.api.errors import words
from marketplace.actors import OFFICE_ROLES, Actor, Role
from marketplace.errors import MarketError
from marketplace.lifecycle import Lifecycle

M = TypeVar("M", bound=Model)

#: How the console draws what a move asks for; the bare widgets of Django would be invisible.
WIDGETS: dict[type[forms.Widget], type[forms.Widget]] = {
    forms.CheckboxInput: UnfoldBooleanWidget,
    forms.NumberInput: UnfoldAdminDecimalFieldWidget,
    forms.Select: UnfoldAdminSelectWidget,
    forms.Textarea: UnfoldAdminTextareaWidget,
    forms.TextInput: UnfoldAdminTextInputWidget,
}


class Officer(Protocol):
    """A user who can say as whom he acts."""

    def as_actor(self, *, organization: UUID | None = None, request_id: str = "") -> Actor: ...


@dataclass(frozen=True)
class ConsoleMove:
    """
    A button that calls the action `act` with what its form asks: `fields`, by name.

    `suggests` names, by field, the column whose value stands in the form to begin with. Only who
    has one of `roles` sees the button; without any, all who may look.
    """

    name: str
    act: Callable[..., Model]
    fields: Mapping[str, forms.Field] = field(default_factory=dict)
    suggests: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[Role] = frozenset()

    @property
    def label(self) -> str:
        """Return the English words on the button."""
        return self.name.replace("_", " ").capitalize()

    def title(self, cycle: Lifecycle[Any] | None) -> str:
        """Return the words on the button, as they are said of things with this life cycle."""
        own = pgettext(type(cycle.start).__name__, self.label) if cycle else self.label
        return own if own != self.label else gettext(self.label)

    def form(self, row: Any, data: Mapping[str, Any] | None = None) -> forms.Form:
        """Return the form of what the move asks, and of the version that it was decided on."""
        form = forms.Form(data)
        form.fields["version"] = forms.IntegerField(widget=forms.HiddenInput)
        form.fields |= {name: _drawn(asked) for name, asked in self.fields.items()}
        form.initial = {name: getattr(row, column) for name, column in self.suggests.items()}
        form.initial["version"] = row.version
        return form


def _drawn(asked: forms.Field) -> forms.Field:
    """Return a field of its own, drawn in the manner of the console."""
    drawn = deepcopy(asked)
    widget = WIDGETS.get(type(drawn.widget))
    if widget is not None:
        rows = {"rows": 3} if isinstance(drawn.widget, forms.Textarea) else {}
        drawn.widget = widget({**drawn.widget.attrs, **rows})
        drawn.widget.is_required = drawn.required
    if isinstance(drawn, forms.ChoiceField):
        drawn.widget.choices = drawn.choices
    return drawn


class ReadOnlyAdmin(ModelAdmin, Generic[M]):
    """Rows that officers may look at; nothing is added, changed or deleted here."""

    #: Which of the officers may look.
    roles: ClassVar[frozenset[Role]] = OFFICE_ROLES
    list_per_page = 50

    def actor(self, request: HttpRequest) -> Actor:
        """Return who sits at the console."""
        known: Actor | None = request.META.get("console_actor")
        if known is None:
            officer = cast(Officer, request.user)
            known = officer.as_actor(request_id=request.META.get("request_id", ""))
            request.META["console_actor"] = known
        return known

    def may_look(self, request: HttpRequest) -> bool:
        """Say whether the person is an officer of the right role."""
        return bool(
            request.user.is_active
            and request.user.is_staff
            and self.actor(request).has(*self.roles)
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        rows = super().get_queryset(request)
        visible_to = getattr(rows, "visible_to", None)
        return cast("QuerySet[M]", visible_to(self.actor(request)) if visible_to else rows)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may_look(request)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.may_look(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class RecordAdmin(ReadOnlyAdmin[M]):
    """Records with a life cycle: each move that is open has a button, and a form of its own."""

    #: The life cycle that says which moves are open; None where `console_moves` are always offered.
    cycle: ClassVar[Lifecycle[Any] | None] = None
    console_moves: ClassVar[Sequence[ConsoleMove]] = ()
    change_form_outer_before_template = "console/moves.html"  # type: ignore[assignment]

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_move"
        view = self.admin_site.admin_view(self.move_view)
        return [path("<path:object_id>/move/<str:move>/", view, name=name), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: M | None = None) -> list[Any]:
        names = list(super().get_fields(request, obj))
        first = [name for name in ("title", "state") if name in names]
        return first + [name for name in names if name not in first]

    def open_moves(self, row: M) -> list[ConsoleMove]:
        """Return the moves that the state of `row` leaves open."""
        if self.cycle is None:
            return list(self.console_moves)
        names = self.cycle.moves_from(cast(Any, row).state)
        return [move for move in self.console_moves if move.name in names]

    def may_make(self, request: HttpRequest, move: ConsoleMove) -> bool:
        """Say whether the person has a role that the move asks for."""
        return not move.roles or self.actor(request).has(*move.roles)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        moves = self.open_moves(row) if row is not None else []
        moves = [move for move in moves if self.may_make(request, move)]
        links = [(move.title(self.cycle), self._address(object_id, move)) for move in moves]
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "console_moves": links}
        )

    def move_view(self, request: HttpRequest, object_id: str, move: str) -> HttpResponse:
        """Ask what the move needs, and make it."""
        if not self.may_look(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        chosen = next((m for m in self.console_moves if m.name == move), None)
        if chosen is not None and not self.may_make(request, chosen):
            raise PermissionDenied
        if row is None or chosen is None:
            raise Http404
        title = chosen.title(self.cycle)
        form = chosen.form(row, request.POST if request.method == "POST" else None)
        if form.is_valid():
            given = dict(form.cleaned_data)
            expected = given.pop("version")
            try:
                chosen.act(row, **given, by=self.actor(request), expected=expected)
            except MarketError as error:
                for cause in error.causes or [error]:
                    form.add_error(None, words(cause))
            else:
                messages.success(request, gettext("Done: {move}").format(move=title))
                return HttpResponseRedirect(self._address(object_id))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "original": row,
            "form": form,
            "back": self._address(object_id),
        }
        return TemplateResponse(
            request, "console/move.html", context, status=422 if form.errors else 200
        )

    def _address(self, object_id: str, move: ConsoleMove | None = None) -> str:
        place = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
        if move is None:
            return reverse(f"{place}_change", args=[object_id])
        return reverse(f"{place}_move", args=[object_id, move.name])
