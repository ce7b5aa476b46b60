"""What the actions of reviewed things ask before they decide, and what sets each kind apart."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from apps.accounts.models import Organization
from apps.accounts.queries import (
    memberships_of,
    must_be_verified,
    must_be_vetted,
    organization_of,
    person_of,
)
from apps.base.models import RecordQuerySet
from apps.reviews.models import Attachment, Consent, Reviewed, Submission, Wording
from marketplace.actors import Actor
from marketplace.coach import duplicates
from marketplace.errors import Conflict, Invalid, Missing
from marketplace.reviews import CLOSED, Verdict, merged, must_be_open, must_decide

S = TypeVar("S", bound=Reviewed)

#: How many files can hang on one thing.
MOST_FILES = 40
#: With how many things of its owner one is compared, the newest first.
COMPARED = 500


class Rules(Generic[S]):
    """
    What the actions of one kind of reviewed thing do besides what they do with every kind.

    Which class this is for each kind stands in settings.REVIEWED. `worded` is the thing as it would
    be with the proposed words, or the thing itself where none are proposed; methods that return
    names say which columns they have changed, for the caller to store.
    """

    #: Said where the organization has another thing of the same external reference.
    reference_taken: str
    #: Which columns show that the organization has done something about its thing.
    signs: tuple[str, ...] = ()

    def known(
        self, rows: Sequence[Mapping[str, Any]], organization: UUID
    ) -> list[tuple[dict[str, Any], list[Invalid]]]:
        """Return each of `rows` as it is kept, with keys of codes, and what of it there is not."""
        raise NotImplementedError

    def faults(self, subject: S, words: Mapping[str, Any], stage: Any) -> list[Invalid]:
        """Return what is wrong with the words of a thing that is to reach `stage`."""
        raise NotImplementedError

    def sign(self, subject: S, *, by: Actor) -> None:
        """Note that its organization does something about a thing that is held."""

    def proposed(self, subject: S, worded: S) -> list[str]:
        """Raise where words cannot take the place of the live ones."""
        return []

    def consenting(self, subject: S, worded: S) -> S:
        """Return that of both whose owners must consent."""
        return subject

    def unready(self, worded: S) -> list[Invalid]:
        """Return what besides the words themselves keeps a thing from being submitted."""
        return []

    def accepted(self, subject: S, worded: S) -> list[str]:
        """Note the day on which a thing, or other words of it, became live; or raise."""
        return []

    def written(self, subjects: Sequence[S]) -> None:
        """Store what is kept of the live words of things of one kind outside their own table."""

    def erase(self, subject: S) -> list[str]:
        """Erase what a thing says besides its words."""
        return []

    def pointing_at(self, subject: Reviewed) -> Iterable[Reviewed]:
        """Return the things of this kind that are sealed together with `subject`."""
        return ()


@cache
def _rules(path: str) -> Rules[Any]:
    found: Rules[Any] = import_string(path)()
    return found


def rules_of(subject: S) -> Rules[S]:
    """Return what sets the kind of `subject` apart."""
    return _rules(settings.REVIEWED[subject.kind_of_subject])


def pointing_at(subject: Reviewed) -> list[Reviewed]:
    """Return the things of all kinds that are sealed together with `subject`."""
    every = dict.fromkeys(settings.REVIEWED.values())
    return [row for path in every for row in _rules(path).pointing_at(subject)]


def held(subject: S, *, by: Actor, expected: int | None = None) -> S:
    """Read `subject` afresh and hold it until the transaction ends."""
    rows = cast("RecordQuerySet[S]", type(subject)._default_manager.all())
    return rows.locked(subject, by=by, expected=expected)


def own(subject: S, *, by: Actor, expected: int | None = None, move: str = "") -> S:
    """Hold a thing of the actor's organization, on which `move` is open."""
    subject = held(subject, by=by, expected=expected)
    by.must_act_for(subject.organization_id)
    by.must_have(*subject.authors())
    if move:
        _must_be_open(move, subject)
    rules_of(subject).sign(subject, by=by)
    return subject


def decided(subject: S, move: str, *, by: Actor, expected: int | None = None) -> tuple[S, UUID]:
    """Hold a thing on which `by` decides by `move`, and return the person who does."""
    subject = held(subject, by=by, expected=expected)
    asked = Submission.objects.open().of(subject).values_list("submitted_by_id", flat=True)
    memberships = memberships_of(by.user)
    for author in {subject.author_id, *asked}:
        reviewer = must_decide(
            by, author=author, organization=subject.organization_id, memberships=memberships
        )
    _must_be_open(move, subject)
    return subject, reviewer


def begun(
    table: type[S],
    rows: Mapping[str, Mapping[str, Any]],
    imported_from: str,
    kind: Mapping[str, Any],
    *,
    by: Actor,
) -> list[S]:
    """Return a new draft for each of `rows`; what is wrong with one is told below its name."""
    owned = {"organization_id": organization_of(by), "author_id": person_of(by)}

    def blank() -> S:
        return table(**owned, imported_from=imported_from, **kind)

    by.must_have(*blank().authors())
    rules, subjects, wrong = rules_of(blank()), list[S](), list[Invalid]()
    found = rules.known(list(rows.values()), owned["organization_id"])
    for place, (given, unknown) in zip(rows, found, strict=True):
        subject = blank()
        words = merged(subject.all_words(), given)
        faults = [*unknown, *rules.faults(subject, words, table.cycle.start)]
        wrong += [at(place, fault) for fault in faults]
        if not wrong:
            subjects.append(subject.with_words(words))
            subjects[-1].fill_in()
    Invalid.unless_none(wrong)
    return subjects


def must_be_fit(subject: S, worded: S, consenting: S, what_changed: str) -> None:
    """Raise unless `worded`, what is submitted of a thing, can be put before a reviewer."""
    must_be_verified(subject.organization_id)
    if worded.dual_use is not None:
        must_be_vetted(subject.organization_id)
    last = Submission.objects.of(subject).first()
    if last and last.verdict is Verdict.SENT_BACK and not what_changed.strip():
        raise Invalid(
            "Say what has changed since it was sent back.", code="missing", field="what_changed"
        )
    rules, stage = rules_of(subject), subject.cycle.moves["submit"].target
    faults = rules.faults(worded, worded.all_words(), stage)
    Invalid.unless_none([*faults, *rules.unready(worded), *unconsented(consenting)])


def must_take_file(subject: Reviewed) -> None:
    """Raise Conflict unless another file can hang on a thing."""
    if subject.state in CLOSED:
        raise Conflict(
            "This is {state} now; nothing is added to it.",
            code="wrong_state",
            state=subject.state,
        )
    if Attachment.objects.of(subject).count() >= MOST_FILES:
        raise Conflict("There are {most} files already.", code="too_many_files", most=MOST_FILES)


def hanging(attachment: Attachment, subject: Reviewed) -> Attachment:
    """Hold a file that hangs on `subject`."""
    rows = Attachment.objects.of(subject).filter(pk=attachment.pk).select_related("document")
    found = rows.select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise Missing
    return found


def with_proposal(subject: S) -> S:
    """Return a copy of a thing with the proposed words; itself, where there are none."""
    if subject.proposed_wording is None:
        return subject
    kept = Wording.objects.of(subject).get(number=subject.proposed_wording)
    worded = subject.with_words(kept.words)
    worded.proposed_at = kept.created_at
    return worded


def next_wording(subject: Reviewed) -> int:
    """Return the number of the next wording; those of dropped proposals are not used again."""
    last = Wording.objects.of(subject).values_list("number", flat=True).first()
    return max(last or 0, subject.wording) + 1


def is_reference_taken(subject: Reviewed) -> bool:
    """Say whether another thing of the organization has the external reference of this one."""
    reference = subject.words(["external_reference"])["external_reference"]
    rows: QuerySet[Any] = type(subject)._default_manager.filter(
        organization=subject.organization_id
    )
    others = rows.filter(external_reference=reference).exclude(pk=subject.pk)
    return bool(reference) and others.exists()


def alike(subject: S, words: Mapping[str, Any]) -> list[tuple[S, float]]:
    """Return the things of the same owner and kind that these words may repeat, and how much."""
    [text] = {"body", "summary"} & set(subject.word_columns())
    others = subject.siblings().order_by("-id").only("title", text, "state")
    rows: dict[UUID, S] = {row.pk: row for row in others[:COMPARED]}
    said = ((pk, row.words(["title", text])) for pk, row in rows.items())
    texts = ((pk, its["title"], its[text]) for pk, its in said)
    return [(rows[pk], much) for pk, much in duplicates(words, texts)]


def at(place: str, fault: Invalid) -> Invalid:
    """Return `fault` as one of a field below `place`, such as "terms."."""
    facts: dict[str, Any] = dict(fault.facts)
    return Invalid(fault.message, code=fault.code, field=place + fault.field, **facts)


def owing(subject: Reviewed) -> set[UUID]:
    """Return the owners of `subject` who have not agreed to its newest wording, as they must."""
    if not subject.needs_consent():
        return set()
    given = Consent.objects.current(subject.pk, subject.newest_wording)
    return subject.owning() - set(given.values_list("organization_id", flat=True))


def unconsented(subject: Reviewed) -> list[Invalid]:
    """Return a fault for every owner of `subject` who has not agreed to its newest wording."""
    names = Organization.objects.filter(pk__in=owing(subject)).order_by("id")
    return [
        Invalid(
            "This was made in the course of duty: {owner} must consent to this wording first.",
            code="consent_missing",
            field="consent",
            owner=name,
        )
        for name in names.values_list("name", flat=True)
    ]


def _must_be_open(move: str, subject: Reviewed) -> None:
    must_be_open(move, state=subject.state, among=subject.open_moves())
