"""Files that are taken in row by row: how far each has come, and what is wrong with it."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Organization, User
from apps.base.fields import TermField, WordsField
from apps.base.models import Record, RecordQuerySet, life_cycle
from apps.documents.models import Document
from marketplace.actors import Actor
from marketplace.coach import DraftKind
from marketplace.exchange import IMPORT, RUNNING, FileFormat, ImportState
from marketplace.reviews import LONGEST_NAME


class ImportQuerySet(RecordQuerySet["Import"]):
    """Imports."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of one's own organization: what is in them is nobody else's business."""
        if actor.is_system:
            return self
        return self.filter(organization=actor.organization)

    def running(self) -> Self:
        """Return those in which there is work to be done, the one that waits longest first."""
        return self.filter(state__in=RUNNING).order_by("updated_at")


class Import(Record):
    """
    A table of an organization that is checked as a whole, and then taken in.

    Its rows are read once and kept as `ImportRow` until they are in. `rows_done` is how many of
    them the present state, checking or committing, has dealt with.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    kind = TermField(DraftKind)
    file_format = TermField(FileFormat)
    document = models.OneToOneField(Document, models.PROTECT, related_name="import_of_it")
    #: Whether what comes in is submitted for review at once, and who cleared it.
    submit = models.BooleanField(default=False)
    cleared_by = models.CharField(max_length=LONGEST_NAME)
    state = TermField(ImportState, default=IMPORT.start)
    #: Whether it was being taken in when it was cancelled or failed.
    is_commit = models.BooleanField(default=False)
    #: NULL until the file has been read.
    rows_total = models.PositiveIntegerField(null=True)
    rows_done = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    rows_submitted = models.PositiveIntegerField(default=0)
    #: How many faults there are; no more than MOST_FAULTS of them are kept.
    faults_total = models.PositiveIntegerField(default=0)
    #: For how many seconds it was worked on.
    check_seconds = models.FloatField(default=0)
    commit_seconds = models.FloatField(default=0)
    #: Why it failed: the code of an error, never what is in the file.
    failure = models.CharField(max_length=80, blank=True, default="")
    imported_from = models.CharField(max_length=80, blank=True, default="")
    #: When its rows and its file were removed, because nobody went on with it.
    forgotten_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=DraftKind.values()), name="import_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(file_format__in=FileFormat.values()), name="import_format_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values()), name="import_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(rows_total=None, rows_done=0)
                | Q(rows_total__isnull=False, rows_done__lte=F("rows_total")),
                name="import_does_no_more_rows_than_there_are",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(rows_done=F("rows_total"), faults_total=0),
                name="import_is_done_as_a_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failure=""), name="import_says_why_it_failed"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="import_of_organization"),
            models.Index(
                fields=["updated_at"],
                condition=Q(state__in=sorted(state.value for state in RUNNING)),
                name="import_running",
            ),
        ]
        triggers = life_cycle(IMPORT, "import")

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M}"


class ImportRow(models.Model):
    """One row of a file, as it was read: work to be done, removed when the import is over."""

    import_job = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    #: In which row of the file it stands; the first is 1.
    number = models.PositiveIntegerField()
    reference = models.CharField(max_length=80)
    #: What it says, by column.
    words = WordsField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["import_job", "number"], name="import_row_is_read_once")
        ]

    def __str__(self) -> str:
        return f"{self.import_job_id}, row {self.number}"


class ImportFaultQuerySet(models.QuerySet["ImportFault"]):
    """Faults of imports."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of the imports that the actor may know of."""
        return self.filter(import_job__in=Import.objects.visible_to(actor).values("pk"))


class ImportFault(models.Model):
    """What is wrong in one place of a file."""

    import_job = models.ForeignKey(Import, models.CASCADE, related_name="faults")
    row = models.PositiveIntegerField()
    #: The key of the column, or the heading where there is no such column; empty for the row.
    column = models.CharField(max_length=120, blank=True)
    #: Where in the cell, of several things: "rights.0.number" is the number of the first.
    place = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=80)
    #: The English words, with the facts that they name: each reader reads it in his language.
    message = models.TextField()
    facts = WordsField(default=dict)

    objects = ImportFaultQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["import_job", "row", "id"], name="import_fault_of_import")]

    def __str__(self) -> str:
        return f"{self.import_job_id}, row {self.row}: {self.code}"
