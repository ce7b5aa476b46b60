import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_vetting'),
        ('notifications', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='notice',
            name='facts',
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.CreateModel(
            name='Digest',
            fields=[
                ('organization', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='accounts.organization')),
                ('until', models.DateTimeField()),
            ],
        ),
    ]
