"""The journal refuses to be rewritten; the industries that the domain names."""

from django.db import migrations

GUARD = """
CREATE FUNCTION refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Test databases are emptied between tests; nothing else ever is.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The journal is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""
TABLES = ("accounts_journalentry", "accounts_journalseal")
CREATE = GUARD + "".join(
    f"""
    CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_journal_change();
    CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_journal_change();
    """
    for table in TABLES
)
DROP = "DROP FUNCTION refuse_journal_change() CASCADE;"

INDUSTRIES = (
    ("medical", "医疗", "Medical"),
    ("finance", "金融", "Finance"),
    ("telemarketing", "电销", "Telemarketing"),
    ("education", "教育", "Education"),
    ("logistics", "物流", "Logistics"),
    ("catering", "餐饮", "Catering"),
    ("retail", "零售", "Retail"),
    ("property", "物业", "Property management"),
    ("ride_hailing", "网约车", "Ride-hailing"),
    ("public_safety", "公共服务", "Public services"),
    ("other", "其他", "Other"),
)


def add_industries(apps, schema_editor):
    industry = apps.get_model("accounts", "Industry")
    industry.objects.bulk_create(
        [industry(code=code, name_zh=name_zh, name_en=name_en) for code, name_zh, name_en in INDUSTRIES]
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(CREATE, DROP),
        migrations.RunPython(add_industries, migrations.RunPython.noop),
        migrations.RunSQL(
            """
            CREATE TABLE portal_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
            CREATE INDEX portal_cache_expires ON portal_cache (expires);
            """,
            "DROP TABLE portal_cache;",
        ),
    ]
