"""Make room for all words of the entries, for commitments and for milestones."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_vetting'),
        ('pools', '0001_initial'),
        ('taxonomy', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Commitment',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('purpose', models.CharField(max_length=200)),
                ('state', models.CharField(default='reserved', max_length=40)),
                ('imported_from', models.CharField(blank=True, default='', max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name='Milestone',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(max_length=40)),
                ('firm', models.CharField(max_length=200)),
                ('reached_on', models.DateField()),
                ('evidence', models.CharField(blank=True, default='', max_length=400)),
                ('removed_at', models.DateTimeField(null=True)),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='fund',
            name='fund_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='project',
            name='project_moves',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='talent',
            name='talent_moves',
        ),
        migrations.RemoveConstraint(
            model_name='fund',
            name='fund_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='fund',
            name='fund_is_complete_once_submitted',
        ),
        migrations.RemoveConstraint(
            model_name='project',
            name='project_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='project',
            name='project_is_complete_once_submitted',
        ),
        migrations.RemoveConstraint(
            model_name='talent',
            name='talent_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='talent',
            name='talent_is_complete_once_submitted',
        ),
        migrations.RemoveConstraint(
            model_name='talent',
            name='talent_kind_is_known',
        ),
        migrations.AddField(
            model_name='fund',
            name='admitted_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='blocks',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='fund',
            name='closed_noticed_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='closes_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='committed',
            field=models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='fund',
            name='conditions',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='fund',
            name='dual_use',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='external_reference',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='fund',
            name='fields',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='fund',
            name='left_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='opens_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='product',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='proposed_wording',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='quota',
            field=models.DecimalField(decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='regions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='fund',
            name='stages',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='fund',
            name='waiting',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='fund',
            name='wording',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='project',
            name='admitted_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='project',
            name='applications',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='project',
            name='blocks',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='project',
            name='chains',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='project',
            name='dual_use',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='project',
            name='external_reference',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='project',
            name='has_lapsed_right',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='project',
            name='indicators',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='project',
            name='inventors',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='project',
            name='left_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='project',
            name='new_owners',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='project',
            name='owners',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='project',
            name='proposed_wording',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='project',
            name='readiness_evidence',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='project',
            name='reforms',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='project',
            name='rights',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='project',
            name='waiting',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='project',
            name='wording',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='talent',
            name='achievements',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='talent',
            name='admitted_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='available_from',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='available_share',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='blocks',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='talent',
            name='certificate',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.AddField(
            model_name='talent',
            name='dual_use',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='employments',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='talent',
            name='external_reference',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='talent',
            name='languages',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='talent',
            name='left_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='members',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='talent',
            name='professional_title',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='talent',
            name='proposed_wording',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='rank',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='specialities',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='talent',
            name='waiting',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='talent',
            name='wording',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='fund',
            trigger=pgtrigger.compiler.Trigger(name='fund_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{admitted:left,admitted:sealed,draft:sealed,draft:submitted,left:sealed,refused:sealed,sent_back:sealed,sent_back:submitted,submitted:admitted,submitted:draft,submitted:refused,submitted:sealed,submitted:sent_back}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='270c25b873e81f4bf199bff8e08ea0b7792018d8', operation='UPDATE', pgid='pgtrigger_fund_moves_0c741', table='pools_fund', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='project',
            trigger=pgtrigger.compiler.Trigger(name='project_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{admitted:left,admitted:sealed,draft:sealed,draft:submitted,left:sealed,refused:sealed,sent_back:sealed,sent_back:submitted,submitted:admitted,submitted:draft,submitted:refused,submitted:sealed,submitted:sent_back}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='65425bf30c6bba7266e688b0f3b8ec450c631764', operation='UPDATE', pgid='pgtrigger_project_moves_c63f4', table='pools_project', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='talent',
            trigger=pgtrigger.compiler.Trigger(name='talent_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{admitted:left,admitted:sealed,draft:sealed,draft:submitted,left:sealed,refused:sealed,sent_back:sealed,sent_back:submitted,submitted:admitted,submitted:draft,submitted:refused,submitted:sealed,submitted:sent_back}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='1e1b30fafb6d6f1853fea191f241e74382d1e324', operation='UPDATE', pgid='pgtrigger_talent_moves_3e3ca', table='pools_talent', when='BEFORE')),
        ),
        migrations.AddField(
            model_name='commitment',
            name='beneficiary',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization'),
        ),
        migrations.AddField(
            model_name='commitment',
            name='fund',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='commitments', to='pools.fund'),
        ),
        migrations.AddField(
            model_name='milestone',
            name='organization',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization'),
        ),
        migrations.AddField(
            model_name='milestone',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='milestones', to='pools.project'),
        ),
        migrations.AddIndex(
            model_name='commitment',
            index=models.Index(fields=['fund', '-id'], name='commitment_of_fund'),
        ),
        migrations.AddConstraint(
            model_name='commitment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['reserved', 'paid', 'released'])), name='commitment_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='commitment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='commitment_is_of_something'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='commitment',
            trigger=pgtrigger.compiler.Trigger(name='commitment_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{reserved:paid,reserved:released}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='c166321b4aa1b6100bdd44762360769ff4b5cd6e', operation='UPDATE', pgid='pgtrigger_commitment_moves_5559d', table='pools_commitment', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='commitment',
            trigger=pgtrigger.compiler.Trigger(name='commitment_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.state <> 'reserved' AND NEW.imported_from = '' THEN RAISE EXCEPTION 'A row of % cannot begin as %', TG_TABLE_NAME, NEW.state; END IF; RETURN NEW;", hash='065b521260f754cd01e2345032330a8def936ef3', operation='INSERT', pgid='pgtrigger_commitment_starts_d5a12', table='pools_commitment', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='milestone',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['founded', 'high_technology', 'above_scale', 'promoted', 'listed'])), name='milestone_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='milestone',
            constraint=models.CheckConstraint(condition=models.Q(('firm', ''), _negated=True), name='milestone_names_its_firm'),
        ),
        migrations.AddConstraint(
            model_name='milestone',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('project', 'kind', 'firm'), name='milestone_is_reached_once', violation_error_code='milestone_noted_already', violation_error_message='This milestone of the firm is noted already.'),
        ),
    ]
