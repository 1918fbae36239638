"""The variables that a leg has only at its end: when what happened, how long it took, what was heard."""

from datetime import UTC, datetime

from demo.switch.legs import Leg

MICROSECONDS = 1_000_000
PACKETS_A_SECOND = 50
BYTES_A_PACKET = 172
_UNITS = (("sec", MICROSECONDS), ("msec", 1000), ("usec", 1))


def stamp(at: int) -> str:
    """Return a time as the switch prints it, in its own zone, which is UTC here."""
    return datetime.fromtimestamp(at / MICROSECONDS, UTC).strftime("%Y-%m-%d %H:%M:%S")


def time_variables(leg: Leg) -> dict[str, str]:
    """Return the leg's times and lengths; the lengths in seconds are those between whole seconds, as the switch counts."""
    times = leg.times
    moments = {
        "start": times.created, "profile_start": times.profile_created or times.created, "answer": times.answered,
        "bridge": times.bridged, "last_hold": leg.holds[-1][0] if leg.holds else 0, "resurrect": 0, "progress": times.progress,
        "progress_media": times.progress_media, "end": times.hangup,
    }  # fmt: skip
    variables = {f"{name}_stamp": stamp(at) for name, at in moments.items() if at}
    for name, at in moments.items():
        variables |= {f"{name}_epoch": str(at // MICROSECONDS), f"{name}_uepoch": str(at)}
    variables |= _hold_variables(leg)
    variables["caller_id"] = _caller_id(leg)
    return variables | _lengths(leg)


def held_for(leg: Leg) -> int:
    """Return for how many microseconds the leg's phone has held the other one."""
    return sum((end or leg.times.hangup) - start for start, end in leg.holds)


def _hold_variables(leg: Leg) -> dict[str, str]:
    held = held_for(leg)
    variables = {
        "hold_accum_seconds": str(held // MICROSECONDS), "hold_accum_usec": str(held), "hold_accum_ms": str(held // 1000),
    }  # fmt: skip
    if leg.holds:
        # Newest first.
        events = ",".join(f"{{{start},{end or leg.times.hangup}}}" for start, end in reversed(leg.holds))
        variables |= {"hold_stamp": stamp(leg.holds[-1][0]), "hold_events": f"{{{events}}}"}
    return variables


def _caller_id(leg: Leg) -> str:
    name, number = leg.profile.caller_name, leg.profile.caller_number
    return f'"{name}" <{number}>' if name else number


def _lengths(leg: Leg) -> dict[str, str]:
    times = leg.times
    spans = {
        "bill": (times.answered, times.hangup),
        "progress": (times.created, times.progress),
        "answer": (times.created, times.answered),
        "wait": (times.created, times.bridged),
        "progress_media": (times.created, times.progress_media),
        "flow_bill": (times.created if times.answered else 0, times.hangup),
    }
    lengths = {"duration": str(times.hangup // MICROSECONDS - times.created // MICROSECONDS)}
    for unit, size in _UNITS:
        for name, (start, end) in spans.items():
            lengths[f"{name}{unit}"] = str(end // size - start // size) if start and end else "0"
    total = times.hangup - times.created
    return lengths | {"mduration": str(total // 1000), "uduration": str(total)}


def media_statistics(leg: Leg) -> dict[str, dict[str, float]]:
    """Return what the switch counted of the leg's sound, as its record has it."""
    since = leg.times.progress_media or leg.times.answered
    packets = max(0, (leg.times.hangup - since) * PACKETS_A_SECOND // MICROSECONDS)
    lost = round(packets * leg.quality.loss / 100)
    received = packets - lost
    variance = leg.quality.jitter_variance
    inbound: dict[str, float] = {
        "raw_bytes": received * BYTES_A_PACKET, "media_bytes": received * BYTES_A_PACKET, "packet_count": received,
        "media_packet_count": received, "skip_packet_count": lost, "jitter_packet_count": 0, "dtmf_packet_count": 0,
        "cng_packet_count": 0, "flush_packet_count": 0, "largest_jb_size": 0, "jitter_min_variance": round(variance / 100, 4),
        "jitter_max_variance": variance, "jitter_loss_rate": 0, "jitter_burst_rate": 0, "mean_interval": 20,
        "flaw_total": lost, "quality_percentage": round(100 - leg.quality.loss, 2), "mos": leg.quality.mos,
    }  # fmt: skip
    sent = packets if leg.times.bridged else 0
    outbound: dict[str, float] = {
        "raw_bytes": sent * BYTES_A_PACKET, "media_bytes": sent * BYTES_A_PACKET, "packet_count": sent,
        "media_packet_count": sent, "skip_packet_count": 0, "dtmf_packet_count": 0, "cng_packet_count": 0,
        "rtcp_packet_count": 0, "rtcp_octet_count": 0,
    }  # fmt: skip
    return {"inbound": inbound, "outbound": outbound}


_WITH_DECIMALS = frozenset(
    {
        "jitter_min_variance", "jitter_max_variance", "jitter_loss_rate", "jitter_burst_rate", "mean_interval",
        "quality_percentage", "mos",
    }
)  # fmt: skip


def media_variables(leg: Leg) -> dict[str, str]:
    """Return the same counts as variables."""
    variables = {}
    for name, direction in (("in", "inbound"), ("out", "outbound")):
        for key, value in media_statistics(leg)[direction].items():
            prefix = "rtp_audio" if key.startswith("rtcp") else f"rtp_audio_{name}"
            variables[f"{prefix}_{key}"] = f"{value:.2f}" if key in _WITH_DECIMALS else str(value)
    return variables


def recording_variables(samples: int, size: int) -> dict[str, str]:
    """Return what the switch says of a recording of so many samples and bytes; one without sound is an empty file."""
    milliseconds = samples // 8
    return {
        "record_file_size": str(size), "record_samples": str(samples), "record_seconds": str(milliseconds // 1000),
        "record_ms": str(milliseconds), "record_completion_cause": "success-silence" if samples else "empty-file",
    }  # fmt: skip
