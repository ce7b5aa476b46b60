"""Bring the listings that are there into the form of the reviewed ones."""

from django.db import migrations

MODES = """
UPDATE markets_listing SET
    cooperation_modes = CASE WHEN cooperation IS NULL THEN '{}' ELSE ARRAY[cooperation] END,
    waiting = CASE WHEN state = 'submitted' THEN 'entry' END,
    listed_at = coalesce(published_at, created_at),
    last_sign_at = updated_at
"""

#: Every listing has a row in the table of its kind.
TERMS = """
INSERT INTO markets_technologyoffer (listing_id, support)
    SELECT id, '' FROM markets_listing WHERE (market, side) = ('technology', 'offer');
INSERT INTO markets_technologyneed (listing_id, present_solution, acceptance)
    SELECT id, '', '' FROM markets_listing WHERE (market, side) = ('technology', 'need');
INSERT INTO markets_talentoffer (listing_id)
    SELECT id FROM markets_listing WHERE (market, side) = ('talent', 'offer');
INSERT INTO markets_talentneed (listing_id, duties)
    SELECT id, '' FROM markets_listing WHERE (market, side) = ('talent', 'need');
INSERT INTO markets_capitaloffer (listing_id, stages)
    SELECT id, '{}' FROM markets_listing WHERE (market, side) = ('capital', 'offer');
INSERT INTO markets_capitalneed (listing_id, use_of_money, security)
    SELECT id, '', '' FROM markets_listing WHERE (market, side) = ('capital', 'need')
"""
NO_TERMS = """
DELETE FROM markets_technologyoffer; DELETE FROM markets_technologyneed;
DELETE FROM markets_talentoffer; DELETE FROM markets_talentneed;
DELETE FROM markets_capitaloffer; DELETE FROM markets_capitalneed
"""

#: What it says now is its first wording; amounts and days are texts, as they are kept from now on.
WORDINGS = """
INSERT INTO reviews_wording (id, subject_kind, subject_id, number, words, author_id, created_at)
SELECT uuidv7(), 'listing', id, 1,
    jsonb_build_object(
        'title', title, 'body', body, 'region', region_id, 'field', field_id,
        'valid_until', to_char(valid_until, 'YYYY-MM-DD'),
        'project', project_id, 'talent', talent_id, 'fund', fund_id,
        'cooperation_modes', to_jsonb(cooperation_modes), 'keywords', to_jsonb(keywords),
        'readiness', readiness, 'price_way', price_way,
        'price_from', price_from::text, 'price_to', price_to::text,
        'indicators', indicators, 'blocks', blocks, 'confidential', confidential,
        'dual_use', dual_use, 'external_reference', external_reference
    ) || jsonb_build_object('terms', CASE market || ' ' || side
        WHEN 'technology offer' THEN
            '{"exclusivity": null, "free_months": null, "equity_share": null, "support": ""}'
        WHEN 'technology need' THEN
            '{"exclusivity": null, "needed_by": null, "present_solution": "", "acceptance": ""}'
        WHEN 'talent offer' THEN
            '{"engagement": null, "share_of_time": null, "available_from": null}'
        WHEN 'talent need' THEN
            '{"engagement": null, "share_of_time": null, "starts_on": null, "headcount": null,
              "talent_kind": null, "discipline": null, "duties": ""}'
        WHEN 'capital offer' THEN
            '{"stages": [], "most_equity_share": null, "term_months": null}'
        ELSE
            '{"fund_kind": null, "stage": null, "equity_share": null, "term_months": null,
              "use_of_money": "", "security": ""}'
        END::jsonb),
    author_id, updated_at
FROM markets_listing
"""

#: What waits for a decision was submitted before a declaration was asked for, which is said.
SUBMISSIONS = """
INSERT INTO reviews_submission (
    id, version, created_at, updated_at, subject_kind, subject_id, organization_id, purpose,
    wording, what_changed, changed_fields, submitted_by_id, cleared_by, declared_on, note,
    findings, decision_cleared_by
)
SELECT uuidv7(), 1, updated_at, updated_at, 'listing', id, organization_id, 'entry',
    1, '', '{}', author_id, '(submitted before a declaration was asked for)',
    (updated_at AT TIME ZONE 'Asia/Shanghai')::date, '', '[]', ''
FROM markets_listing WHERE state = 'submitted'
"""


def _forgotten(table: str) -> str:
    """Return what removes the rows about listings, for all that they are kept otherwise."""
    return (
        f"ALTER TABLE {table} DISABLE TRIGGER USER;"
        f"DELETE FROM {table} WHERE subject_kind = 'listing';"
        f"ALTER TABLE {table} ENABLE TRIGGER USER"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0002_terms'),
        ('reviews', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(MODES, migrations.RunSQL.noop),
        migrations.RunSQL(TERMS, NO_TERMS),
        migrations.RunSQL(WORDINGS, _forgotten("reviews_wording")),
        migrations.RunSQL(SUBMISSIONS, _forgotten("reviews_submission")),
    ]
