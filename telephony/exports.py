"""Calls as files: every call of a filter, row by row, so that neither memory nor a page's limit matters.

Console and API share it.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import xlsxwriter
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Call
from telephony.models.calls import CallQuerySet

BATCH: Final = 500
# What a workbook can hold, with its header and a last line that says that there is more.
MOST_WORKBOOK_ROWS: Final = 1_048_576 - 2
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BLOCK = 64 * 1024

COLUMNS: Final[dict[str, Callable[[Call], Any]]] = {
    "id": lambda call: call.pk,
    "call_uuid": lambda call: call.call_uuid,
    "direction": lambda call: call.direction,
    "from": lambda call: call.caller_number,
    "from_name": lambda call: call.caller_name,
    "from_extension": lambda call: call.caller_extension.number if call.caller_extension else "",
    "from_owner": lambda call: str(call.caller_user or ""),
    "to": lambda call: call.callee_number,
    "to_extension": lambda call: call.callee_extension.number if call.callee_extension else "",
    "to_owner": lambda call: str(call.callee_user or ""),
    "started_at": lambda call: _instant(call.started_at),
    "answered_at": lambda call: _instant(call.answered_at),
    "ended_at": lambda call: _instant(call.ended_at),
    "talk_seconds": lambda call: call.bill_seconds,
    "duration_seconds": lambda call: call.duration_seconds,
    "outcome": lambda call: call.outcome_label,
    "hangup_cause": lambda call: call.hangup_cause,
    "our_number": lambda call: call.number.number if call.number else "",
    "provider": lambda call: call.provider.name if call.provider else "",
    "domain": lambda call: call.domain_name,
    "switch": lambda call: call.switch.name if call.switch else "",
    "recording_seconds": lambda call: call.recording.duration_seconds if call.recording else "",
}
Count = Callable[[int], None]


class Format(NamedTuple):
    """A kind of file."""

    content_type: str
    write: Callable[[Iterator[list[Any]]], Iterator[bytes]]

    @property
    def media_type(self) -> str:
        """The same without its parameters."""
        return self.content_type.partition(";")[0]


def export_response(
    request: HttpRequest, calls: CallQuerySet, extension: str, *, actor: User, asked: QueryDict, count: Count | None = None
) -> StreamingHttpResponse:
    """Answer GET or HEAD with all of these calls as a file, one of FORMATS, streamed; who takes them is written down.

    `asked` is the filter by which the calls were found; `count` is told from time to time how many were written.
    """
    is_sent = request.method == "GET"
    if is_sent:
        AuditEntry.objects.record("calls.exported", actor=actor, after={"format": extension, "filter": asked.urlencode()})
    kind = FORMATS[extension]
    body = kind.write(rows_of(calls, count or _uncounted)) if is_sent else iter(())
    response = StreamingHttpResponse(body, content_type=kind.content_type)
    name = f"calls-{timezone.localdate():%Y-%m-%d}.{extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    # A proxy that collects the answer would keep its reader waiting.
    response["X-Accel-Buffering"] = "no"
    return response


def _uncounted(done: int) -> None:
    """Tell nobody."""


def rows_of(calls: CallQuerySet, count: Count) -> Iterator[list[Any]]:
    """Yield a list of values for each call, in the order of COLUMNS; `count` is told from time to time how many there were."""
    done = 0
    for done, call in enumerate(calls.for_listing("number", "provider", "switch").iterator(chunk_size=BATCH), 1):
        yield [value(call) for value in COLUMNS.values()]
        if done % BATCH == 0:
            count(done)
    count(done)


def csv_lines(rows: Iterable[list[Any]], columns: Iterable[str] = COLUMNS) -> Iterator[bytes]:
    """Yield the lines of a CSV in UTF-8, with a mark by which spreadsheets know that it is; no cell is a formula."""
    line = io.StringIO()
    writer = csv.writer(line)
    line.write("\ufeff")
    writer.writerow(columns)
    yield line.getvalue().encode()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow([_harmless(value) for value in row])
        yield line.getvalue().encode()


def workbook(rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """Yield the bytes of an XLSX, written to a file row by row; text is never taken for a formula or an address."""
    with tempfile.TemporaryFile() as file:
        _write_workbook(file, rows)
        file.seek(0)
        while block := file.read(_BLOCK):
            yield block


def _write_workbook(file: Any, rows: Iterable[list[Any]]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("Calls")
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name, bold)
        for place, row in enumerate(rows, 1):
            if place > MOST_WORKBOOK_ROWS:
                sheet.write_string(place, 0, "There are more calls than a workbook holds: narrow the filter, or export CSV.")
                break
            for column, value in enumerate(row):
                if isinstance(value, int):
                    sheet.write_number(place, column, value)
                else:
                    sheet.write_string(place, column, _printable(value))


def _harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.startswith(_FORMULA) else value


def _printable(text: str) -> str:
    """Return text without what XML cannot hold."""
    return "".join(character for character in text if character.isprintable())


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


FORMATS: Final = {
    "csv": Format("text/csv; charset=utf-8", csv_lines),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook),
}
