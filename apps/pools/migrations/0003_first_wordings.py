"""Bring the entries that are there into the form of the reviewed ones."""

from django.db import migrations

COMMON = """
    'title', title, 'summary', summary, 'blocks', blocks, 'field', field_id, 'region', region_id,
    'external_reference', external_reference, 'dual_use', dual_use
"""
#: The words of each pool; amounts and days are texts, as they are kept from now on.
WORDS = {
    "talent": """
        'kind', kind, 'discipline', discipline_id, 'professional_title', professional_title,
        'rank', rank, 'certificate', certificate, 'specialities', to_jsonb(specialities),
        'achievements', achievements, 'languages', to_jsonb(languages),
        'employments', employments, 'available_from', available_from,
        'available_share', available_share, 'members', members
    """,
    "fund": """
        'kind', kind, 'product', product, 'smallest_ticket', smallest_ticket::text,
        'largest_ticket', largest_ticket::text, 'quota', quota::text,
        'stages', to_jsonb(stages), 'fields', to_jsonb(fields), 'regions', to_jsonb(regions),
        'conditions', conditions, 'opens_on', opens_on, 'closes_on', closes_on
    """,
    "project": """
        'readiness', readiness, 'readiness_evidence', readiness_evidence,
        'intellectual_property', intellectual_property_id,
        'is_service_invention', is_service_invention, 'owners', owners, 'inventors', inventors,
        'rights', rights, 'applications', to_jsonb(applications), 'indicators', indicators,
        'reforms', to_jsonb(reforms), 'chains', to_jsonb(chains)
    """,
}

#: Until now an organization owned what it entered.
OWNERS = """
UPDATE pools_project
SET owners = jsonb_build_array(jsonb_build_object('organization', organization_id, 'share', '100.00'))
WHERE owners = '[]'
"""


def _states(pool: str) -> str:
    """What is in the pool came in, and what left it left, when it was last changed."""
    day = "(updated_at AT TIME ZONE 'Asia/Shanghai')::date"
    return f"""
        UPDATE pools_{pool} SET
            waiting = CASE WHEN state = 'submitted' THEN 'entry' END,
            admitted_on = CASE WHEN state IN ('admitted', 'left') THEN {day} END,
            left_on = CASE WHEN state = 'left' THEN {day} END
    """


def _wordings(pool: str) -> str:
    """What an entry says now is its first wording."""
    return f"""
        INSERT INTO reviews_wording
            (id, subject_kind, subject_id, number, words, author_id, created_at)
        SELECT uuidv7(), '{pool}', id, 1,
            jsonb_build_object({COMMON}) || jsonb_build_object({WORDS[pool]}),
            author_id, updated_at
        FROM pools_{pool}
    """


def _submissions(pool: str) -> str:
    """What waits for a decision was submitted before a declaration was asked for, which is said."""
    return f"""
        INSERT INTO reviews_submission (
            id, version, created_at, updated_at, subject_kind, subject_id, organization_id,
            purpose, wording, what_changed, changed_fields, submitted_by_id, cleared_by,
            declared_on, note, findings, decision_cleared_by
        )
        SELECT uuidv7(), 1, updated_at, updated_at, '{pool}', id, organization_id,
            'entry', 1, '', '{{}}', author_id, '(submitted before a declaration was asked for)',
            (updated_at AT TIME ZONE 'Asia/Shanghai')::date, '', '[]', ''
        FROM pools_{pool} WHERE state = 'submitted'
    """


def _forgotten(table: str, pool: str) -> str:
    """Return what removes the rows about a pool, for all that they are kept otherwise."""
    return (
        f"ALTER TABLE {table} DISABLE TRIGGER USER;"
        f"DELETE FROM {table} WHERE subject_kind = '{pool}';"
        f"ALTER TABLE {table} ENABLE TRIGGER USER"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('pools', '0002_words'),
        ('reviews', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(OWNERS, migrations.RunSQL.noop),
        *(migrations.RunSQL(_states(pool), migrations.RunSQL.noop) for pool in WORDS),
        *(
            migrations.RunSQL(_wordings(pool), _forgotten("reviews_wording", pool))
            for pool in WORDS
        ),
        *(
            migrations.RunSQL(_submissions(pool), _forgotten("reviews_submission", pool))
            for pool in WORDS
        ),
    ]
