"""How the routes of higher floors take a file in, and send one."""

from typing import Any

from django.core.files.storage import storages
from django.http import FileResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.serializers import Input
from apps.base.api.views import ActorView
from apps.documents import actions
from apps.documents.models import Document
from marketplace.documents import LONGEST_NAME, LONGEST_PERSON
from marketplace.errors import Invalid

#: How much of a file is sent at once.
PIECE = 256 * 1024
#: What an answer with a file is, for `extend_schema(responses=…)`.
FILE_ANSWER = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


@extend_schema_field({"type": "string", "format": "binary", "contentMediaType": "*/*"})
class UploadedBytes(serializers.FileField):
    """The part of a form that is a file; the rules for its name are the market's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, **options)


class UploadInput(Input):
    """
    A file and its clearance, as multipart/form-data; add fields where more has to be said of it.

    Multipart is what every client library and every browser can send, and Django reads it as a
    stream, where a body that is base64 within JSON would have to be held whole.
    """

    file = UploadedBytes()
    name = serializers.CharField(
        required=False,
        max_length=LONGEST_NAME,
        trim_whitespace=False,
        help_text=_("Under which name it is shown; else the file's own name."),
    )
    no_state_secret = serializers.BooleanField(
        help_text=_("Declares that the file holds no state secret (国家秘密); must be true.")
    )
    cleared_by = serializers.CharField(
        max_length=LONGEST_PERSON, help_text=_("Who in the organization cleared it.")
    )


def take_upload(view: ActorView, given: dict[str, Any] | None = None) -> Document:
    """
    Store the file that the request to `view` carries, which names its action in `takes_file`.

    `given` is what `view.given(…)` returned for a shape of your own, derived from UploadInput.
    """
    given = view.given(UploadInput) if given is None else given
    if not given["no_state_secret"]:
        raise Invalid(
            "Only what was cleared as holding no state secret may be handed in.",
            code="not_cleared",
            field="no_state_secret",
        )
    return actions.store(
        given["file"],
        name=given.get("name", given["file"].name),
        cleared_by=given["cleared_by"],
        by=view.actor,
    )


def sent(document: Document, view: ActorView) -> FileResponse:
    """
    Write down who opens a file, and send it as a stream; whether they may, you have decided.

    It is always something to save, never a page: no browser runs what is in it.
    """
    document = actions.note_opening(document, by=view.actor)
    response = FileResponse(
        storages["documents"].open(document.place),
        as_attachment=True,
        filename=document.name,
        content_type=document.media_type.value,
    )
    response.block_size = PIECE
    response["Content-Length"] = document.size
    response["ETag"] = f'"{document.sha256}"'
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response
