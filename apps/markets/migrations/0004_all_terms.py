"""Take the one mode of cooperation away, and let the table refuse what cannot be."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0003_first_wordings'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='listing',
            name='listing_moves',
        ),
        migrations.RemoveConstraint(
            model_name='listing',
            name='listing_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='listing',
            name='listing_cooperation_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='listing',
            name='listing_only_technology_has_cooperation',
        ),
        migrations.RemoveConstraint(
            model_name='listing',
            name='listing_offer_points_at_its_pool',
        ),
        migrations.RemoveConstraint(
            model_name='listing',
            name='listing_is_complete_once_submitted',
        ),
        migrations.RemoveConstraint(
            model_name='listing',
            name='listing_has_title_and_body',
        ),
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "UPDATE markets_listing SET cooperation = cooperation_modes[1]",
        ),
        migrations.RemoveField(
            model_name='listing',
            name='cooperation',
        ),
        migrations.AddIndex(
            model_name='listing',
            index=models.Index(condition=models.Q(('state', 'published')), fields=['-listed_at', '-id'], name='listing_newest_first'),
        ),
        migrations.AddIndex(
            model_name='listing',
            index=models.Index(condition=models.Q(('state', 'published')), fields=['-health', '-listed_at', '-id'], name='listing_healthiest_first'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), ('waiting__in', ['entry', 'change', 'exit']), _connector='OR'), name='listing_waits_for_something_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('dual_use', None), ('dual_use__in', ['military_to_civil', 'civil_to_military']), _connector='OR'), name='listing_dual_use_is_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'submitted'), ('waiting', 'entry'), ('waiting__isnull', False)), models.Q(models.Q(('state', 'submitted'), _negated=True), models.Q(('waiting', None), models.Q(('waiting', 'entry'), _negated=True), _connector='OR')), _connector='OR'), name='listing_is_submitted_while_it_waits_to_enter'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), models.Q(('waiting', 'change'), _negated=True), ('proposed_wording__isnull', False), _connector='OR'), name='listing_change_has_a_proposed_wording'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('proposed_wording', None), ('proposed_wording__gt', models.F('wording')), _connector='OR'), name='listing_proposed_wording_is_newer'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'submitted', 'sent_back', 'refused', 'published', 'paused', 'withdrawn', 'expired', 'concluded', 'sealed'])), name='listing_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('cooperation_modes__contained_by', ['development', 'transfer', 'licence', 'equity', 'consulting', 'service'])), name='listing_cooperation_modes_are_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('cooperation_modes', []), ('market', 'technology'), _connector='OR'), name='listing_only_technology_has_cooperation'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('price_way__in', ['negotiated', 'listed_price', 'auction', 'free_first'])), name='listing_price_way_is_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'sealed', 'sent_back']), models.Q(('price_way', 'listed_price'), _negated=True), ('price_from__isnull', False), _connector='OR'), name='listing_listed_price_is_given'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('health__range', (0, 100))), name='listing_health_is_0_to_100'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'sealed', 'sent_back']), ('side', 'need'), models.Q(('market', 'technology'), ('side', 'offer'), ('project__isnull', False)), models.Q(('market', 'talent'), ('side', 'offer'), ('talent__isnull', False)), models.Q(('market', 'capital'), ('side', 'offer'), ('fund__isnull', False)), _connector='OR'), name='listing_offer_points_at_its_pool'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'sealed', 'sent_back']), models.Q(('field__isnull', False), ('valid_until__isnull', False), models.Q(models.Q(('market', 'technology'), _negated=True), models.Q(('cooperation_modes', []), _negated=True), _connector='OR')), _connector='OR'), name='listing_is_complete_once_submitted'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'sealed'), models.Q(models.Q(('title', ''), _negated=True), models.Q(('body', ''), _negated=True)), _connector='OR'), name='listing_has_title_and_body'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='listing',
            trigger=pgtrigger.compiler.Trigger(name='listing_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{concluded:sealed,draft:sealed,draft:submitted,expired:sealed,paused:concluded,paused:expired,paused:published,paused:sealed,paused:withdrawn,published:concluded,published:expired,published:paused,published:sealed,published:withdrawn,refused:sealed,sent_back:sealed,sent_back:submitted,submitted:draft,submitted:published,submitted:refused,submitted:sealed,submitted:sent_back,withdrawn:sealed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='e9d0f3b6fb66fca2c4fee9dc7ca4302a7a5a5720', operation='UPDATE', pgid='pgtrigger_listing_moves_7eb9a', table='markets_listing', when='BEFORE')),
        ),
    ]
