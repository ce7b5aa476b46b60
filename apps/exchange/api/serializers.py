"""The shapes in which imports travel."""

from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.base.api.errors import words
from apps.base.api.serializers import Moves, TermChoice
from apps.documents.api.streams import UploadInput
from apps.exchange.models import Import, ImportFault
from marketplace.coach import DraftKind
from marketplace.errors import Invalid
from marketplace.exchange import (
    BY_ITSELF,
    IMPORT,
    MOST_FAULTS,
    FileFormat,
    ImportState,
    columns_of,
)


class ImportInput(UploadInput):
    """A table and its clearance, as multipart/form-data."""

    kind = TermChoice(DraftKind)
    submit = serializers.BooleanField(
        default=False, help_text="Whether what comes in is submitted for review at once."
    )


class ImportSerializer(serializers.ModelSerializer[Import]):
    """How far a file has come."""

    organization = serializers.UUIDField(source="organization_id", read_only=True)
    author = serializers.UUIDField(source="author_id", read_only=True)
    name = serializers.CharField(source="imported_from", read_only=True)
    sha256 = serializers.CharField(source="document.sha256", read_only=True)
    kind = TermChoice(DraftKind, read_only=True)
    file_format = TermChoice(FileFormat, read_only=True)
    state = TermChoice(ImportState, read_only=True)
    rows_total = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Null until the file has been read."
    )
    rows_done = serializers.IntegerField(
        read_only=True, help_text="How many rows the present state has dealt with."
    )
    has_more_faults = serializers.SerializerMethodField(
        help_text=f"Whether there are more faults than the {MOST_FAULTS} that are told."
    )
    failure = serializers.CharField(
        read_only=True, help_text="The code of what stopped it, where it has failed."
    )
    moves = Moves(IMPORT, by_clock=BY_ITSELF)

    class Meta:
        model = Import
        fields = [
            *("id", "version", "organization", "author", "name", "sha256", "kind", "file_format"),
            *("submit", "state", "rows_total", "rows_done", "rows_created", "rows_changed"),
            *("rows_unchanged", "rows_submitted", "faults_total", "has_more_faults"),
            *("check_seconds", "commit_seconds", "failure", "created_at", "updated_at", "moves"),
        ]

    def get_has_more_faults(self, job: Import) -> bool:
        return job.faults_total > MOST_FAULTS


class ImportFaultSerializer(serializers.ModelSerializer[ImportFault]):
    """What is wrong in one place of a file."""

    row = serializers.IntegerField(
        read_only=True, help_text="In Excel and CSV the headings are row 1."
    )
    heading = serializers.SerializerMethodField(
        help_text="The heading of the column in the language of the reader."
    )
    place = serializers.CharField(
        read_only=True, help_text="Of several things in a cell, which: the first has the number 0."
    )
    detail = serializers.SerializerMethodField()

    class Meta:
        model = ImportFault
        fields = ["row", "column", "heading", "place", "code", "detail"]

    def get_heading(self, fault: ImportFault) -> str:
        columns = {column.key: column for column in columns_of(fault.import_job.kind)}
        column = columns.get(fault.column)
        if column is None:
            return fault.column
        return column.en if get_language() == "en" else column.heading.zh

    @extend_schema_field(str)
    def get_detail(self, fault: ImportFault) -> str:
        return words_of(fault)


def words_of(fault: ImportFault) -> str:
    """Say what is wrong in the reader's language."""
    facts = {name: _fact(value) for name, value in fault.facts.items()}
    return words(Invalid(fault.message, **facts))


def _fact(value: Any) -> Any:
    if isinstance(value, dict):
        return import_string(value["vocabulary"])(value["word"])
    return value
