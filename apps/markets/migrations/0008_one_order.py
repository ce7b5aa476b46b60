from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """Findable keeps these orders; kept twice, they cost every change of health an index entry."""

    atomic = False

    dependencies = [
        ('markets', '0007_findable_indexes'),
    ]

    operations = [
        RemoveIndexConcurrently(model_name='listing', name='listing_newest_first'),
        RemoveIndexConcurrently(model_name='listing', name='listing_healthiest_first'),
    ]
