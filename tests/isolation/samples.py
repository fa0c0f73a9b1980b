"""One thing of the clinic's for every address that names a thing; a new address without a sample fails the tests.

A sample is made when its address is visited. Keys are the names of addresses; where every address of a namespace names
the same sort of thing, one key `namespace:*` serves them all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.utils import timezone

from accounts import invitations
from accounts.access import CompanyRole
from accounts.invitations import Invitation
from accounts.journal import Actor
from accounts.memberships import Membership
from accounts.notices import Notice
from appeals.cases.models import Appeal, AppealFile, AppealPlatform
from appeals.complaints.imports.models import ComplaintImport
from appeals.complaints.models import Source, SourceKey
from appeals.complaints.sources import issue_key
from appeals.expedite.requests import ask
from appeals.marks.imports.models import MarkImport
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Mark, MarkScreenshot, MarkSighting, Origin
from appeals.platforms import Platform
from certification.applications.models import Application
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.series_models import MaintenanceSeries
from certification.materials.models import Material, MaterialFile, MaterialKind, MaterialState, Requirement
from certification.numbers.models import NumberGroup, NumberImport, Provider
from certification.reviews.models import Reason, Review
from tests.cast import NOW, Cast, credit_code, make_material

Sample = Callable[[Cast], dict[str, Any]]


def model(name: str) -> Any:
    """A model of the certification app that further slices add."""
    return apps.get_model("certification", name)


def member(cast: Cast) -> dict[str, Any]:
    return {"ref": Membership.objects.get(user=cast.viewer, company=cast.clinic).ref}


def open_invitation(cast: Cast, email: str = "guest@example.com") -> Invitation:
    return invitations.invite(
        company=cast.clinic,
        email=email,
        role=CompanyRole.VIEWER,
        by=cast.owner,
        actor=Actor.person(cast.owner),
        now=timezone.now(),
    )


def invitation(cast: Cast) -> dict[str, Any]:
    return {"ref": Invitation.objects.get(pk=open_invitation(cast).pk).ref}


def company(cast: Cast) -> dict[str, Any]:
    return {"ref": cast.clinic.ref}


def number(cast: Cast) -> dict[str, Any]:
    cast.numbers[0].refresh_from_db()
    return {"ref": cast.numbers[0].ref}


def number_group(cast: Cast) -> dict[str, Any]:
    group = NumberGroup.objects.create(company=cast.clinic, name="East")
    group.refresh_from_db()
    return {"ref": group.ref}


def number_import(cast: Cast) -> dict[str, Any]:
    found = NumberImport.objects.create(
        company=cast.clinic,
        created_by=cast.owner,
        created_at=NOW,
        file_name="numbers.xlsx",
        provider=Provider.objects.get(code="official"),
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def number_report(cast: Cast) -> dict[str, Any]:
    """An import that has ended, with its report of rejected rows."""
    sample = number_import(cast)
    NumberImport.objects.filter(ref=sample["ref"]).update(state="finished", finished_at=NOW)
    return {**sample, "file_format": "csv"}


def application_change(cast: Cast) -> dict[str, Any]:
    """A change, which alone asks for new names."""
    sample = application(cast)
    Application.objects.filter(ref=sample["ref"]).update(kind="change")
    return sample


def number_export(cast: Cast) -> dict[str, Any]:
    found = model("NumberExport").objects.create(
        company=cast.clinic, created_by=cast.owner, created_at=NOW, file_format="csv", language="en"
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def material(cast: Cast) -> dict[str, Any]:
    found = Material.objects.filter(company=cast.clinic).earliest("pk")
    return {"ref": found.ref}


def material_file(cast: Cast) -> dict[str, Any]:
    found = MaterialFile.objects.create(
        material=Material.objects.filter(company=cast.clinic).earliest("pk"),
        storage_name=f"missing/{timezone.now().timestamp()}.pdf",
        original_name="licence.pdf",
        content_type="application/pdf",
        size=1,
        sha256="0" * 64,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def material_page(cast: Cast) -> dict[str, Any]:
    return {**material_file(cast), "number": 1}


def requirement(cast: Cast) -> dict[str, Any]:
    return {"ref": Requirement.objects.earliest("pk").ref}


def application(cast: Cast) -> dict[str, Any]:
    found = Application.objects.create(
        company=cast.clinic, kind="new", state_since=NOW, created_at=NOW, created_by=cast.owner
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def application_step(cast: Cast) -> dict[str, Any]:
    return {**application(cast), "step": "purpose"}


def maintenance(cast: Cast) -> dict[str, Any]:
    found = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="material_expired"),
        scope="company",
        company=cast.clinic,
        requirement=Requirement.objects.earliest("pk"),
        opened_at=NOW,
        held_since=NOW,
        created_at=NOW,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def plan(cast: Cast) -> dict[str, Any]:
    found = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="data_sync"),
        scope="everything",
        planned_start=timezone.now() + dt.timedelta(days=3),
        planned_end=timezone.now() + dt.timedelta(days=4),
        created_at=NOW,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def series(cast: Cast) -> dict[str, Any]:
    """A recurring plan of a technical cause."""
    found = MaintenanceSeries.objects.create(
        cause=MaintenanceCause.objects.get(code="data_sync"),
        scope="everything",
        rule="FREQ=WEEKLY;COUNT=5",
        time_zone="Asia/Shanghai",
        starts_on=timezone.localdate() + dt.timedelta(days=3),
        starts_at=dt.time(2),
        length=dt.timedelta(hours=3),
        planned_by=cast.operations,
        created_at=NOW,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def review(cast: Cast) -> dict[str, Any]:
    """A document of the clinic's that waits for a decision."""
    subject = make_material(cast.clinic, "business_licence", by=cast.owner, state=MaterialState.SUBMITTED)
    found = Review.objects.create(
        kind="material",
        company=cast.clinic,
        subject="material",
        subject_id=subject.pk,
        submitted_by=cast.owner,
        opened_at=NOW,
        due_from=NOW,
        due_at=NOW + dt.timedelta(days=5),
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def review_decision(cast: Cast) -> dict[str, Any]:
    return {**review(cast), "decision": "approved"}


def notice(cast: Cast) -> dict[str, Any]:
    found = Notice.objects.create(
        key=f"sample:{credit_code(1)}",
        kind="company_verified",
        recipient=cast.owner,
        company=cast.clinic,
        created_at=NOW,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def mark(cast: Cast) -> dict[str, Any]:
    """A mark on a number of the clinic's, as a company reports it."""
    observe(
        sightings=[Sighting("sample", cast.numbers[0].pk, Platform.objects.earliest("pk").pk, NOW)],
        source="sample",
        origin=Origin.COMPANY,
        actor=Actor.person(cast.owner),
        now=NOW,
        reporter=cast.owner,
    )
    return {"ref": Mark.objects.get(number=cast.numbers[0]).ref}


def mark_screenshot(cast: Cast) -> dict[str, Any]:
    sighting = MarkSighting.objects.get(mark__ref=mark(cast)["ref"])
    found = MarkScreenshot.objects.create(
        sighting=sighting,
        storage_name=f"missing/{timezone.now().timestamp()}.png",
        original_name="screen.png",
        content_type="image/png",
        size=1,
        sha256="0" * 64,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def expedite(cast: Cast) -> dict[str, Any]:
    """A request for the clinic's overdue review."""
    late = Review.objects.get(ref=review(cast)["ref"])
    Review.objects.filter(pk=late.pk).update(
        due_at=NOW - dt.timedelta(days=1), overdue_since=NOW - dt.timedelta(days=1)
    )
    asked = ask(
        thing=late, company=cast.clinic, reason="Calls fail.", asker=cast.owner, actor=Actor.person(cast.owner), now=NOW
    )
    return {"ref": asked.ref}


def complaint_source(cast: Cast) -> dict[str, Any]:
    """Who reports complaints."""
    found = Source.objects.create(name=f"source {timezone.now().timestamp()}", created_at=NOW)
    found.refresh_from_db()
    return {"ref": found.ref}


def source_key(cast: Cast) -> dict[str, Any]:
    source = Source.objects.get(ref=complaint_source(cast)["ref"])
    issue_key(source=source, actor=Actor.person(cast.operations), now=NOW)
    return {"ref": SourceKey.objects.get(source=source).ref}


def complaint_lock(cast: Cast) -> dict[str, Any]:
    """A lock of a number of the clinic's."""
    found = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="complaint_lock"),
        scope="number",
        number=cast.numbers[0],
        locks=True,
        suspends_display=True,
        opened_at=NOW,
        held_since=NOW,
        created_at=NOW,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def complaint_import(cast: Cast) -> dict[str, Any]:
    found = ComplaintImport.objects.create(
        source=Source.objects.get(ref=complaint_source(cast)["ref"]),
        created_by=cast.operations,
        created_at=NOW,
        file_name="complaints.xlsx",
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def mark_import(cast: Cast) -> dict[str, Any]:
    found = MarkImport.objects.create(
        source=Source.objects.get(ref=complaint_source(cast)["ref"]),
        created_by=cast.operations,
        created_at=NOW,
        file_name="marks.xlsx",
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def mark_report(cast: Cast) -> dict[str, Any]:
    """An import of marks that has ended, with its report of rejected rows."""
    sample = mark_import(cast)
    MarkImport.objects.filter(ref=sample["ref"]).update(state="finished", finished_at=NOW)
    return {**sample, "file_format": "csv"}


def complaint_report(cast: Cast) -> dict[str, Any]:
    """An import that has ended, with its report of rejected rows."""
    sample = complaint_import(cast)
    ComplaintImport.objects.filter(ref=sample["ref"]).update(state="finished", finished_at=NOW)
    return {**sample, "file_format": "csv"}


def appeal(cast: Cast) -> dict[str, Any]:
    found = Appeal.objects.create(
        company=cast.clinic, kind="mark", state_since=NOW, created_at=NOW, created_by=cast.owner
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def appeal_file(cast: Cast) -> dict[str, Any]:
    found = AppealFile.objects.create(
        appeal=Appeal.objects.get(ref=appeal(cast)["ref"]),
        storage_name=f"missing/{timezone.now().timestamp()}.png",
        original_name="screen.png",
        content_type="image/png",
        size=1,
        sha256="0" * 64,
        uploaded_by=cast.owner,
        uploaded_at=NOW,
    )
    found.refresh_from_db()
    return {"ref": found.ref}


def appeal_page(cast: Cast) -> dict[str, Any]:
    return {**appeal_file(cast), "number": 1}


def appeal_case(cast: Cast) -> dict[str, Any]:
    """The review of an appeal of the clinic's, about one platform."""
    subject = Appeal.objects.get(ref=appeal(cast)["ref"])
    Appeal.objects.filter(pk=subject.pk).update(state="in_review", submitted_at=NOW)
    platform = Platform.objects.earliest("pk")
    AppealPlatform.objects.create(appeal=subject, platform=platform)
    found = Review.objects.create(
        kind="appeal",
        company=cast.clinic,
        subject="appeal",
        subject_id=subject.pk,
        submitted_by=cast.owner,
        opened_at=NOW,
        due_from=NOW,
        due_at=NOW + dt.timedelta(days=7),
    )
    found.refresh_from_db()
    return {"ref": found.ref, "to": "confirmed", "code": platform.code}


SAMPLES: dict[str, Sample] = {
    "account_confirm_email": lambda cast: {"key": "unknown"},
    "account_reset_password_from_key": lambda cast: {"uidb36": "1", "key": "unknown"},
    "appeals:*": appeal,
    "appeals:file": appeal_file,
    "appeals:page": appeal_page,
    **{f"appeals:staff_{name}": appeal_case for name in ("message", "platform", "read", "take_back", "urgency")},
    "applications:*": application,
    "applications:labels": application_change,
    "applications:step": application_step,
    "calendar_feed": lambda cast: {"token": "unknown"},
    "company_correct": company,
    "company_registered": company,
    "complaints:import_columns": complaint_import,
    "complaints:import_confirm": complaint_import,
    "complaints:import_detail": complaint_import,
    "complaints:import_discard": complaint_import,
    "complaints:import_progress": complaint_import,
    "complaints:import_report": complaint_report,
    "complaints:key_new": complaint_source,
    "complaints:key_revoke": source_key,
    "complaints:source": complaint_source,
    "complaints:staff_review_again": complaint_lock,
    "demo_mail_html": lambda cast: {"name": "unknown"},
    "demo_mail_read": lambda cast: {"name": "unknown"},
    "expedite:*": expedite,
    "inbox_open": notice,
    "inbox_read": notice,
    "invitation": lambda cast: {"token": "unknown"},
    "invitation_accept": invitation,
    "maintenance:detail": maintenance,
    "maintenance:plan_cancel": plan,
    "maintenance:plan_change": plan,
    "maintenance:plan_end": plan,
    "maintenance:plan_move": plan,
    "maintenance:plan_update": plan,
    "maintenance:series": series,
    "maintenance:series_change": series,
    "maintenance:series_end": series,
    "marks:*": mark,
    **{f"marks:import_{name}": mark_import for name in ("columns", "confirm", "detail", "discard", "progress")},
    "marks:import_report": mark_report,
    "marks:screenshot": mark_screenshot,
    "materials:*": material,
    "materials:cause": lambda cast: {"code": MaintenanceCause.objects.earliest("pk").code},
    "materials:file": material_file,
    "materials:kind": lambda cast: {"code": MaterialKind.objects.earliest("pk").code},
    "materials:page": material_page,
    "materials:reason": lambda cast: {"code": Reason.objects.earliest("pk").code},
    "materials:requirement": requirement,
    "materials:requirement_withdraw": requirement,
    "numbers:*": number,
    "numbers:export_detail": number_export,
    "numbers:export_file": number_export,
    "numbers:export_progress": number_export,
    "numbers:group_edit": number_group,
    "numbers:import_columns": number_import,
    "numbers:import_confirm": number_import,
    "numbers:import_detail": number_import,
    "numbers:import_discard": number_import,
    "numbers:import_progress": number_import,
    "numbers:import_report": number_report,
    "reviews:*": review,
    "reviews:bulk_apply": lambda cast: {"batch": "unknown"},
    "reviews:bulk_result": lambda cast: {"batch": "unknown"},
    "reviews:bulk_undo": lambda cast: {"batch": "unknown"},
    "reviews:decide": review_decision,
    "settings:invitation_revoke": invitation,
    "settings:member": member,
    "settings:member_remove": member,
    "staff_company": company,
    "staff_company_timeline": company,
    "staff_numbers:*": number,
    "staff_company_identity": company,
}


def sample_for(name: str) -> Sample | None:
    """The sample of an address, by its name or its namespace."""
    return SAMPLES.get(name) or SAMPLES.get(f"{name.rpartition(':')[0]}:*")
