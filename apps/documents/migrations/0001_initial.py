import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('media_type', models.CharField(max_length=80)),
                ('size', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('place', models.CharField(max_length=80)),
                ('cleared_by', models.CharField(max_length=80)),
                ('declared_on', models.DateField()),
                ('state', models.CharField(default='stored', max_length=40)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('destroyed_at', models.DateTimeField(null=True)),
                ('removed_at', models.DateTimeField(null=True)),
                ('imported_from', models.CharField(blank=True, default='', max_length=80)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='accounts.organization')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'stored')), fields=['created_at'], name='document_unclaimed'), models.Index(condition=models.Q(('removed_at', None), ('state', 'destroyed')), fields=['destroyed_at'], name='document_to_remove')],
                'constraints': [models.UniqueConstraint(fields=('place',), name='document_place_is_its_own'), models.CheckConstraint(condition=models.Q(('media_type__in', ['application/pdf', 'image/png', 'image/jpeg', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'application/vnd.openxmlformats-officedocument.presentationml.presentation', 'application/ofd', 'text/csv', 'text/plain'])), name='document_media_type_is_known'), models.CheckConstraint(condition=models.Q(('state__in', ['stored', 'claimed', 'destroyed'])), name='document_state_is_known'), models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='document_has_bytes'), models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='document_sha256_has_its_form'), models.CheckConstraint(condition=models.Q(('cleared_by', ''), _negated=True), name='document_is_cleared_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'claimed'), _negated=True), ('claimed_at__isnull', False), _connector='OR'), name='document_claimed_has_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at__isnull', False), ('name', ''), ('state', 'destroyed')), models.Q(models.Q(('state', 'destroyed'), _negated=True), ('destroyed_at', None), models.Q(('name', ''), _negated=True)), _connector='OR'), name='document_destroyed_has_a_time_and_no_name'), models.CheckConstraint(condition=models.Q(('removed_at', None), ('state', 'destroyed'), _connector='OR'), name='document_removed_is_destroyed')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='document',
            trigger=pgtrigger.compiler.Trigger(name='document_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{claimed:claimed,claimed:destroyed,stored:claimed,stored:destroyed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='3f47419f3892a28af09d6b1a834e63d7ffe79c44', operation='UPDATE', pgid='pgtrigger_document_moves_559eb', table='documents_document', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='document',
            trigger=pgtrigger.compiler.Trigger(name='document_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.state <> 'stored' AND NEW.imported_from = '' THEN RAISE EXCEPTION 'A row of % cannot begin as %', TG_TABLE_NAME, NEW.state; END IF; RETURN NEW;", hash='0f581ac05676fddb9bfc061b5d64436069ab0399', operation='INSERT', pgid='pgtrigger_document_starts_bd208', table='documents_document', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='document',
            trigger=pgtrigger.compiler.Trigger(name='document_bytes_stay', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."media_type" IS DISTINCT FROM (NEW."media_type") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."place" IS DISTINCT FROM (NEW."place") OR OLD."declared_on" IS DISTINCT FROM (NEW."declared_on"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='53d95d7c295e8026d9b7019b715d31d95fe55c03', operation='UPDATE', pgid='pgtrigger_document_bytes_stay_04b78', table='documents_document', when='BEFORE')),
        ),
    ]
