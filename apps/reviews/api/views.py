"""The routes that every reviewed thing has: its wordings, rounds, consents and files."""

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer

from apps.accounts.api.authentication import Everybody, SignedIn
from apps.base.api.views import RecordViewSet, move
from apps.documents.api.streams import FILE_ANSWER, sent, take_upload
from apps.reviews import actions
from apps.reviews.api.serializers import (
    ConsentSerializer,
    FileInput,
    FileSerializer,
    FindingsInput,
    ReasonInput,
    RoundInput,
    SubmissionSerializer,
    WordingSerializer,
)
from apps.reviews.models import Attachment, Consent, Reviewed, Submission, Wording
from apps.reviews.queries import alike, with_proposal
from marketplace.coach import advice
from marketplace.errors import Missing
from marketplace.secrecy import Secrecy

R = TypeVar("R", bound=Reviewed)
M = TypeVar("M", bound=Model)

#: The moves of every reviewed thing, save that by which it is let in.
MOVES = (
    *("submit", "take_back", "send_back", "refuse", "submit_change", "withdraw_change", "spill"),
    *("consent", "withdraw_consent"),
)


class ReviewedViews(RecordViewSet[R]):
    """What a viewset of reviewed things has beside the moves of its own kind."""

    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    #: Files come as forms; everything else as JSON.
    takes_file = frozenset({"attach"})
    #: The shape in which the draft coach answers.
    advice_serializer_class: type[Serializer[Any]]

    def get_permissions(self) -> list[BasePermission]:
        return [Everybody() if self.request.method in SAFE_METHODS else SignedIn()]

    @move(takes=RoundInput)
    def submit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for it to be let in: into the pool, or onto the market."""
        return self.moved(actions.submit, RoundInput)

    @move()
    def take_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take back what was submitted before it is decided on."""
        return self.moved(actions.take_back)

    @move(takes=FindingsInput)
    def send_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give it, or a change of it, back to be put right, as a reviewer."""
        return self.moved(actions.send_back, FindingsInput)

    @move(takes=ReasonInput)
    def refuse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep it out, or refuse a change, or the exit of a pool entry, as a reviewer."""
        return self.moved(actions.refuse, ReasonInput)

    @move(takes=RoundInput)
    def submit_change(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for the proposed words to take the place of the live ones."""
        return self.moved(actions.submit_change, RoundInput)

    @move()
    def withdraw_change(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Drop the proposed words, submitted or not."""
        return self.moved(actions.withdraw_change)

    @move(takes=ReasonInput)
    def spill(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """
        Close it to everybody and erase what it said, as a secrecy officer.

        The listings that point at an entry of a pool are sealed with it, at once.
        """
        return self.moved(actions.spill, ReasonInput)

    @extend_schema(responses=WordingSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def wordings(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List what it says, said and would say, the newest first; to whom reads it whole."""
        return self._page(Wording.objects.of(self._whole()), WordingSerializer)

    @extend_schema(responses=SubmissionSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def submissions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the rounds of review, the newest first; to whom reads it whole."""
        rows = Submission.objects.visible_to(self.actor).of(self._whole())
        return self._page(rows, SubmissionSerializer)

    @extend_schema(responses=ConsentSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def consents(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the consents of its owners, the newest first."""
        rows = Consent.objects.visible_to(self.actor).filter(subject_id=self._whole().pk)
        return self._page(rows, ConsentSerializer)

    @action(detail=True, methods=["get"], filterset_class=None)
    def advice(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say what a reader will miss in the newest words; to their own organization."""
        row = self.get_object()
        if not self.actor.acts_for(row.organization_id):
            raise Missing
        words = with_proposal(row).all_words()
        found = {
            "advice": [
                {
                    "code": each.code,
                    "field": each.field,
                    "message": gettext(each.message).format(**each.facts),
                }
                for each in advice(words, kind=row.draft_kind())
            ],
            "duplicates": [
                {
                    "id": other.pk,
                    "title": other.words(["title"])["title"],
                    "state": other.state,
                    "likeness": round(much, 3),
                }
                for other, much in alike(row, words)
            ],
        }
        return Response(self.advice_serializer_class(found).data)

    @move()
    def consent(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Agree to the newest wording, as a manager of an owner."""
        return self.moved(actions.consent)

    @move()
    def withdraw_consent(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take back one's organization's consent to the newest wording."""
        return self.moved(actions.withdraw_consent)

    @extend_schema(responses=FileSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def files(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the files that one may open; of the others not even the number is told."""
        row = self.get_object()
        rows = Attachment.objects.readable(row, self.actor).select_related("document")
        return self._page(rows, FileSerializer)

    @extend_schema(request={"multipart/form-data": FileInput}, responses={201: FileSerializer})
    @files.mapping.post
    def attach(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Hang a file of the own organization on it."""
        row = self.get_object()
        self.actor.must_act_for(row.organization_id)
        given = self.given(FileInput)
        purpose, secrecy = given.pop("purpose"), given.pop("secrecy")
        document = take_upload(self, given)
        attachment = actions.attach(row, document, purpose=purpose, secrecy=secrecy, by=self.actor)
        place = f"{self.request.path.rstrip('/')}/{attachment.pk}"
        headers = {"Location": place, "ETag": f'"{attachment.pk}.{attachment.version}"'}
        return Response(FileSerializer(attachment).data, status=201, headers=headers)

    @extend_schema(responses=FILE_ANSWER)
    @action(
        detail=True,
        methods=["get"],
        url_path="files/<uuid:file>",
        url_name="file",
        filterset_class=None,
    )
    def file(self, request: Request, *args: Any, **kwargs: Any) -> FileResponse:
        """Send a file; that it was opened, and by whom, is written down."""
        attachment, _row = self._attachment()
        return sent(attachment.document, self)

    @extend_schema(responses={204: None})
    @file.mapping.delete
    def detach(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a file off it, and destroy the file."""
        attachment, row = self._attachment()
        actions.detach(attachment, row, by=self.actor)
        return Response(status=204)

    def _whole(self) -> R:
        """Return the thing, if the actor reads it whole."""
        row = self.get_object()
        if row.level_for(self.actor) is not Secrecy.UNDER_NDA:
            raise Missing
        return row

    def _attachment(self) -> tuple[Attachment, R]:
        row = self.get_object()
        rows = Attachment.objects.readable(row, self.actor).select_related("document")
        key: UUID = self.kwargs["file"]
        return get_object_or_404(rows, pk=key), row

    def _page(self, rows: QuerySet[M], shape: type[BaseSerializer[M]]) -> Response:
        page: Any = self.paginate_queryset(rows)  # type: ignore[arg-type]
        return self.get_paginated_response(shape(page, many=True).data)
