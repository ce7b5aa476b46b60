"""Make room for all terms of listings, and for what the clock keeps."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0001_initial'),
        ('taxonomy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='CapitalNeed',
            fields=[
                ('listing', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='%(class)s', serialize=False, to='markets.listing')),
                ('fund_kind', models.CharField(max_length=40, null=True)),
                ('stage', models.CharField(max_length=40, null=True)),
                ('equity_share', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('term_months', models.PositiveSmallIntegerField(null=True)),
                ('use_of_money', models.CharField(blank=True, default='', max_length=2000)),
                ('security', models.CharField(blank=True, default='', max_length=1000)),
            ],
        ),
        migrations.CreateModel(
            name='CapitalOffer',
            fields=[
                ('listing', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='%(class)s', serialize=False, to='markets.listing')),
                ('stages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('most_equity_share', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('term_months', models.PositiveSmallIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Checkup',
            fields=[
                ('listing_id', models.UUIDField(primary_key=True, serialize=False)),
                ('requested_at', models.DateTimeField()),
                ('sign_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Doubt',
            fields=[
                ('listing_id', models.UUIDField(primary_key=True, serialize=False)),
                ('requested_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Interest',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('deal_id', models.UUIDField()),
                ('since', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('valid_until', models.DateField()),
                ('days', models.PositiveSmallIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='TalentNeed',
            fields=[
                ('listing', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='%(class)s', serialize=False, to='markets.listing')),
                ('engagement', models.CharField(max_length=40, null=True)),
                ('share_of_time', models.PositiveSmallIntegerField(null=True)),
                ('starts_on', models.DateField(null=True)),
                ('headcount', models.PositiveSmallIntegerField(null=True)),
                ('talent_kind', models.CharField(max_length=40, null=True)),
                ('duties', models.CharField(blank=True, default='', max_length=2000)),
            ],
        ),
        migrations.CreateModel(
            name='TalentOffer',
            fields=[
                ('listing', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='%(class)s', serialize=False, to='markets.listing')),
                ('engagement', models.CharField(max_length=40, null=True)),
                ('share_of_time', models.PositiveSmallIntegerField(null=True)),
                ('available_from', models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TechnologyNeed',
            fields=[
                ('listing', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='%(class)s', serialize=False, to='markets.listing')),
                ('exclusivity', models.CharField(max_length=40, null=True)),
                ('needed_by', models.DateField(null=True)),
                ('present_solution', models.CharField(blank=True, default='', max_length=2000)),
                ('acceptance', models.CharField(blank=True, default='', max_length=2000)),
            ],
        ),
        migrations.CreateModel(
            name='TechnologyOffer',
            fields=[
                ('listing', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='%(class)s', serialize=False, to='markets.listing')),
                ('exclusivity', models.CharField(max_length=40, null=True)),
                ('free_months', models.PositiveSmallIntegerField(null=True)),
                ('equity_share', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('support', models.CharField(blank=True, default='', max_length=1000)),
            ],
        ),
        migrations.AddField(
            model_name='listing',
            name='asked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='listing',
            name='blocks',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='listing',
            name='cooperation_modes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='listing',
            name='dual_use',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='listing',
            name='health',
            field=models.PositiveSmallIntegerField(db_default=100, default=100),
        ),
        migrations.AddField(
            model_name='listing',
            name='indicators',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='listing',
            name='last_sign_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name='listing',
            name='listed_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name='listing',
            name='price_way',
            field=models.CharField(db_default='negotiated', default='negotiated', max_length=40),
        ),
        migrations.AddField(
            model_name='listing',
            name='proposed_wording',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='listing',
            name='waiting',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='listing',
            name='wording',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddConstraint(
            model_name='capitalneed',
            constraint=models.CheckConstraint(condition=models.Q(('fund_kind', None), ('fund_kind__in', ['equity', 'loan', 'subsidy', 'insurance']), _connector='OR'), name='capital_need_fund_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='capitalneed',
            constraint=models.CheckConstraint(condition=models.Q(('stage', None), ('stage__in', ['seed', 'angel', 'venture', 'growth', 'pre_listing', 'mature']), _connector='OR'), name='capital_need_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='capitalneed',
            constraint=models.CheckConstraint(condition=models.Q(('equity_share', None), models.Q(('equity_share__gt', 0), ('equity_share__lte', 100)), _connector='OR'), name='capital_need_equity_share_is_a_share'),
        ),
        migrations.AddConstraint(
            model_name='capitaloffer',
            constraint=models.CheckConstraint(condition=models.Q(('stages__contained_by', ['seed', 'angel', 'venture', 'growth', 'pre_listing', 'mature'])), name='capital_offer_stages_are_known'),
        ),
        migrations.AddConstraint(
            model_name='capitaloffer',
            constraint=models.CheckConstraint(condition=models.Q(('most_equity_share', None), models.Q(('most_equity_share__gt', 0), ('most_equity_share__lte', 100)), _connector='OR'), name='capital_offer_most_equity_share_is_a_share'),
        ),
        migrations.AddIndex(
            model_name='checkup',
            index=models.Index(fields=['requested_at'], name='checkup_oldest_first'),
        ),
        migrations.AddField(
            model_name='interest',
            name='listing',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='interests', to='markets.listing'),
        ),
        migrations.AddField(
            model_name='reminder',
            name='listing',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='markets.listing'),
        ),
        migrations.AddField(
            model_name='talentneed',
            name='discipline',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='taxonomy.code'),
        ),
        migrations.AddConstraint(
            model_name='talentoffer',
            constraint=models.CheckConstraint(condition=models.Q(('engagement', None), ('engagement__in', ['full_time', 'part_time', 'joint_appointment', 'adviser', 'project']), _connector='OR'), name='talent_offer_engagement_is_known'),
        ),
        migrations.AddConstraint(
            model_name='talentoffer',
            constraint=models.CheckConstraint(condition=models.Q(('share_of_time', None), models.Q(('share_of_time__gt', 0), ('share_of_time__lte', 100)), _connector='OR'), name='talent_offer_share_of_time_is_a_share'),
        ),
        migrations.AddConstraint(
            model_name='technologyneed',
            constraint=models.CheckConstraint(condition=models.Q(('exclusivity', None), ('exclusivity__in', ['exclusive', 'sole', 'non_exclusive']), _connector='OR'), name='technology_need_exclusivity_is_known'),
        ),
        migrations.AddConstraint(
            model_name='technologyoffer',
            constraint=models.CheckConstraint(condition=models.Q(('exclusivity', None), ('exclusivity__in', ['exclusive', 'sole', 'non_exclusive']), _connector='OR'), name='technology_offer_exclusivity_is_known'),
        ),
        migrations.AddConstraint(
            model_name='technologyoffer',
            constraint=models.CheckConstraint(condition=models.Q(('equity_share', None), models.Q(('equity_share__gt', 0), ('equity_share__lte', 100)), _connector='OR'), name='technology_offer_equity_share_is_a_share'),
        ),
        migrations.AddConstraint(
            model_name='interest',
            constraint=models.UniqueConstraint(fields=('deal_id', 'listing'), name='interest_is_once'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('listing', 'valid_until', 'days'), name='reminder_is_sent_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reminder',
            trigger=pgtrigger.compiler.Trigger(name='reminder_stands', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ec1b8d44772de8faf716e89c91eb968963abd356', operation='UPDATE OR DELETE', pgid='pgtrigger_reminder_stands_3918d', table='markets_reminder', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='talentneed',
            constraint=models.CheckConstraint(condition=models.Q(('engagement', None), ('engagement__in', ['full_time', 'part_time', 'joint_appointment', 'adviser', 'project']), _connector='OR'), name='talent_need_engagement_is_known'),
        ),
        migrations.AddConstraint(
            model_name='talentneed',
            constraint=models.CheckConstraint(condition=models.Q(('talent_kind', None), ('talent_kind__in', ['scientist', 'engineer', 'technology_manager', 'team']), _connector='OR'), name='talent_need_talent_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='talentneed',
            constraint=models.CheckConstraint(condition=models.Q(('headcount', None), ('headcount__gte', 1), _connector='OR'), name='talent_need_is_for_somebody'),
        ),
        migrations.AddConstraint(
            model_name='talentneed',
            constraint=models.CheckConstraint(condition=models.Q(('share_of_time', None), models.Q(('share_of_time__gt', 0), ('share_of_time__lte', 100)), _connector='OR'), name='talent_need_share_of_time_is_a_share'),
        ),
    ]
