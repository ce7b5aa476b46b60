"""Find listings by index; built beside those who read and write, so by itself."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('markets', '0006_existing_findable'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='findable',
            index=models.Index(condition=models.Q(('words', None)), fields=['listing'], name='findable_without_words'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=models.Index(condition=models.Q(('is_public', True)), fields=['organization_id', '-listed_at', '-listing'], name='findable_of_owner_public'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=models.Index(condition=models.Q(('is_public', True)), fields=['-listed_at', '-listing'], include=('market', 'side', 'field', 'subfield', 'province', 'city', 'county', 'cooperation_modes', 'readiness', 'price_way', 'lowest', 'highest'), name='findable_newest_public'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=models.Index(condition=models.Q(('is_public', True)), fields=['-health', '-listing'], include=('market', 'side', 'field', 'subfield', 'province', 'city', 'county', 'cooperation_modes', 'readiness', 'price_way', 'lowest', 'highest'), name='findable_healthiest_public'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=django.contrib.postgres.indexes.GinIndex(models.F('words'), models.Func(models.F('market'), models.F('side'), models.F('state'), models.F('field'), models.F('subfield'), models.F('province'), models.F('city'), models.F('county'), models.F('cooperation_modes'), models.F('readiness'), models.F('price_way'), models.F('waiting'), models.F('lowest'), models.F('highest'), function='markets_codes'), condition=models.Q(('is_public', True)), fastupdate=False, name='findable_words_public'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=models.Index(condition=models.Q(('is_public', True), _negated=True), fields=['organization_id', '-listed_at', '-listing'], name='findable_of_owner_hidden'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=models.Index(condition=models.Q(('is_public', True), _negated=True), fields=['-listed_at', '-listing'], include=('market', 'side', 'field', 'subfield', 'province', 'city', 'county', 'cooperation_modes', 'readiness', 'price_way', 'lowest', 'highest', 'state', 'waiting', 'organization_id', 'is_dual_use'), name='findable_newest_hidden'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=models.Index(condition=models.Q(('is_public', True), _negated=True), fields=['-health', '-listing'], include=('market', 'side', 'field', 'subfield', 'province', 'city', 'county', 'cooperation_modes', 'readiness', 'price_way', 'lowest', 'highest', 'state', 'waiting', 'organization_id', 'is_dual_use'), name='findable_healthiest_hidden'),
        ),
        AddIndexConcurrently(
            model_name='findable',
            index=django.contrib.postgres.indexes.GinIndex(models.F('words'), models.Func(models.F('market'), models.F('side'), models.F('state'), models.F('field'), models.F('subfield'), models.F('province'), models.F('city'), models.F('county'), models.F('cooperation_modes'), models.F('readiness'), models.F('price_way'), models.F('waiting'), models.F('lowest'), models.F('highest'), function='markets_codes'), condition=models.Q(('is_public', True), _negated=True), fastupdate=False, name='findable_words_hidden'),
        ),
    ]
