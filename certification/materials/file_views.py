"""Serving documents: only through the permission check, never as something that a browser would run."""

from __future__ import annotations

import datetime as dt

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from accounts import journal
from accounts.access import Permission, SignedInRequest, signed_in, staff_may
from accounts.journal import Actor
from certification.materials.documents import PDF, TURNS
from certification.materials.models import MaterialFile
from certification.materials.store import page_picture

#: No script, no request, no frame of another page, whatever a document holds.
POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def readable_file(request: SignedInRequest, ref: str) -> MaterialFile:
    """The file, for members of its company and for staff who judge documents. Raises Http404 for everybody else."""
    file = MaterialFile.objects.select_related("material__kind").filter(ref=ref).first()
    if file is None:
        raise Http404
    is_member = request.user.memberships.filter(company=file.material.company_id).exists()
    if not is_member and not staff_may(request.user, Permission.READ_DOCUMENTS):
        raise Http404
    return file


def note_reading(*, file: MaterialFile, page: int | None, actor: Actor, now: dt.datetime) -> None:
    """Journal that an identity document was opened (domain section 9)."""
    if file.material.kind.is_identity_document:
        journal.record(
            at=now,
            actor=actor,
            company_id=file.material.company_id,
            subject="material",
            subject_id=file.material_id,
            aspect="read",
            detail={"file": file.ref, **({"page": page} if page else {})},
        )


def guarded(response: HttpResponseBase) -> HttpResponseBase:
    """The response with the headers that keep a document a document."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def missing(request: SignedInRequest) -> HttpResponse:
    """The store does not answer or has lost the file: plain words, and the id of the request for whom to ask."""
    return render(request, "503.html", status=503)


@signed_in
def material_file(request: SignedInRequest, ref: str) -> HttpResponseBase:
    """The document itself: a picture is shown, a PDF is downloaded."""
    file = readable_file(request, ref)
    try:
        content = default_storage.open(file.storage_name)
    except OSError:
        return missing(request)
    note_reading(file=file, page=None, actor=request.actor, now=timezone.now())
    response = FileResponse(
        content, as_attachment=file.content_type == PDF, filename=file.original_name, content_type=file.content_type
    )
    return guarded(response)


@signed_in
def material_page(request: SignedInRequest, ref: str, number: int) -> HttpResponseBase:
    """One page of a document as a picture, for the viewer; `?turn=90` turned to the right, `?size=large` for small print."""
    file = readable_file(request, ref)
    if not 1 <= number <= file.pages:
        raise Http404
    turn = request.GET.get("turn", "")
    try:
        picture = page_picture(
            file,
            number,
            turn=next((known for known in TURNS if str(known) == turn), 0),
            large=request.GET.get("size") == "large",
        )
    except OSError:
        return missing(request)
    if picture is None:
        raise Http404
    note_reading(file=file, page=number, actor=request.actor, now=timezone.now())
    return guarded(HttpResponse(picture, content_type="image/png" if file.content_type == PDF else file.content_type))
