"""Give every alert its mail, as far as it has come; it keeps the key, and so its Message-ID."""

from django.db import migrations

MAILS = """
INSERT INTO mail_mail (
    id, version, created_at, updated_at, user_id, kind, can_wait, state, attempts, due_at, sent_at,
    failure
)
SELECT
    alert.id, 1, alert.created_at, alert.updated_at, search.user_id, 'alert', false,
    alert.mail_state, alert.mail_attempts, alert.mail_due_at, alert.mailed_at,
    CASE WHEN alert.mail_state = 'failed' THEN
        CASE WHEN alert.mail_attempts > 6 THEN 'tried_often_enough' ELSE 'refused_for_good' END
    END
FROM finding_alert alert JOIN finding_savedsearch search ON search.id = alert.search_id
WHERE alert.mail_id IS NULL;
UPDATE finding_alert SET mail_id = id WHERE mail_id IS NULL
"""

#: Every state can be reached from the first one, in which the columns come back.
BACK = """
UPDATE finding_alert alert
SET mail_state = mail.state, mail_attempts = mail.attempts, mail_due_at = mail.due_at,
    mailed_at = mail.sent_at
FROM mail_mail mail WHERE mail.id = alert.mail_id;
UPDATE finding_alert SET mail_id = NULL;
DELETE FROM mail_mail WHERE kind = 'alert'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('finding', '0002_alert_mail'),
    ]

    operations = [
        migrations.RunSQL(MAILS, BACK),
    ]
