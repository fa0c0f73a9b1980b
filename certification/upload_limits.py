"""How uploads are received: in pieces, never more than a limit of each, and without a fault when there is no room.

A file that is not received leaves its field empty; `dropped` says which one it was and why, so that the form can say it
beside the field with everything else kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

#: Bytes of one file that are received at all; each form has its own, lower limit.
MOST_BYTES = 25 * 1024 * 1024
#: Bytes of one request, all files together: beyond it the connection is not read to its end.
MOST_BYTES_OF_REQUEST = 300 * 1024 * 1024


class DroppedFile(NamedTuple):
    """An upload that was not received: the form field, the file's name, and "too_big" or "not_stored"."""

    field: str
    name: str
    code: str


def dropped(request: HttpRequest, field: str) -> list[DroppedFile]:
    """The uploads of a form field that were not received; reads the request's body where it was not read yet."""
    _ = request.FILES
    return [file for file in getattr(request, "dropped_files", []) if file.field == field]


def note(handler: FileUploadHandler, code: str) -> None:
    """Remember that the file which the handler is receiving is dropped."""
    request: Any = handler.request
    if not hasattr(request, "dropped_files"):
        request.dropped_files = []
    request.dropped_files.append(DroppedFile(handler.field_name or "", handler.file_name or "", code))


class LargestUpload(FileUploadHandler):
    """Counts what comes in and lets go of a file that grows past MOST_BYTES; the rest of the form is still read."""

    received = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse a body that no form of ours can need, before it is read. Raises RequestDataTooBig."""
        if content_length > MOST_BYTES_OF_REQUEST:
            raise RequestDataTooBig(f"A body of {content_length} bytes was refused.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Start to count a file."""
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count a piece and pass it on. Raises SkipFile where it is too much."""
        self.received += len(raw_data)
        if self.received > MOST_BYTES:
            note(self, "too_big")
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Another handler keeps the file."""


class PatientTemporaryFile(TemporaryFileUploadHandler):
    """Writes larger uploads to a temporary file; a full disk drops the file, and the form says so."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open the temporary file. Raises SkipFile where that fails."""
        try:
            super().new_file(*args, **kwargs)
        except OSError as error:
            note(self, "not_stored")
            raise SkipFile from error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece. Raises SkipFile where that fails."""
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            note(self, "not_stored")
            raise SkipFile from error
