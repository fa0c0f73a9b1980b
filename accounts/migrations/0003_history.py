from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes for looking back, made while the portal goes on writing."""

    atomic = False

    dependencies = [
        ("accounts", "0002_journal_guard_and_industries"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="journalentry",
            index=models.Index(fields=["at"], name="journal_by_date"),
        ),
        AddIndexConcurrently(
            model_name="journalentry",
            index=models.Index(
                condition=models.Q(("aspect", "provider")), fields=["company"], name="journal_provider_changes"
            ),
        ),
    ]
