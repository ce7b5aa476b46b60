"""Hold the entries to all their rules, now that the rows that are there keep to them."""

import django.contrib.postgres.indexes
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pools', '0003_first_wordings'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='project',
            index=django.contrib.postgres.indexes.GinIndex(fields=['owners'], name='project_by_owner', opclasses=['jsonb_path_ops']),
        ),
        migrations.AddIndex(
            model_name='project',
            index=django.contrib.postgres.indexes.GinIndex(fields=['new_owners'], name='project_by_new_owner'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='project',
            trigger=pgtrigger.compiler.Trigger(name='project_shares_are_a_hundred', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF NEW.state NOT IN ('draft', 'sent_back', 'sealed') AND EXISTS (\n    SELECT FROM (VALUES (NEW.owners), (NEW.inventors)) AS each(shares)\n    WHERE jsonb_array_length(shares) > 0\n    AND (SELECT sum((share ->> 'share')::numeric) FROM jsonb_array_elements(shares) share) <> 100\n) THEN\n    RAISE EXCEPTION 'The shares of a project are not a hundred in all';\nEND IF;\nRETURN NEW;\n", hash='f8770d76279042d5e8b472ba2d526e0cf6dc64e3', operation='INSERT OR UPDATE', pgid='pgtrigger_project_shares_are_a_hundred_70da8', table='pools_project', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), ('waiting__in', ['entry', 'change', 'exit']), _connector='OR'), name='fund_waits_for_something_known'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('dual_use', None), ('dual_use__in', ['military_to_civil', 'civil_to_military']), _connector='OR'), name='fund_dual_use_is_known'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'submitted'), ('waiting', 'entry'), ('waiting__isnull', False)), models.Q(models.Q(('state', 'submitted'), _negated=True), models.Q(('waiting', None), models.Q(('waiting', 'entry'), _negated=True), _connector='OR')), _connector='OR'), name='fund_is_submitted_while_it_waits_to_enter'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), models.Q(('waiting', 'change'), _negated=True), ('proposed_wording__isnull', False), _connector='OR'), name='fund_change_has_a_proposed_wording'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('proposed_wording', None), ('proposed_wording__gt', models.F('wording')), _connector='OR'), name='fund_proposed_wording_is_newer'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.UniqueConstraint(condition=models.Q(('external_reference', ''), _negated=True), fields=('organization', 'external_reference'), name='fund_external_reference_is_once_in_its_organization', violation_error_code='external_reference_taken', violation_error_message='Your organization has an entry of this reference.'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'submitted', 'sent_back', 'admitted', 'refused', 'left', 'sealed'])), name='fund_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'sealed', 'sent_back']), models.Q(('field__isnull', False), models.Q(('summary', ''), _negated=True)), _connector='OR'), name='fund_is_complete_once_submitted'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['admitted', 'left']), _negated=True), ('admitted_on__isnull', False), _connector='OR'), name='fund_admission_has_its_day'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('left_on__isnull', False), ('state', 'left')), models.Q(models.Q(('state', 'left'), _negated=True), ('left_on', None)), ('state', 'sealed'), _connector='OR'), name='fund_leaving_has_its_day'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('product', None), ('product__in', ['angel_fund', 'venture_fund', 'industry_fund', 'guidance_fund', 'support_then_shares', 'technology_transaction_credit', 'intellectual_property_pledge', 'technology_loan', 'grant', 'interest_subsidy', 'premium_subsidy', 'guarantee_subsidy', 'investment_reward', 'innovation_voucher', 'prize', 'research_cost_insurance', 'patent_insurance', 'first_use_insurance', 'liability_insurance']), _connector='OR'), name='fund_product_is_known'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('committed__gte', 0), models.Q(('quota', None), ('committed__lte', models.F('quota')), _connector='OR')), name='fund_quota_is_not_overdrawn'),
        ),
        migrations.AddConstraint(
            model_name='fund',
            constraint=models.CheckConstraint(condition=models.Q(('opens_on', None), ('closes_on', None), ('opens_on__lte', models.F('closes_on')), _connector='OR'), name='fund_opens_before_it_closes'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), ('waiting__in', ['entry', 'change', 'exit']), _connector='OR'), name='project_waits_for_something_known'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('dual_use', None), ('dual_use__in', ['military_to_civil', 'civil_to_military']), _connector='OR'), name='project_dual_use_is_known'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'submitted'), ('waiting', 'entry'), ('waiting__isnull', False)), models.Q(models.Q(('state', 'submitted'), _negated=True), models.Q(('waiting', None), models.Q(('waiting', 'entry'), _negated=True), _connector='OR')), _connector='OR'), name='project_is_submitted_while_it_waits_to_enter'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), models.Q(('waiting', 'change'), _negated=True), ('proposed_wording__isnull', False), _connector='OR'), name='project_change_has_a_proposed_wording'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('proposed_wording', None), ('proposed_wording__gt', models.F('wording')), _connector='OR'), name='project_proposed_wording_is_newer'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.UniqueConstraint(condition=models.Q(('external_reference', ''), _negated=True), fields=('organization', 'external_reference'), name='project_external_reference_is_once_in_its_organization', violation_error_code='external_reference_taken', violation_error_message='Your organization has an entry of this reference.'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'submitted', 'sent_back', 'admitted', 'refused', 'left', 'sealed'])), name='project_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'sealed', 'sent_back']), models.Q(('field__isnull', False), models.Q(('summary', ''), _negated=True)), _connector='OR'), name='project_is_complete_once_submitted'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['admitted', 'left']), _negated=True), ('admitted_on__isnull', False), _connector='OR'), name='project_admission_has_its_day'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('left_on__isnull', False), ('state', 'left')), models.Q(models.Q(('state', 'left'), _negated=True), ('left_on', None)), ('state', 'sealed'), _connector='OR'), name='project_leaving_has_its_day'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), ('waiting__in', ['entry', 'change', 'exit']), _connector='OR'), name='talent_waits_for_something_known'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('dual_use', None), ('dual_use__in', ['military_to_civil', 'civil_to_military']), _connector='OR'), name='talent_dual_use_is_known'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'submitted'), ('waiting', 'entry'), ('waiting__isnull', False)), models.Q(models.Q(('state', 'submitted'), _negated=True), models.Q(('waiting', None), models.Q(('waiting', 'entry'), _negated=True), _connector='OR')), _connector='OR'), name='talent_is_submitted_while_it_waits_to_enter'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('waiting', None), models.Q(('waiting', 'change'), _negated=True), ('proposed_wording__isnull', False), _connector='OR'), name='talent_change_has_a_proposed_wording'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('proposed_wording', None), ('proposed_wording__gt', models.F('wording')), _connector='OR'), name='talent_proposed_wording_is_newer'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.UniqueConstraint(condition=models.Q(('external_reference', ''), _negated=True), fields=('organization', 'external_reference'), name='talent_external_reference_is_once_in_its_organization', violation_error_code='external_reference_taken', violation_error_message='Your organization has an entry of this reference.'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'submitted', 'sent_back', 'admitted', 'refused', 'left', 'sealed'])), name='talent_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'sealed', 'sent_back']), models.Q(('field__isnull', False), models.Q(('summary', ''), _negated=True)), _connector='OR'), name='talent_is_complete_once_submitted'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['admitted', 'left']), _negated=True), ('admitted_on__isnull', False), _connector='OR'), name='talent_admission_has_its_day'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('left_on__isnull', False), ('state', 'left')), models.Q(models.Q(('state', 'left'), _negated=True), ('left_on', None)), ('state', 'sealed'), _connector='OR'), name='talent_leaving_has_its_day'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['scientist', 'engineer', 'technology_manager', 'team'])), name='talent_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('rank', None), ('rank__in', ['junior', 'intermediate', 'senior']), _connector='OR'), name='talent_rank_is_known'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('available_share', None), ('available_share__range', (1, 100)), _connector='OR'), name='talent_available_share_is_1_to_100'),
        ),
        migrations.AddConstraint(
            model_name='talent',
            constraint=models.CheckConstraint(condition=models.Q(('members', []), ('kind', 'team'), _connector='OR'), name='talent_only_a_team_has_members'),
        ),
    ]
