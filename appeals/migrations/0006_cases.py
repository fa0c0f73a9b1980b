"""Appeals, and the reasons for which they are dismissed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.references

# code, kinds, zh, en, fix zh, fix en
REASONS = (
    (
        "evidence_insufficient",
        ["appeal", "complex_appeal"],
        "现有证据不足以证明申诉理由",
        "The evidence does not show what is claimed",
        "请补充通话记录、标记截图或与被叫方的合同后重新申诉。",
        "Appeal again with a call log, screenshots of the mark, or a contract with those called.",
    ),
    (
        "mark_confirmed",
        ["appeal", "complex_appeal"],
        "经平台核实，标记与实际通话情况相符",
        "The platform finds that the mark fits the calls",
        "请先整改通话内容和名单，待投诉减少后再申诉。",
        "Mend the script and the list that is called first; appeal when complaints have become fewer.",
    ),
    (
        "complaints_credible",
        ["appeal", "complaint_lock"],
        "投诉来自不同用户，内容可信",
        "The complaints come from different people and are credible",
        "请说明整改措施，并提供整改后的话术和名单来源。",
        "Say what has changed, with the new script and where the list comes from.",
    ),
    (
        "decision_stands",
        ["appeal"],
        "原决定依据充分",
        "The decision was well founded",
        "请按原决定中的说明修改后重新提交。",
        "Correct what the decision names and hand it in again.",
    ),
)


def fill(apps, schema_editor):
    reason = apps.get_model("certification", "Reason")
    for code, kinds, text_zh, text_en, fix_zh, fix_en in REASONS:
        reason.objects.get_or_create(
            code=code,
            defaults={"kinds": kinds, "text_zh": text_zh, "text_en": text_en, "fix_zh": fix_zh, "fix_en": fix_en},
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_journal_guard_and_industries"),
        ("appeals", "0005_complaint_imports"),
        ("certification", "0007_cases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Appeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ref",
                    accounts.references.ReferenceField(
                        db_default=accounts.references.RandomReference(), editable=False, max_length=12, unique=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("mark", "False mark"), ("lock", "Complaint lock"), ("decision", "Decision")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("in_review", "In review"),
                            ("more_information", "More information needed"),
                            ("upheld", "Upheld"),
                            ("partly_upheld", "Partly upheld"),
                            ("dismissed", "Dismissed"),
                            ("settled", "Settled"),
                            ("abandoned", "Closed without an answer"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("state_since", models.DateTimeField(editable=False)),
                ("created_at", models.DateTimeField(editable=False)),
                ("submitted_at", models.DateTimeField(editable=False, null=True)),
                ("statement", models.TextField(blank=True, max_length=4000, verbose_name="statement")),
                (
                    "urgency_reason",
                    models.TextField(blank=True, max_length=1000, verbose_name="reason for the urgency"),
                ),
                (
                    "urgency",
                    models.CharField(
                        choices=[
                            ("none", "Not urgent"),
                            ("by_kind", "Urgent: public service"),
                            ("asked", "Marked urgent, not confirmed yet"),
                            ("confirmed", "Urgent, confirmed"),
                            ("refused", "Not urgent: the mark was withdrawn"),
                        ],
                        default="none",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("is_complex", models.BooleanField(default=False, editable=False)),
                ("missing_evidence", models.JSONField(default=list, editable=False)),
                ("answer_until", models.DateTimeField(editable=False, null=True)),
                ("next_step_at", models.DateTimeField(editable=False, null=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("creation_key", models.UUIDField(editable=False, null=True, unique=True)),
                (
                    "appealed_review",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="certification.review",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="accounts.company",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AppealMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("message", "Message"), ("question", "More information needed"), ("answer", "Answer")],
                        default="message",
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("is_by_staff", models.BooleanField()),
                ("text", models.TextField(max_length=4000)),
                ("read_at", models.DateTimeField(null=True)),
                ("submission", models.UUIDField(null=True, unique=True)),
                (
                    "appeal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="appeals.appeal",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AppealFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ref",
                    accounts.references.ReferenceField(
                        db_default=accounts.references.RandomReference(), editable=False, max_length=12, unique=True
                    ),
                ),
                ("storage_name", models.CharField(max_length=200, unique=True)),
                ("original_name", models.CharField(max_length=200)),
                ("content_type", models.CharField(max_length=40)),
                ("size", models.PositiveIntegerField(help_text="bytes")),
                ("sha256", models.CharField(max_length=64)),
                ("pages", models.PositiveSmallIntegerField(default=1)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ownership", "Proof that the numbers are yours"),
                            ("purpose", "Purpose of the calls"),
                            ("script", "Sample script"),
                            ("call_log", "Call log"),
                            ("screenshot", "Screenshot of the mark"),
                            ("other", "Other evidence"),
                        ],
                        default="other",
                        max_length=12,
                    ),
                ),
                ("uploaded_at", models.DateTimeField()),
                ("is_by_staff", models.BooleanField(default=False)),
                (
                    "appeal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="appeals.appeal"
                    ),
                ),
                (
                    "platform",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="appeals.platform"
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="appeals.appealmessage",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AppealNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=40)),
                ("is_open", models.BooleanField(default=False, editable=False)),
                ("is_upheld", models.BooleanField(editable=False, null=True)),
                (
                    "appeal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="appeals.appeal",
                    ),
                ),
                (
                    "number",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="certification.phonenumber",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AppealPlatform",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Not asked yet"),
                            ("asked", "The platform was asked"),
                            ("cleared", "Mark cleared"),
                            ("refused", "The platform refused"),
                        ],
                        default="pending",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, editable=False, max_length=500)),
                ("asked_at", models.DateTimeField(editable=False, null=True)),
                ("answered_at", models.DateTimeField(editable=False, null=True)),
                (
                    "appeal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="platforms",
                        to="appeals.appeal",
                    ),
                ),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="appeals.platform"
                    ),
                ),
            ],
            options={
                "ordering": ["platform_id"],
            },
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(fields=["company", "-created_at", "-id"], name="appeal_list"),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(
                condition=models.Q(("next_step_at__isnull", False)), fields=["next_step_at"], name="appeal_next_step"
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["submitted", "in_review", "more_information"])),
                fields=("appealed_review",),
                name="appeal_open_once_per_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answer_until__isnull", False), ("next_step_at__isnull", False), ("state", "more_information")
                    ),
                    models.Q(
                        models.Q(("state", "more_information"), _negated=True),
                        ("answer_until__isnull", True),
                        ("next_step_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="appeal_waits_until_a_moment",
            ),
        ),
        migrations.AddIndex(
            model_name="appealmessage",
            index=models.Index(fields=["appeal", "at"], name="appeal_thread"),
        ),
        migrations.AddIndex(
            model_name="appealmessage",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["appeal", "is_by_staff"], name="appeal_unread"
            ),
        ),
        migrations.AddConstraint(
            model_name="appealnumber",
            constraint=models.UniqueConstraint(fields=("appeal", "number"), name="appeal_number_once"),
        ),
        migrations.AddConstraint(
            model_name="appealnumber",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_open", True)),
                fields=("number", "subject"),
                name="appeal_open_once_per_subject",
                violation_error_message="There is an open appeal about this number already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="appealplatform",
            constraint=models.UniqueConstraint(fields=("appeal", "platform"), name="appeal_platform_once"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
