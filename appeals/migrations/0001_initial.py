"""The platforms that show marks, as the trade knows them; staff edit the list afterwards."""

from django.db import migrations, models

PLATFORMS = (
    ("360", "360", "360"),
    ("tencent", "腾讯", "Tencent"),
    ("baidu", "百度", "Baidu"),
    ("sogou", "搜狗", "Sogou"),
    ("carrier", "运营商", "Carrier"),
    ("handset_maker", "手机厂商", "Handset maker"),
)


def fill(apps, schema_editor):
    apps.get_model("appeals", "Platform").objects.bulk_create(
        apps.get_model("appeals", "Platform")(code=code, name_zh=name_zh, name_en=name_en)
        for code, name_zh, name_en in PLATFORMS
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = [("certification", "0002_catalogue")]

    operations = [
        migrations.CreateModel(
            name="Platform",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name_zh", models.CharField(max_length=60)),
                ("name_en", models.CharField(max_length=60)),
                ("is_active", models.BooleanField(db_default=True, default=True)),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
