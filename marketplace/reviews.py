"""Reviews: who decides on what others put up, on which wording, and what is to be put right."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import auto
from typing import Any
from uuid import UUID

from marketplace.actors import Actor, Role
from marketplace.errors import Conflict, Invalid, Refused
from marketplace.secrecy import clearance_faults
from marketplace.vocabulary import Term


class SubjectKind(Term):
    """What kind of thing is reviewed."""

    TALENT = auto()
    FUND = auto()
    PROJECT = auto()
    LISTING = auto()


class Purpose(Term):
    """What a submission asks for: to come in, to read otherwise, or to go out."""

    ENTRY = auto()
    CHANGE = auto()
    EXIT = auto()


class Verdict(Term):
    """How a submission ended."""

    ACCEPTED = auto()
    SENT_BACK = auto()
    REFUSED = auto()
    WITHDRAWN = auto()


class FindingCode(Term):
    """Why something has to be put right (整改原因)."""

    INCOMPLETE = auto()
    VAGUE = auto()
    NO_EVIDENCE = auto()
    WRONG_CODE = auto()
    DUPLICATE = auto()
    RIGHTS_UNCLEAR = auto()
    EXAGGERATED = auto()
    CONFIDENTIAL_IN_PUBLIC = auto()
    CONTACT_IN_TEXT = auto()
    OTHER = auto()


class AttachmentPurpose(Term):
    """What a file says about the thing that it hangs on."""

    PRE_FILING_ASSESSMENT = auto()
    EVALUATION_REPORT = auto()
    TEST_REPORT = auto()
    CERTIFICATE = auto()
    DESCRIPTION = auto()
    PICTURE = auto()
    OTHER = auto()


#: Who decides on what others submit.
REVIEWERS = (Role.REVIEWER, Role.ADMINISTRATOR)
#: How it is written down that a reviewer let a thing in, by the move.
LET_IN = {"admit": "admitted", "publish": "published"}
#: In these states, of whatever kind of thing, it is over.
CLOSED = frozenset({"refused", "left", "withdrawn", "expired", "concluded", "sealed"})
#: How many findings there may be, and how long the texts.
MOST_FINDINGS, LONGEST_FINDING = 40, 1000
LONGEST_NOTE, LONGEST_NAME = 2000, 80


def must_decide(
    by: Actor, *, author: UUID, organization: UUID, memberships: Sequence[UUID]
) -> UUID:
    """
    Return the person who decides on what `author` submitted for `organization`, or raise Refused.

    A decision is made by a person who is reviewer or administrator, is not the author, and has no
    membership in the organization, whichever one they act for right now.
    """
    by.must_have(*REVIEWERS)
    if by.user is None:
        raise Refused("A decision is made by a person.", code="no_person")
    if by.user == author:
        raise Refused("Nobody decides on what they wrote themselves.", code="own_work")
    if organization == by.organization or organization in memberships:
        raise Refused(
            "Nobody decides on what their own organization submitted.", code="own_organization"
        )
    return by.user


def must_be_open(move: str, *, state: Term, among: Collection[str]) -> None:
    """Raise Conflict unless `move` is `among` the moves that are open in `state`."""
    if move not in among:
        raise Conflict(
            "This is {state} now; “{move}” is not possible.",
            code="wrong_state",
            state=state,
            move=move,
        )


def shows_review(by: Actor, organization: UUID) -> bool:
    """Say whether `by` sees who wrote and who reviewed a thing, and the notes on it."""
    return by.acts_for(organization) or by.has(*REVIEWERS)


def must_give_reason(reason: str) -> None:
    """Raise Invalid unless there are words for why something is turned down."""
    if not reason.strip():
        raise Invalid("Say why, so that it can be put right.", code="missing", field="reason")


def must_be_cleared(cleared_by: str) -> None:
    """Raise Invalid unless somebody cleared that there is no state secret (国家秘密) in it."""
    for fault in clearance_faults(True, cleared_by):
        raise fault


def finding_faults(findings: Sequence[Mapping[str, str]], names: Iterable[str]) -> list[Invalid]:
    """
    Return what is wrong with the findings on a thing that has the words `names`.

    Each names a word of the thing, or none for the whole, a code, and what to do:

        finding_faults([], ["title"])  → a fault: there must be one
        one = {"field": "title", "code": "vague", "text": "Which steel?"}
        finding_faults([one], ["title"])  → none
        finding_faults([one], ["body"])   → a fault: there is no such word
    """
    if not findings:
        return [Invalid("Say what is to be put right.", code="missing", field="findings")]
    known = {"", *names}
    found = []
    for position, finding in enumerate(findings):
        if finding.get("field", "") not in known:
            found.append(
                Invalid(
                    "There is no such field.",
                    code="unknown_field",
                    field=f"findings.{position}.field",
                )
            )
        if not finding.get("text", "").strip():
            found.append(
                Invalid(
                    "Say what is to be put right.",
                    code="missing",
                    field=f"findings.{position}.text",
                )
            )
    return found


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """
    Return the names of the words that differ, in order; of nested words the path.

        changed({"title": "A", "body": "x"}, {"title": "B", "body": "x"}) → ["title"]
        changed({"terms": {"stage": "seed"}}, {"terms": {"stage": "angel"}}) → ["terms.stage"]
    """
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += [f"{name}.{inner}" for inner in changed(old, new)]
        elif old != new:
            found.append(name)
    return found


def merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return words with those `given` in their place; of nested ones, what is not given stays.

        merged({"title": "A", "terms": {"stage": "seed"}}, {"terms": {"months": 3}})
        → {"title": "A", "terms": {"stage": "seed", "months": 3}}
    """
    nested = {
        name: {**old, **given[name]}
        for name, old in before.items()
        if isinstance(old, Mapping) and isinstance(given.get(name), Mapping)
    }
    return {**before, **given, **nested}
