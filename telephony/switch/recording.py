"""What records a talk, in the plan of the leg that records it.

Source: FreeSWITCH 1.11.1, as run: but for a first fifth of a second the parties do not hear each other while the notice plays,
and the file holds it as the caller heard it; a mask writes silence, so that the length stays; digits that are no code pass.
"""

from collections.abc import Iterator
from typing import Final

from telephony.switch.commands import RecordingTarget
from telephony.switch.documents import Value

# What both parties hear before a talk, where the policy wants them to know that it is recorded.
NOTICE: Final = "tone_stream://%(600,200,1400);loops=2"
MASK, UNMASK = "record_session_mask", "record_session_unmask"
# The variable that says whose talk a leg records: ids of extensions, with hyphens between.
RECORDED_FOR: Final = "portal_recorded_for"


# Whether a leg is recorded, or that for which it was called.
IS_RECORDED: Final = "portal_recorded"


def recorded_no_more() -> Iterator[tuple[str, Value]]:
    """Yield what ends the recordings of a leg, as they are."""
    yield "stop_record_session", "all"
    yield "export", f"{IS_RECORDED}=false"


def recorded(recording: RecordingTarget, *, is_answered: bool) -> Iterator[tuple[str, Value]]:
    """Yield what records the talk, and only it, in two channels; begun before the answer, the caller would hear silence.

    The upload runs in the background, lest a portal that hangs keep the leg alive.
    """
    yield "set", "RECORD_STEREO=true"
    yield "set", "RECORD_BRIDGE_REQ=true"
    yield "set", f"record_post_process_exec_api=bgapi:http_put {recording.url} {recording.file}"
    # When a party hands the call over and is gone, the recording goes on with the others, into the same file.
    yield "set", "recording_follow_transfer=true"
    yield "export", f"{IS_RECORDED}=true"
    if is_answered:
        yield "record_session", recording.file
    else:
        yield "set", f"execute_on_answer=record_session {recording.file}"
    if recording.extension_ids:
        yield "set", f"{RECORDED_FOR}={'-'.join(map(str, recording.extension_ids))}"
    if recording.notice:
        for leg in ("aleg", "bleg"):
            yield "set", f"bridge_pre_execute_{leg}_app=playback"
            yield "set", f"bridge_pre_execute_{leg}_data={NOTICE}"
    yield from _paused_by_keys(recording)


def _paused_by_keys(recording: RecordingTarget) -> Iterator[tuple[str, Value]]:
    """Yield what lets our own parties pause the recording by a code, and go on by another."""
    if recording.keys is None:
        return
    for side in recording.keys.sides:
        for code, application in ((recording.keys.pause, MASK), (recording.keys.resume, UNMASK)):
            # At once, in the leg's own thread: as a broadcast it would interrupt the talk.
            yield "bind_digit_action", f"portal,{code},exec[i]:{application},{recording.file},{side},self"
