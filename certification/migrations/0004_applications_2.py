"""The letter of authority is asked for only when an agent applies."""

from django.db import migrations


def mark(apps, schema_editor):
    requirements = apps.get_model("certification", "Requirement").objects
    requirements.filter(kind__code="letter_of_authority").update(only_for_agents=True)


class Migration(migrations.Migration):
    dependencies = [("certification", "0003_applications_1")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
