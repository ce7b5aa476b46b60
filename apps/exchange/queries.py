"""What imports and exports ask of the tables."""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import override

from apps.base.fields import said
from apps.exchange.models import Import
from apps.markets.models import TABLES, Listing
from apps.pools.models import Fund, PoolEntry, Project, Talent
from apps.pools.queries import plain
from apps.reviews.models import Wording
from apps.reviews.queries import with_proposal
from apps.taxonomy.models import Code
from apps.taxonomy.queries import valid_on
from marketplace.coach import DraftKind
from marketplace.exchange import PLACES, POOLS, Labels, columns_of, plain_item
from marketplace.exchange import Code as CodeCell
from marketplace.exchange import Codes as CodesCell
from marketplace.pools import TERMS_OF, PoolKind
from marketplace.taxonomy import Subject
from marketplace.vocabulary import Term

ENTRIES: dict[PoolKind, type[Talent] | type[Fund] | type[Project]] = {
    PoolKind.TALENT: Talent,
    PoolKind.FUND: Fund,
    PoolKind.PROJECT: Project,
}
#: In which languages the label of a word is known.
LANGUAGES = ("zh-hans", "en")
#: Which code lists are offered where a table is filled in.
SUBJECTS = (
    Subject.REGION,
    Subject.TECHNOLOGY_FIELD,
    Subject.DISCIPLINE,
    Subject.INTELLECTUAL_PROPERTY,
)


def table_of(kind: DraftKind) -> type[Listing] | type[Talent] | type[Fund] | type[Project]:
    """Return the table in which things of `kind` are."""
    return ENTRIES[POOLS[kind]] if kind in POOLS else Listing


def titles_on(
    day: Any, language: str, subjects: Iterable[Subject]
) -> dict[Subject, dict[str, str]]:
    """Return the codes of some lists on a day, each with its title, in the order of the codes."""
    found: dict[Subject, dict[str, str]] = {subject: {} for subject in subjects}
    rows = Code.objects.filter(
        valid_on(day, "edition__"), edition__subject__in=list(found)
    ).values_list("edition__subject", "code", "name_zh", "name_en")
    for subject, code, chinese, english in rows.order_by("path"):
        title = english if language == "en" and english else chinese
        found[Subject(subject)][code] = title
    return found


def reading_labels() -> Labels:
    """Return how words are known where a table is read: by their labels in both languages."""
    found: dict[type[Term], dict[str, Term]] = {}

    def known(vocabulary: type[Term], text: str) -> Term | None:
        if vocabulary not in found:
            labels: dict[str, Term] = {}
            for language in LANGUAGES:
                with override(language):
                    labels |= {said(term).casefold(): term for term in vocabulary}
            found[vocabulary] = labels
        return found[vocabulary].get(text)

    return Labels(known=known)


def writing_labels(day: Any, language: str, kind: DraftKind) -> Labels:
    """Return what stands behind words and codes where a table of `kind` is written."""
    subjects = {
        column.cell.subject
        for column in columns_of(kind)
        if isinstance(column.cell, CodeCell | CodesCell)
    }
    titles = titles_on(day, language, subjects)
    return Labels(
        said=lambda term: "" if language == "en" else said(term),
        titled=lambda subject, code: titles.get(subject, {}).get(code, ""),
    )


def known_rows(
    job: Import, references: Iterable[str]
) -> dict[str, Listing | Talent | Fund | Project]:
    """
    Return what the organization of an import has already, by reference.

    What has no reference of its own goes out with its id instead, and is known by that again.
    """
    wanted = set(references)
    ids = {id for reference in wanted if (id := uuid_of(reference)) is not None}
    table = table_of(job.kind)
    rows: Any = table._default_manager.filter(
        Q(external_reference__in=wanted - {""}) | Q(pk__in=ids, external_reference=""),
        organization=job.organization_id,
    )
    if table is Listing:
        nested = TABLES[PLACES[job.kind]].__name__.lower()
        rows = rows.select_related("project", nested)
    return {row.external_reference or str(row.pk): row for row in rows}


def entries_by_reference(
    pool: PoolKind, organization: UUID, references: Iterable[str]
) -> dict[str, UUID]:
    """Return the entries of a pool that an organization means by `references`, ids among them."""
    wanted = set(references)
    ids = {id for reference in wanted if (id := uuid_of(reference)) is not None}
    rows: Any = ENTRIES[pool]._default_manager.filter(
        Q(external_reference__in=wanted - {""}) | Q(pk__in=ids), organization=organization
    )
    found: dict[str, UUID] = {}
    for pk, reference in rows.values_list("pk", "external_reference"):
        found[str(pk)] = pk
        if reference:
            found[reference] = pk
    return found


def newest_words(row: Listing | PoolEntry) -> dict[str, Any]:
    """Return what a thing says, or would say once the change that waits is in; codes are bare."""
    if isinstance(row, Listing):
        found = plain(with_proposal(row).all_words())
        return {**found, "terms": plain(found["terms"])}
    newest = row
    if row.proposed_wording is not None:
        newest = copy(row)
        newest.take_words(Wording.objects.of(row).get(number=row.proposed_wording).words)
    return plain(newest.words(TERMS_OF[row.pool]))


def differing(stands: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `wanted` that are not what stands; of nested terms those that differ."""
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if name == "terms":
            nested = differing(stands.get("terms") or {}, value)
            if nested:
                found["terms"] = nested
        elif _same_form(stands.get(name)) != _same_form(value):
            found[name] = value
    return found


def uuid_of(text: str) -> UUID | None:
    """Return the id that a text is, or None."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _same_form(value: Any) -> Any:
    """Return a word so that equal ones are equal, however they are kept."""
    if isinstance(value, list | tuple):
        return [
            plain_item(each) if isinstance(each, Mapping) else _same_form(each) for each in value
        ]
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    return value
