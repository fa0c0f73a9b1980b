"""The reasons for which appeals are dismissed; lead reviewers keep them afterwards."""

from django.db import migrations

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
    dependencies = [("appeals", "0006_cases"), ("certification", "0009_history")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
