"""Let an alert point at the mail that tells of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('finding', '0001_initial'),
        ('mail', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='mail',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alert', to='mail.mail'),
        ),
    ]
