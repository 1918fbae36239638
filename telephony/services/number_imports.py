"""Numbers from a file that staff upload: rehearsed first, always; then, told to, taken into the pool batch by batch.

A short file is dealt with at once, a longer one by a worker, who may be killed at any moment: its next try goes on from the
last batch that is in.
"""

import csv
import io
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import NumberImport
from telephony.models.undertakings import MOST_PASSED_OVER, MOST_WRONG
from telephony.services.inventory import Fate, Offer, Outcome, Rehearsal, Skipped, add_numbers, preview_numbers
from telephony.services.number_files import NumberFile, NumberFileError, harmless, text_of
from telephony.services.undertakings import LEASE, SPELL, expiry, turn
from web.jobs import Task, task

MOST_BYTES: Final = 16 * 1024 * 1024
MOST_LINES: Final = 250_000
# As long as nobody minds waiting for the answer.
LINES_AT_ONCE: Final = 1_000
# The longest file takes some minutes on a busy machine, and a rehearsal is one piece.
LONG_LEASE: Final = timedelta(minutes=15)
LONGEST_KEPT: Final = 200
# A file in UTF-16 has a NUL beside every letter; in UTF-8, none stands in a text.
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")

State = NumberImport.State
Row = Offer | Skipped


def upload(owner: User, name: str, content: bytes, *, provider: str, column: str) -> NumberImport:
    """Keep a file and rehearse its import: nothing of it is in the pool before its owner says so. Raises NumberFileError."""
    _check_file(content)
    # That its first line makes sense is found out here and now, by whoever is there to be told.
    _rows(content, provider, column)
    with transaction.atomic():
        imported = NumberImport.objects.create(
            owner=owner, state=State.CHECKING, file_name=_plain_name(name), content=content, provider=provider, column=column,
            total=_lines_in(content), expires_at=expiry(),
        )  # fmt: skip
        _leave_to_worker(imported, check_import)
    _do_at_once(imported, check_import)
    return imported


def confirm(imported: NumberImport) -> None:
    """Take the numbers of a rehearsed file in, a short one at once. Raises NotNowError."""
    fresh = {"position": 0, "added": 0, "known": 0, "kept_elsewhere": 0, "wrong": 0, "new_providers": []}
    with transaction.atomic():
        turn(imported, State.ASKED, State.WORKING, **fresh, wrong_lines=[], passed_over=[], expires_at=expiry())
        after = {"lines": imported.total, "provider": imported.provider}
        AuditEntry.objects.record("numbers.import_confirmed", imported, actor=imported.owner, after=after)
        _leave_to_worker(imported, carry_out_import)
    _do_at_once(imported, carry_out_import)


def wrong_lines_file(imported: NumberImport) -> Iterator[str]:
    """Yield the lines of a CSV of what is wrong: corrected, it can be imported itself. No cell of it is a formula."""
    line = io.StringIO()
    writer = csv.writer(line)
    line.write("\ufeff")
    for cells in (("line", "number", "provider", "country", "error"), *imported.wrong_lines):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


# -- the work --------------------------------------------------------------------------------------------------------------


@task("numbers.check_import", lease=LONG_LEASE)
def check_import(imported: int) -> None:
    """Rehearse an import from its beginning, and write down what would become of each line."""
    rows = NumberImport.objects.filter(pk=imported, state=State.CHECKING)
    if not rows.update(attempt=F("attempt") + 1, position=0):
        return
    upload = rows.get()
    mine = rows.filter(attempt=upload.attempt)
    _begin_again(upload)
    with closing(Rehearsal()) as rehearsal:
        for batch in _batches(_rows_of(upload), LINES_AT_ONCE):
            _count(upload, preview_numbers(_offers(batch), rehearsal), batch)
            if not _note(mine, upload):
                return
    mine.update(state=State.ASKED, position=F("total"), updated_at=timezone.now())


@task("numbers.carry_out_import", lease=LEASE)
def carry_out_import(imported: int) -> None:
    """Take an import's lines in, from where it stands: each batch with what is written down of it, or neither."""
    rows = NumberImport.objects.filter(pk=imported, state=State.WORKING).select_related("owner")
    upload = rows.first()
    if upload is None:
        return
    until = time.monotonic() + SPELL
    left = itertools.dropwhile(lambda row: _line_of(row) <= upload.position, _rows_of(upload))
    for batch in _batches(left, LINES_AT_ONCE):
        before = upload.position
        origin = {"file": upload.file_name, "lines": [_line_of(batch[0]), _line_of(batch[-1])]}
        with transaction.atomic():
            _count(upload, add_numbers(_offers(batch), actor=upload.owner, origin=origin), batch)
            if not _note(rows.filter(position=before), upload):
                # Somebody else, who took us for killed, is further: nothing of this batch is ours.
                transaction.set_rollback(True)
                return
        if time.monotonic() > until:
            carry_out_import.enqueue(key=f"{carry_out_import.name}:{imported}:{upload.position}", imported=imported)
            return
    rows.update(state=State.DONE, position=F("total"), content=b"", updated_at=timezone.now())


def _leave_to_worker(imported: NumberImport, work: Task[[int]]) -> None:
    """Have a worker do a long one, as soon as the transaction is committed."""
    if imported.total > LINES_AT_ONCE:
        work.enqueue(key=f"{work.name}:{imported.pk}", imported=imported.pk)


def _do_at_once(imported: NumberImport, work: Task[[int]]) -> None:
    """Do a short one here and now."""
    if imported.total <= LINES_AT_ONCE:
        work(imported.pk)
        imported.refresh_from_db()


def _begin_again(upload: NumberImport) -> None:
    upload.added = upload.known = upload.kept_elsewhere = upload.wrong = 0
    upload.new_providers, upload.samples, upload.wrong_lines, upload.passed_over = [], [], [], []


def _count(upload: NumberImport, outcome: Outcome, batch: Sequence[Row]) -> None:
    """Count in what became of some more lines, and keep what is to be read of them."""
    outcome.skipped += [row for row in batch if isinstance(row, Skipped)]
    upload.position = min(_line_of(batch[-1]), upload.total)
    upload.added += outcome.added
    upload.wrong += outcome.wrong
    upload.known += len(outcome.skipped) - outcome.wrong
    upload.kept_elsewhere += outcome.kept_elsewhere
    upload.new_providers = [*dict.fromkeys([*upload.new_providers, *outcome.new_providers])][:MOST_PASSED_OVER]
    upload.samples = upload.samples or [(offer.line, offer.text[:LONGEST_KEPT], digits) for offer, digits in outcome.samples]
    told = sorted(outcome.skipped, key=lambda each: each.offer.line)
    _keep(upload.wrong_lines, (each for each in told if each.fate is Fate.WRONG), MOST_WRONG)
    _keep(upload.passed_over, (each for each in told if each.fate is not Fate.WRONG), MOST_PASSED_OVER)


def _keep(lines: list[Any], skipped: Iterable[Skipped], most: int) -> None:
    """Keep what is said of some lines, in the shape of the file of wrong lines, as long as there is room."""
    for offer, _, reason in itertools.islice(skipped, most - len(lines)):
        lines.append([offer.line, *(text.replace("\0", "\\0")[:LONGEST_KEPT] for text in (*offer[:3], reason))])


def _note(rows: Any, upload: NumberImport) -> bool:
    """Write down how far it has come; tell whether it was ours to do so."""
    names = (
        "position", "added", "known", "kept_elsewhere", "wrong", "new_providers", "samples", "wrong_lines", "passed_over",
    )  # fmt: skip
    return bool(rows.update(**{name: getattr(upload, name) for name in names}, updated_at=timezone.now()))


# -- the file --------------------------------------------------------------------------------------------------------------


def _check_file(content: bytes) -> None:
    """Refuse what is no text of a length that can be dealt with. Raises NumberFileError."""
    if len(content) > MOST_BYTES:
        raise NumberFileError(f"It is larger than {MOST_BYTES // 1024 // 1024} MB: split it.")
    if _lines_in(content) > MOST_LINES:
        raise NumberFileError(f"It has more than {MOST_LINES:,} lines: split it.")
    if b"\0" in content and not content.startswith(_UTF16) and not content.startswith(b"PK\x03\x04"):
        raise NumberFileError("It is no text: save it as CSV.")


def _rows(content: bytes, provider: str, column: str) -> NumberFile:
    return NumberFile(text_of(io.BufferedReader(io.BytesIO(content))), column=column, provider=provider)


def _rows_of(upload: NumberImport) -> Iterable[Row]:
    return _rows(bytes(upload.content), upload.provider, upload.column)


def _lines_in(content: bytes) -> int:
    """Return how many lines a file has at most, whichever line ends its program wrote."""
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n") + 1


def _plain_name(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:255] or "numbers.csv"


def _offers(batch: Iterable[Row]) -> list[Offer]:
    return [row for row in batch if isinstance(row, Offer)]


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    every = iter(rows)
    return iter(lambda: list(itertools.islice(every, size)), [])


def _line_of(row: Row) -> int:
    return row.line if isinstance(row, Offer) else row.offer.line
