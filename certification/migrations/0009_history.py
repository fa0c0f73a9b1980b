from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes for looking back, made while the portal goes on writing."""

    atomic = False

    dependencies = [
        ("accounts", "0003_history"),
        ("certification", "0008_desk"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="phonenumber",
            index=models.Index(fields=["company", "id"], name="number_list_of_then"),
        ),
        AddIndexConcurrently(
            model_name="phonenumber",
            index=models.Index(
                condition=models.Q(("released_at__isnull", False)), fields=["number"], name="number_given_up"
            ),
        ),
    ]
