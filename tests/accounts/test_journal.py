"""The journal: nothing is altered, tampering shows, and people can read it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from accounts import journal
from accounts.journal import Actor, Change, JournalBroken, JournalEntry, JournalSeal
from accounts.journal_words import SUBJECTS, in_words, subject_choices
from tests.cast import NOW


def write(count: int, **changes: Any) -> None:
    """Some rows about the first company."""
    values = {"subject": "company", "aspect": "contact_name", "before": "a", "after": "b", **changes}
    journal.record_many(
        at=NOW, actor=Actor.command(), changes=[Change(subject_id=serial, **values) for serial in range(1, count + 1)]
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_journalentry SET after = 'c'",
        "DELETE FROM accounts_journalentry",
        "TRUNCATE accounts_journalentry CASCADE",
    ],
)
def test_database_refuses_to_alter_rows(db, statement):
    write(1)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert JournalEntry.objects.get().after == "b"


def tamper(statement: str) -> None:
    """Change rows behind the triggers' back, as somebody with the database's own password could."""
    tables = ("accounts_journalentry", "accounts_journalseal")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # checks that are still to come would keep the tables busy
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def verify_command() -> tuple[int, str]:
    """Exit code and output of `manage.py verify_journal`."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_journal", stdout=out, stderr=err)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue() + err.getvalue()
    return 0, out.getvalue() + err.getvalue()


def test_whole_journal_verifies_and_counts_what_is_not_sealed(db):
    write(5)
    assert journal.seal() == 5
    write(2)
    assert verify_command() == (0, "5 rows verified, 2 not sealed yet\n")
    assert journal.seal() == 2
    assert journal.seal() == 0
    assert journal.verify() == (7, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_journalentry SET after = 'c' WHERE subject_id = 4",
        "UPDATE accounts_journalentry SET actor_kind = 'engine' WHERE subject_id = 4",
        "UPDATE accounts_journalentry SET at = at + interval '1 second' WHERE subject_id = 4",
        "UPDATE accounts_journalentry SET before = 'ab', after = '' WHERE subject_id = 4",
        "DELETE FROM accounts_journalentry WHERE subject_id = 4",
    ],
)
def test_tampered_row_breaks_the_seal_of_its_stretch(db, statement):
    write(3)
    journal.seal()
    write(3, subject="number")
    first, second = JournalEntry.objects.order_by("pk").values_list("pk", flat=True)[0:4:3]
    journal.seal()
    tamper(statement.replace("subject_id = 4", f"id = {second}"))
    with pytest.raises(JournalBroken) as broken:
        journal.verify()
    code, text = verify_command()
    assert code == 1
    assert f"rows {broken.value.seal.first_entry} to {broken.value.seal.last_entry}" in text
    assert broken.value.seal.first_entry == second > first


def test_added_row_within_a_sealed_stretch_breaks_it(db):
    write(3)
    journal.seal()
    last = JournalEntry.objects.latest("pk").pk
    tamper(f"UPDATE accounts_journalentry SET id = id + 1000 WHERE id = {last}")
    write(1)
    tamper(
        f"UPDATE accounts_journalentry SET id = {last} WHERE id = {JournalEntry.objects.earliest('-recorded_at').pk}"
    )
    with pytest.raises(JournalBroken):
        journal.verify()


def test_removed_seal_breaks_the_chain(db):
    write(3)
    journal.seal()
    write(3)
    journal.seal()
    tamper(f"DELETE FROM accounts_journalseal WHERE id = {JournalSeal.objects.earliest('pk').pk}")
    with pytest.raises(JournalBroken):
        journal.verify()


# --- In words ------------------------------------------------------------------------------------------------------


def test_row_in_words_names_people_things_and_values(cast):
    journal.record(
        at=NOW,
        actor=Actor.person(cast.lead),
        company_id=cast.clinic.pk,
        subject="company",
        subject_id=cast.clinic.pk,
        aspect="industry",
        before=str(cast.clinic.industry_id),
        after=str(cast.shop.industry_id),
        reason="New scope.",
    )
    said = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            line = in_words(JournalEntry.objects.all())[0]
            said[language] = (line.actor_label, line.text, line.reason)
    assert said == {
        "en": ("lead", "Company 仁和门诊部 · Industry: Medical → Catering", "New scope."),
        "zh-hans": ("lead", "企业 仁和门诊部 · 行业：医疗 → 餐饮", "New scope."),
    }


def test_company_reads_of_portal_staff_not_of_names(cast):
    journal.record(at=NOW, actor=Actor.person(cast.lead), subject="company", subject_id=cast.clinic.pk, aspect="name")
    journal.record(at=NOW, actor=Actor.person(cast.owner), subject="company", subject_id=cast.clinic.pk, aspect="name")
    journal.record(at=NOW, actor=Actor.engine(), subject="company", subject_id=cast.clinic.pk, aspect="name")
    with translation.override("en"):
        labels = [line.actor_label for line in in_words(JournalEntry.objects.order_by("pk"), staff_names=False)]
    assert labels == ["Portal staff", "owner", "the portal"]


def test_contact_phone_is_masked(cast):
    write(1, aspect="contact_phone", before="13800001111", after="0571-87000000")
    with translation.override("en"):
        assert in_words(JournalEntry.objects.all())[0].change == "Contact phone: 1380****111 → 0571****000"


def test_unknown_subjects_and_aspects_keep_their_codes(db):
    write(1, subject="comet", aspect="tail_length")
    line = in_words(JournalEntry.objects.all())[0]
    assert (line.subject_label, line.aspect_label, line.before) == ("comet", "tail length", "a")


def test_every_subject_has_words_in_both_languages(db):
    with translation.override("en"):
        english = dict(subject_choices())
    with translation.override("zh-hans"):
        chinese = dict(subject_choices())
    assert set(english) == set(SUBJECTS)
    assert {name for name in SUBJECTS if english[name] == chinese[name]} == set()


# --- Pages ---------------------------------------------------------------------------------------------------------


def lines_of(response: Any) -> list[str]:
    """What the page's rows say."""
    lines = response.context["lines"]
    return [(line[0] if isinstance(line, tuple) else line).text for line in lines]


def test_company_journal_shows_its_own_rows_only(cast, visit):
    write(1, company_id=cast.clinic.pk)
    write(1, company_id=cast.shop.pk, aspect="contact_email")
    assert lines_of(visit(cast.owner).get("/settings/journal/")) == ["Company · Contact person: a → b"]
    assert visit(cast.operator).get("/settings/journal/").status_code == 403


def test_staff_journal_is_narrowed_by_person_company_subject_and_day(cast, visit):
    journal.record(
        at=NOW, actor=Actor.person(cast.owner), subject="user", subject_id=cast.owner.pk, aspect="name", after="x"
    )
    write(1, company_id=cast.clinic.pk)
    write(1, subject="number", aspect="label", company_id=cast.shop.pk)
    client = visit(cast.auditor)
    expected = {
        "": 3,
        "person=owner@": 1,
        "person=nobody": 0,
        "company=仁和": 1,
        f"company={cast.shop.credit_code}": 1,
        "subject=number": 1,
        "since=2026-11-25": 3,
        "since=2026-11-26": 0,
        "until=2026-11-25": 3,
        "until=2026-11-24": 0,
        "since=nonsense": 3,
        "person=%00": 3,
    }
    found = {query: len(lines_of(client.get(f"/staff/journal/?{query}"))) for query in expected}
    assert found == expected


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_journal_takes_the_same_queries_whatever_its_length(cast, visit, django_assert_max_num_queries, rows):
    write(rows, company_id=cast.clinic.pk)
    client = visit(cast.auditor)
    client.get("/staff/journal/")
    with django_assert_max_num_queries(9):
        assert len(lines_of(client.get("/staff/journal/"))) == rows


def test_pages_follow_each_other_without_gap_or_repetition(cast, visit):
    write(120, company_id=cast.clinic.pk)
    client, seen, url = visit(cast.auditor), [], "/staff/journal/?subject=company"
    while url:
        page = client.get(url).context["page"]
        seen.append([row.subject_id for row in page.rows])
        back, url = page.previous_url, page.next_url
    assert [len(part) for part in seen] == [50, 50, 20]
    assert [serial for part in seen for serial in part] == list(range(120, 0, -1))
    before = client.get(back).context["page"]
    assert [row.subject_id for row in before.rows] == seen[1]


@pytest.mark.parametrize("cursor", ["after=%21", "after=zzzzzzzzzzzzz", "before=", "before=0"])
def test_broken_cursor_is_no_error(cast, visit, cursor):
    write(1)
    assert visit(cast.auditor).get(f"/staff/journal/?{cursor}").status_code == 200


def test_detail_is_stored_as_given(db):
    write(1, detail={"why": "x"})
    assert json.dumps(JournalEntry.objects.get().detail) == '{"why": "x"}'
