"""How organizations were asked, and how they answered, as the journal tells."""

# ruff: noqa: S608  (what is put together here are our own names; all that is given is a parameter)

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from apps.journal.models import Entry
from apps.markets.models import Listing
from marketplace.standing import ANSWERING, ASKING, ENDING, WINDOW, Question

#: What deals are called in the journal: they lie above us, and so does their table.
DEAL = "deals.deal"

ENTRIES, LISTINGS = Entry._meta.db_table, Listing._meta.db_table
#: Whoever is interested asks the other side; where a broker introduces two, the owner answers.
QUESTIONS = f"""
    WITH asked AS MATERIALIZED (
        SELECT entry.subject_id, entry.at,
            CASE WHEN entry.verb = 'deal.introduced'
                THEN (SELECT organization_id FROM {LISTINGS} listing
                    WHERE listing.id = (entry.facts ->> 'offer')::uuid)
                ELSE (SELECT party FROM unnest(entry.parties) party
                    WHERE party <> entry.actor_organization ORDER BY party LIMIT 1)
            END AS organization
        FROM {ENTRIES} entry
        WHERE entry.subject_type = %(deal)s AND entry.verb = ANY (%(asking)s)
            AND entry.at > %(since)s AND entry.parties && %(organizations)s::uuid[]
    )
    SELECT asked.organization, asked.at,
        (SELECT min(answer.at) FROM {ENTRIES} answer
            WHERE answer.subject_type = %(deal)s AND answer.subject_id = asked.subject_id
            AND answer.verb = ANY (%(answering)s)
            AND answer.actor_organization = asked.organization),
        (SELECT min(ended.at) FROM {ENTRIES} ended
            WHERE ended.subject_type = %(deal)s AND ended.subject_id = asked.subject_id
            AND ended.verb = ANY (%(ending)s))
    FROM asked
    WHERE asked.organization = ANY (%(organizations)s::uuid[])
"""


def questions_to(organizations: Iterable[UUID], *, now: datetime) -> dict[UUID, list[Question]]:
    """Return what each organization was asked in the time that counts; with one query."""
    found: dict[UUID, list[Question]] = {pk: [] for pk in organizations}
    if not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            QUESTIONS,
            {
                "deal": DEAL,
                "asking": list(ASKING),
                "answering": list(ANSWERING),
                "ending": list(ENDING),
                "since": now - WINDOW,
                "organizations": list(found),
            },
        )
        for organization, asked_at, answered_at, ended_at in cursor.fetchall():
            found[organization].append(Question(asked_at, answered_at, ended_at))
    return found
