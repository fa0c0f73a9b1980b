"""Spreadsheets of marks that staff hand in, and what is said of numbers that no company holds yet."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.references


class Migration(migrations.Migration):
    dependencies = [
        ("appeals", "0007_appeal_reasons"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="complaintimport",
            name="source",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="appeals.source"
            ),
        ),
        migrations.AlterField(
            model_name="complaintimportrow",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("accepted", "Taken in"),
                    ("unknown_number", "Kept, number unknown"),
                    ("duplicate", "Reported already"),
                    ("invalid", "Cannot be read"),
                ],
                max_length=14,
            ),
        ),
        migrations.CreateModel(
            name="MarkImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ref",
                    accounts.references.ReferenceField(
                        db_default=accounts.references.RandomReference(), editable=False, max_length=12, unique=True
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("file_name", models.CharField(max_length=200)),
                ("storage_name", models.CharField(blank=True, max_length=200)),
                ("encoding", models.CharField(blank=True, max_length=20)),
                ("delimiter", models.CharField(blank=True, max_length=1)),
                ("columns", models.JSONField(default=dict)),
                ("header_row", models.PositiveIntegerField(default=1)),
                ("header", models.JSONField(default=list)),
                ("sample", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Waiting for columns"),
                            ("previewed", "Waiting for confirmation"),
                            ("queued", "Waiting to start"),
                            ("running", "Importing"),
                            ("finished", "Finished"),
                            ("failed", "Failed"),
                            ("discarded", "Discarded"),
                        ],
                        default="uploaded",
                        max_length=10,
                    ),
                ),
                ("rows_total", models.PositiveIntegerField(default=0)),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("last_row", models.PositiveIntegerField(default=0)),
                ("progress_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("judged_at", models.DateTimeField(null=True)),
                ("rows_accepted", models.PositiveIntegerField(default=0)),
                ("rows_unknown_number", models.PositiveIntegerField(default=0)),
                ("rows_duplicate", models.PositiveIntegerField(default=0)),
                ("rows_invalid", models.PositiveIntegerField(default=0)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="appeals.source",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MarkImportRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row", models.PositiveIntegerField()),
                ("cells", models.JSONField(default=list)),
                ("event", models.JSONField(default=dict)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("accepted", "Taken in"),
                            ("unknown_number", "Kept, number unknown"),
                            ("duplicate", "Reported already"),
                            ("invalid", "Cannot be read"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "mark_import",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="appeals.markimport",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UnknownMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=80)),
                ("event", models.CharField(max_length=80)),
                (
                    "origin",
                    models.CharField(
                        choices=[("platform", "Platform"), ("staff", "Staff"), ("company", "Company")], max_length=10
                    ),
                ),
                ("dialled", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("is_clearance", models.BooleanField(default=False)),
                (
                    "label",
                    models.CharField(
                        choices=[
                            ("fraud", "Fraud"),
                            ("advertising", "Advertising"),
                            ("harassment", "Harassment"),
                            ("other", "Other"),
                        ],
                        default="other",
                        max_length=12,
                    ),
                ),
                ("people", models.PositiveIntegerField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "platform",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="appeals.platform",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="markimport",
            index=models.Index(fields=["-created_at"], name="mark_import_list"),
        ),
        migrations.AddIndex(
            model_name="markimport",
            index=models.Index(
                condition=models.Q(("state__in", ["uploaded", "previewed", "queued", "running"])),
                fields=["created_at"],
                name="mark_import_open",
            ),
        ),
        migrations.AddIndex(
            model_name="markimportrow",
            index=models.Index(fields=["mark_import", "outcome", "row"], name="mark_import_row_outcome"),
        ),
        migrations.AddConstraint(
            model_name="markimportrow",
            constraint=models.UniqueConstraint(fields=("mark_import", "row"), name="mark_import_row_once"),
        ),
        migrations.AddIndex(
            model_name="unknownmark",
            index=models.Index(fields=["dialled"], name="unknown_mark_number"),
        ),
        migrations.AddConstraint(
            model_name="unknownmark",
            constraint=models.UniqueConstraint(fields=("source", "event"), name="unknown_mark_once"),
        ),
    ]
