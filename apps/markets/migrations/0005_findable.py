"""Give every listing a narrow row in which it is found, kept by the database itself."""

import django.contrib.postgres.search
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

#: Of an amount, the power of ten and in which part of it: 99 fen and 3 yuan are 5 and 7.
STEP = "2 * length({amount}::text) + (left({amount}::text, 1) >= '3')::integer"

#: What a row is coded by, in one list, so that one index knows it together with the words. What is
#: often asked for together has codes of its own.
CODES = f"""
CREATE FUNCTION markets_codes(
    market smallint, side smallint, state smallint, field text, subfield text,
    province integer, city integer, county integer, cooperation_modes smallint,
    readiness smallint, price_way smallint, waiting smallint, lowest bigint, highest bigint
) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN array_remove(ARRAY[
    'm' || market, 's' || side, 't' || state, 'f' || nullif(field, ''), 'f' || nullif(subfield, ''),
    'r' || province, 'r' || city, 'r' || county, 'm' || market || 's' || side,
    'f' || nullif(field, '') || 'r' || province, 'f' || nullif(subfield, '') || 'r' || province,
    'f' || nullif(field, '') || 'r' || city, 'f' || nullif(subfield, '') || 'r' || city,
    'f' || nullif(field, '') || 'r' || county, 'f' || nullif(subfield, '') || 'r' || county,
    CASE WHEN cooperation_modes & 1 <> 0 THEN 'c1' END,
    CASE WHEN cooperation_modes & 2 <> 0 THEN 'c2' END,
    CASE WHEN cooperation_modes & 4 <> 0 THEN 'c4' END,
    CASE WHEN cooperation_modes & 8 <> 0 THEN 'c8' END,
    CASE WHEN cooperation_modes & 16 <> 0 THEN 'c16' END,
    CASE WHEN cooperation_modes & 32 <> 0 THEN 'c32' END,
    'l' || readiness, 'p' || price_way, 'w' || waiting,
    'a' || ({STEP.format(amount="lowest")}), 'b' || ({STEP.format(amount="highest")})
], NULL)
"""

#: The words are large and read only by their index, so they lie elsewhere, and rows stay narrow.
STORAGE = """
ALTER TABLE markets_findable ALTER COLUMN words SET STORAGE EXTERNAL;
ALTER TABLE markets_findable SET (toast_tuple_target = 128, fillfactor = 90)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0004_all_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='Findable',
            fields=[
                ('listing', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='findable', serialize=False, to='markets.listing')),
                ('organization_id', models.UUIDField()),
                ('listed_at', models.DateTimeField()),
                ('lowest', models.BigIntegerField(null=True)),
                ('highest', models.BigIntegerField(null=True)),
                ('province', models.IntegerField(null=True)),
                ('city', models.IntegerField(null=True)),
                ('county', models.IntegerField(null=True)),
                ('market', models.SmallIntegerField()),
                ('side', models.SmallIntegerField()),
                ('state', models.SmallIntegerField()),
                ('price_way', models.SmallIntegerField()),
                ('waiting', models.SmallIntegerField(null=True)),
                ('cooperation_modes', models.SmallIntegerField()),
                ('readiness', models.SmallIntegerField(null=True)),
                ('health', models.SmallIntegerField()),
                ('is_public', models.BooleanField()),
                ('is_dual_use', models.BooleanField()),
                ('field', models.CharField(max_length=40)),
                ('subfield', models.CharField(max_length=40)),
                ('words', django.contrib.postgres.search.SearchVectorField(null=True)),
            ],
        ),
        migrations.RunSQL(CODES, "DROP FUNCTION markets_codes"),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        pgtrigger.migrations.AddTrigger(
            model_name='listing',
            trigger=pgtrigger.compiler.Trigger(name='listing_is_shelved', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO markets_findable AS kept (listing_id, organization_id, listed_at, health, readiness, market, side, state, price_way, waiting, is_public, is_dual_use, cooperation_modes, lowest, highest, province, city, county, field, subfield) SELECT NEW.id, NEW.organization_id, NEW.listed_at, NEW.health, NEW.readiness, array_position(ARRAY['technology', 'talent', 'capital'], NEW.market::text), array_position(ARRAY['offer', 'need'], NEW.side::text), array_position(ARRAY['draft', 'submitted', 'sent_back', 'refused', 'published', 'paused', 'withdrawn', 'expired', 'concluded', 'sealed'], NEW.state::text), array_position(ARRAY['negotiated', 'listed_price', 'auction', 'free_first'], NEW.price_way::text), array_position(ARRAY['entry', 'change', 'exit'], NEW.waiting::text), NEW.state = 'published' AND NEW.dual_use IS NULL, NEW.dual_use IS NOT NULL, CASE WHEN 'development' = ANY (NEW.cooperation_modes) THEN 1 ELSE 0 END + CASE WHEN 'transfer' = ANY (NEW.cooperation_modes) THEN 2 ELSE 0 END + CASE WHEN 'licence' = ANY (NEW.cooperation_modes) THEN 4 ELSE 0 END + CASE WHEN 'equity' = ANY (NEW.cooperation_modes) THEN 8 ELSE 0 END + CASE WHEN 'consulting' = ANY (NEW.cooperation_modes) THEN 16 ELSE 0 END + CASE WHEN 'service' = ANY (NEW.cooperation_modes) THEN 32 ELSE 0 END, CASE WHEN coalesce(NEW.price_from, NEW.price_to) IS NOT NULL THEN coalesce(NEW.price_from, 0) * 100 END, CASE WHEN coalesce(NEW.price_from, NEW.price_to) IS NOT NULL THEN coalesce(NEW.price_to * 100, 9223372036854775807) END, nullif(split_part(region.path, '/', 2), '')::integer, nullif(split_part(region.path, '/', 3), '')::integer, nullif(split_part(region.path, '/', 4), '')::integer, coalesce(split_part(field.path, '/', 2), ''), coalesce(split_part(field.path, '/', 3), '') FROM (SELECT 1) one LEFT JOIN taxonomy_code region ON region.key = NEW.region_id LEFT JOIN taxonomy_code field ON field.key = NEW.field_id ON CONFLICT (listing_id) DO UPDATE SET (listing_id, organization_id, listed_at, health, readiness, market, side, state, price_way, waiting, is_public, is_dual_use, cooperation_modes, lowest, highest, province, city, county, field, subfield) = ROW(EXCLUDED.listing_id, EXCLUDED.organization_id, EXCLUDED.listed_at, EXCLUDED.health, EXCLUDED.readiness, EXCLUDED.market, EXCLUDED.side, EXCLUDED.state, EXCLUDED.price_way, EXCLUDED.waiting, EXCLUDED.is_public, EXCLUDED.is_dual_use, EXCLUDED.cooperation_modes, EXCLUDED.lowest, EXCLUDED.highest, EXCLUDED.province, EXCLUDED.city, EXCLUDED.county, EXCLUDED.field, EXCLUDED.subfield) WHERE (kept.listing_id, kept.organization_id, kept.listed_at, kept.health, kept.readiness, kept.market, kept.side, kept.state, kept.price_way, kept.waiting, kept.is_public, kept.is_dual_use, kept.cooperation_modes, kept.lowest, kept.highest, kept.province, kept.city, kept.county, kept.field, kept.subfield) IS DISTINCT FROM (EXCLUDED.listing_id, EXCLUDED.organization_id, EXCLUDED.listed_at, EXCLUDED.health, EXCLUDED.readiness, EXCLUDED.market, EXCLUDED.side, EXCLUDED.state, EXCLUDED.price_way, EXCLUDED.waiting, EXCLUDED.is_public, EXCLUDED.is_dual_use, EXCLUDED.cooperation_modes, EXCLUDED.lowest, EXCLUDED.highest, EXCLUDED.province, EXCLUDED.city, EXCLUDED.county, EXCLUDED.field, EXCLUDED.subfield); RETURN NULL;", hash='1bc4d5e508c98228f40ae86e1fb74c00b5669d4d', operation='INSERT OR UPDATE', pgid='pgtrigger_listing_is_shelved_04753', table='markets_listing', when='AFTER')),
        ),
    ]
