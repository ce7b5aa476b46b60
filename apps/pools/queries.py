"""What the actions of pools and markets ask of the tables before they decide."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth

from apps.accounts.models import Organization
from apps.pools.models import Fund, Project, Talent
from apps.taxonomy.models import Code
from apps.taxonomy.queries import resolve_optional, valid_on
from marketplace.actors import Actor
from marketplace.errors import Invalid
from marketplace.funding import TYPES, Fact, FactType
from marketplace.pools import Month, PoolKind, PoolState, flows
from marketplace.rights import normalised
from marketplace.taxonomy import Subject

#: Which code list each word of an entry or listing that is a code belongs to.
SUBJECTS = {
    "region": Subject.REGION,
    "field": Subject.TECHNOLOGY_FIELD,
    "discipline": Subject.DISCIPLINE,
    "intellectual_property": Subject.INTELLECTUAL_PROPERTY,
}
#: The same, of each word that is a list of codes.
LIST_SUBJECTS = {"regions": Subject.REGION, "fields": Subject.TECHNOLOGY_FIELD}
#: The same, of the facts that a condition of a fund compares with codes.
FACT_SUBJECTS = {Fact.REGION: Subject.REGION, Fact.FIELD: Subject.TECHNOLOGY_FIELD}
#: Which words name organizations, each in its items.
NAMES_ORGANIZATIONS = ("owners", "inventors", "employments")

TABLES: dict[PoolKind, type[Talent] | type[Fund] | type[Project]] = {
    PoolKind.TALENT: Talent,
    PoolKind.FUND: Fund,
    PoolKind.PROJECT: Project,
}


def resolved(terms: Mapping[str, Any], *, on: date) -> tuple[dict[str, Any], list[Invalid]]:
    """Return `terms` with codes instead of what was written of them, and which are none."""
    found = dict(terms)
    unknown: list[Invalid] = []
    for name in SUBJECTS.keys() & terms.keys():
        if isinstance(terms[name], Code):
            continue
        try:
            found[name] = resolve_optional(SUBJECTS[name], terms[name], on=on, field=name)
        except Invalid as error:
            unknown.append(error)
            # Said to be unknown, it is not to be called missing too.
            found[name] = terms[name]
    for name in LIST_SUBJECTS.keys() & terms.keys():
        found[name], wrong = _keys(LIST_SUBJECTS[name], terms[name] or [], on=on, field=name)
        unknown += wrong
    unknown += _unknown_kinds(terms.get("rights"), on=on)
    unknown += _unknown_in_conditions(terms.get("conditions"), on=on)
    return found, unknown


def with_codes(rows: Sequence[Mapping[str, Any]], *, on: date) -> list[Mapping[str, Any]]:
    """Return many terms with codes instead of what is written of them; one query for each list."""
    codes = {
        name: {
            code.code: code
            for code in Code.objects.filter(
                valid_on(on, "edition__"),
                edition__subject=subject,
                code__in={str(row[name]) for row in rows if row.get(name)},
            )
        }
        for name, subject in SUBJECTS.items()
    }
    # What is no code stays as it is written, for `resolved` to say so.
    return [
        {**row, **{n: codes[n].get(row[n], row[n]) for n in SUBJECTS.keys() & row.keys()}}
        for row in rows
    ]


def known(
    rows: Sequence[Mapping[str, Any]], organization: UUID, *, on: date
) -> list[tuple[dict[str, Any], list[Invalid]]]:
    """Return each of `rows` as it is kept, with keys of codes, and what of it there is not."""
    answers = []
    for terms in with_codes(rows, on=on):
        if terms.get("rights"):
            terms = {**terms, "rights": [_right(each) for each in terms["rights"]]}
        found, unknown = resolved(terms, on=on)
        kept = {name: word.pk if isinstance(word, Code) else word for name, word in found.items()}
        answers.append((kept, [*unknown, *unknown_organizations(terms, own=organization)]))
    return answers


def plain(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return `words` with codes as people write them, without their edition."""
    codes = {name: _bare(words[name]) for name in SUBJECTS.keys() & words.keys()}
    lists = {
        name: [_bare(each) for each in words[name] or []]
        for name in LIST_SUBJECTS.keys() & words.keys()
    }
    return {**words, **codes, **lists}


def unknown_organizations(terms: Mapping[str, Any], *, own: UUID) -> list[Invalid]:
    """
    Return a fault for each organization that an item of `terms` names and that is not there.

    The `own` one is there before it is verified.
    """
    named = {
        f"{name}.{position}.organization": item["organization"]
        for name in NAMES_ORGANIZATIONS
        for position, item in enumerate(_items(terms.get(name)))
        if item.get("organization")
    }
    keys = {path: _uuid(key) for path, key in named.items()}
    wanted = {key for key in keys.values() if key is not None} - {own}
    there = {own}
    if wanted:
        rows = Organization.objects.filter(pk__in=wanted, verified_at__isnull=False)
        there.update(rows.values_list("pk", flat=True))
    return [
        Invalid("There is no such verified organization.", code="unknown_organization", field=path)
        for path, key in keys.items()
        if key not in there
    ]


def unknown_members(team: Talent) -> list[Invalid]:
    """
    Return a fault for each member of a team that names a talent whom it cannot name.

    It can name its organization's own talents and those in the pool; of dual-use ones only if it is
    of dual use itself, for whoever reads of the team reads of them.
    """
    keys = {
        f"members.{position}.talent": _uuid(item["talent"])
        for position, item in enumerate(_items(team.members))
        if item.get("talent")
    }
    if not keys:
        return []
    rows = Talent.objects.filter(pk__in=[key for key in keys.values() if key is not None])
    there = {
        row.pk
        for row in rows.exclude(state=PoolState.SEALED)
        if (row.state is PoolState.ADMITTED or row.organization_id == team.organization_id)
        and (team.dual_use is not None or row.dual_use is None)
    }
    return [
        Invalid("There is no such talent in the pool.", code="unknown_entry", field=path)
        for path, key in keys.items()
        if key not in there
    ]


def just_closed(today: date) -> QuerySet[Fund]:
    """Return the funds in the pool that were open for the last time, and were not told of."""
    due = Fund.objects.all().admitted().filter(closes_on__lt=today, closed_noticed_on=None)
    return due.order_by("pk")


def flows_of(pool: PoolKind, *, since: date, until: date, by: Actor) -> list[Month]:
    """Return by month what came into `pool`, what left it and what was in it at the end."""
    rows = TABLES[pool]._default_manager.all().counted_for(by)
    return flows(
        entered=_by_month(rows, "admitted_on", until),
        left=_by_month(rows, "left_on", until),
        since=since,
        until=until,
    )


def _by_month(rows: Any, column: str, until: date) -> dict[date, int]:
    dated = rows.filter(**{f"{column}__lt": until}).annotate(month=TruncMonth(column))
    return dict(dated.values("month").annotate(count=Count("pk")).values_list("month", "count"))


def _keys(
    subject: Subject, codes: Sequence[str], *, on: date, field: str
) -> tuple[list[str], list[Invalid]]:
    """Return the keys of `codes`, in their order, and which are none; with one query."""
    known = _known(subject, codes, on=on)
    unknown = [
        _unknown_code(code, f"{field}.{position}")
        for position, code in enumerate(codes)
        if code not in known
    ]
    return [known.get(code, code) for code in codes], unknown


def _known(subject: Subject, codes: Iterable[str], *, on: date) -> dict[str, str]:
    wanted = set(codes)
    if not wanted:
        return {}
    rows = Code.objects.filter(valid_on(on, "edition__"), edition__subject=subject, code__in=wanted)
    return dict(rows.values_list("code", "key"))


def _unknown_code(code: str, field: str) -> Invalid:
    return Invalid("“{given}” is no code.", code="unknown_code", field=field, given=code)


def _unknown_kinds(rights: Any, *, on: date) -> list[Invalid]:
    """Return a fault for each right whose kind is no code."""
    kinds = {
        f"rights.{position}.kind": str(item["kind"])
        for position, item in enumerate(_items(rights))
        if item.get("kind")
    }
    known = _known(Subject.INTELLECTUAL_PROPERTY, kinds.values(), on=on)
    return [_unknown_code(code, path) for path, code in kinds.items() if code not in known]


def _unknown_in_conditions(conditions: Any, *, on: date) -> list[Invalid]:
    """Return a fault for each code in a condition that is none."""
    asked: dict[str, tuple[Subject, str]] = {}
    for position, condition in enumerate(_items(conditions)):
        fact, values = condition.get("fact"), condition.get("value")
        if (
            fact in Fact.values()
            and TYPES[Fact(str(fact))] is FactType.CODE
            and isinstance(values, list)
        ):
            for place, code in enumerate(values):
                path = f"conditions.{position}.value.{place}"
                asked[path] = FACT_SUBJECTS[Fact(str(fact))], str(code)
    known = {
        subject: _known(subject, [code for each, code in asked.values() if each is subject], on=on)
        for subject in {subject for subject, _ in asked.values()}
    }
    return [
        _unknown_code(code, path)
        for path, (subject, code) in asked.items()
        if code not in known[subject]
    ]


def _right(item: Any) -> Any:
    """Return a right with its number as it is kept."""
    number = item.get("number") if isinstance(item, Mapping) else None
    return {**item, "number": normalised(number)} if isinstance(number, str) else item


def _bare(code: Any) -> Any:
    if isinstance(code, Code):
        return code.code
    return code.rpartition(":")[2] if isinstance(code, str) else code


def _items(words: Any) -> list[Mapping[str, Any]]:
    return [each for each in words if isinstance(each, Mapping)] if isinstance(words, list) else []


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
