"""Take from alerts what their mails say now; nothing is read, and the locks are held for moments."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('finding', '0003_existing_mails'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='alert',
            name='alert_mail_moves',
        ),
        migrations.RemoveConstraint(
            model_name='alert',
            name='alert_mail_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='alert',
            name='alert_is_mailed_at_a_time',
        ),
        migrations.RemoveIndex(
            model_name='alert',
            name='alert_mail_waiting',
        ),
        # So that it can come back to rows that are there.
        migrations.AlterField(
            model_name='alert',
            name='mail_due_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.RemoveField(
            model_name='alert',
            name='mail_state',
        ),
        migrations.RemoveField(
            model_name='alert',
            name='mail_attempts',
        ),
        migrations.RemoveField(
            model_name='alert',
            name='mail_due_at',
        ),
        migrations.RemoveField(
            model_name='alert',
            name='mailed_at',
        ),
        migrations.AlterField(
            model_name='alert',
            name='mail',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='alert', to='mail.mail'),
        ),
    ]
