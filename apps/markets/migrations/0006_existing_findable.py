"""Give the listings that are there their narrow rows; their words are work to be done."""

from django.db import migrations

ROWS = """
INSERT INTO markets_findable (
    listing_id, organization_id, listed_at, health, readiness, market, side, state, price_way,
    waiting, is_public, is_dual_use, cooperation_modes, lowest, highest, province, city, county,
    field, subfield
)
SELECT
    listing.id, listing.organization_id, listing.listed_at, listing.health, listing.readiness,
    array_position(ARRAY['technology', 'talent', 'capital'], listing.market::text),
    array_position(ARRAY['offer', 'need'], listing.side::text), array_position(ARRAY['draft',
    'submitted', 'sent_back', 'refused', 'published', 'paused', 'withdrawn', 'expired',
    'concluded', 'sealed'], listing.state::text), array_position(ARRAY['negotiated',
    'listed_price', 'auction', 'free_first'], listing.price_way::text),
    array_position(ARRAY['entry', 'change', 'exit'], listing.waiting::text),
    listing.state = 'published' AND listing.dual_use IS NULL, listing.dual_use IS NOT NULL,
    CASE WHEN 'development' = ANY (listing.cooperation_modes) THEN 1 ELSE 0 END +
    CASE WHEN 'transfer' = ANY (listing.cooperation_modes) THEN 2 ELSE 0 END +
    CASE WHEN 'licence' = ANY (listing.cooperation_modes) THEN 4 ELSE 0 END +
    CASE WHEN 'equity' = ANY (listing.cooperation_modes) THEN 8 ELSE 0 END +
    CASE WHEN 'consulting' = ANY (listing.cooperation_modes) THEN 16 ELSE 0 END +
    CASE WHEN 'service' = ANY (listing.cooperation_modes) THEN 32 ELSE 0 END,
    CASE WHEN coalesce(listing.price_from,
    listing.price_to) IS NOT NULL THEN coalesce(listing.price_from, 0) * 100 END,
    CASE WHEN coalesce(listing.price_from,
    listing.price_to) IS NOT NULL THEN coalesce(listing.price_to * 100, 9223372036854775807) END,
    nullif(split_part(region.path, '/', 2), '')::integer, nullif(split_part(region.path, '/', 3),
    '')::integer, nullif(split_part(region.path, '/', 4), '')::integer,
    coalesce(split_part(field.path, '/', 2), ''), coalesce(split_part(field.path, '/', 3), '')
FROM markets_listing listing
LEFT JOIN taxonomy_code region ON region.key = listing.region_id
LEFT JOIN taxonomy_code field ON field.key = listing.field_id
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0005_findable'),
        ('taxonomy', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(ROWS, migrations.RunSQL.noop),
    ]
