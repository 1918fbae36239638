"""Take in the records that the switch left in files: what could not be posted, and what it logs besides."""

import re
from dataclasses import dataclass
from typing import Final

from telephony.models import Quarantine
from telephony.services import quarantine
from telephony.services.intake import Intake, Origin, Result, take_in
from telephony.services.spool import Spool, SpoolFile
from telephony.services.sweeps import YOUNG_SECONDS, Outcome, Verdict
from telephony.switch.cdr import MAX_CDR_BYTES, parse_cdr
from telephony.switch.errors import CdrError

TAKEN_FOLDER: Final = "taken"
HALF_WRITTEN_SECONDS: Final = 600
# `<uuid>.cdr.json` of mod_json_cdr, `[a_]<uuid>.cdr.xml` of mod_xml_cdr. Source: both modules of FreeSWITCH 1.11.
_NAME = re.compile(r"(?:a_)?(?P<leg_uuid>[0-9A-Za-z][0-9A-Za-z._-]{0,63})\.cdr\.(?:json|xml)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSweep:
    """The sweep of records: through the same intake as what is posted, and only what that has committed is touched."""

    young: float = YOUNG_SECONDS
    half_written: float = HALF_WRITTEN_SECONDS  # seconds after which a file that ends too early has no more to come
    delete: bool = False
    keep: Spool | None = None  # None: a folder below the one that is swept

    @property
    def pattern(self) -> re.Pattern[str]:
        """The names that the switch gives."""
        return _NAME

    def take(self, spool: Spool, file: SpoolFile) -> Verdict:
        """Take in a record, then be rid of its file."""
        body = file.read(MAX_CDR_BYTES + 1)
        if file.age < self.half_written and not _is_readable(body):
            return Verdict(Outcome.LEFT)
        intake = _taken_in(body, file)
        if intake.result is Result.QUARANTINED:
            spool.set_aside(file, intake.reason)
            return Verdict(Outcome.SET_ASIDE, f"{spool.path / file.name}: {intake.reason}")
        self._dispose(spool, file)
        return Verdict(Outcome.TAKEN if intake.result is Result.STORED else Outcome.KNOWN)

    def _dispose(self, spool: Spool, file: SpoolFile) -> None:
        if self.delete:
            spool.remove(file)
        elif self.keep is not None:
            spool.move(file, self.keep)
        else:
            with spool.subfolder(TAKEN_FOLDER) as taken:
                spool.move(file, taken)


def _is_readable(body: bytes) -> bool:
    """Tell whether the bytes are a whole record: the switch does not rename it into place, so it may be still writing."""
    try:
        parse_cdr(body)
    except CdrError:
        return False
    return True


def _taken_in(body: bytes, file: SpoolFile) -> Intake:
    match = _NAME.fullmatch(file.name)
    leg_uuid = match["leg_uuid"] if match else ""
    if file.size <= MAX_CDR_BYTES:
        return take_in(body, Origin(leg_uuid=leg_uuid))
    reason = f"Too large: {file.size} bytes, of which at most {MAX_CDR_BYTES} are read."
    quarantine.keep(Quarantine.Kind.CDR, body[: quarantine.KEPT_BYTES], reason, size=file.size, leg_uuid=leg_uuid)
    return Intake(Result.QUARANTINED, reason)
