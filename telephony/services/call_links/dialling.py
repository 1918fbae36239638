"""The commands of a call link: dial it once, look what became of it, hang it up."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import CallLink, Switch
from telephony.services.call_links.plans import RING_SECONDS
from telephony.services.call_links.progress import follow
from telephony.services.live.phones import switches_of
from telephony.services.switchboard import ConfiguredSwitch, SwitchAwayError, configured, identify, reach
from telephony.services.talk_limits import link_allowance_of
from telephony.switch.commands import Endpoint, ExtensionEndpoint, OriginateLink, UuidExists, UuidKill, exists
from telephony.switch.errors import CommandRefusedError, SwitchError, UnsafeCommandError
from telephony.switch.esl import EventSocket
from web import read_only

logger = logging.getLogger("portal.call_links")

# A phone that is not registered is told of within some 20 ms, and by nothing but the command's result.
WATCHED_SECONDS = 0.4
COMMAND_SECONDS = 3.0
LOOKS = 4
BETWEEN_LOOKS_SECONDS = 0.3
# How long a cancel waits for a channel that is only being made.
CANCELLED_WITHIN_SECONDS = 2.5
FOLLOWED = ("BACKGROUND_JOB", "CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER",
            "CHANNEL_BRIDGE", "CHANNEL_HANGUP_COMPLETE")  # fmt: skip
SWITCH_AWAY = "SWITCH_UNAVAILABLE"


def dial(link: CallLink, source: Endpoint) -> None:
    """Send the command that rings a link's source to one switch, at most once ever, and take down what is heard of it at once.

    It goes to the first switch that can be reached. Raises SwitchAwayError where none was, or where no command can be made
    of what is set up here: then the link has failed and nobody was dialled. Where the connection is lost after the command
    was sent, the link stays as it was until that switch tells.
    """
    try:
        _send_to_the_first(link, originate_of(link, source), source)
    except SwitchError as error:
        link.refresh_from_db()
        if isinstance(error, UnsafeCommandError):
            logger.error("a call link cannot be put into a command: %s", error, extra={"call_link": link.pk})
        if link.sent_at is None:
            link.end(CallLink.Status.FAILED, SWITCH_AWAY)
            raise SwitchAwayError(str(error)) from error
        logger.warning("the switch was lost after the command of a call link", extra={"call_link": link.pk})
        look(link)


def _send_to_the_first(link: CallLink, command: OriginateLink, source: Endpoint) -> None:
    """Send the command to the first switch that takes commands. Raises SwitchError: before the claim none has seen it."""
    reasons = []
    for place in in_order(source):
        try:
            with reach(place.address) as socket:
                # Before the command: its result comes only to whoever listens already.
                socket.subscribe(FOLLOWED)
                if _claim(link, place.switch or identify(socket, place.address)):
                    _send(socket, command, link)
                return
        except SwitchError as error:
            link.refresh_from_db()
            if link.sent_at is not None:
                raise
            reasons.append(str(error))
    raise SwitchAwayError(" ".join(reasons) or "FREESWITCH_ESL_URL is not set.")


def in_order(source: Endpoint) -> list[ConfiguredSwitch]:
    """Return the switches in the order in which they are tried: as they are configured, those known to be away last.

    For an extension the one comes first at which its phone is registered, so far as that is known: another has nobody to ring.
    """
    known = switches_of(source.number, source.domain) if isinstance(source, ExtensionEndpoint) else []

    def rank(place: ConfiguredSwitch) -> tuple[bool, int]:
        switch = place.switch
        registered = known.index(switch.pk) if switch and switch.pk in known else len(known)
        return switch is not None and switch.is_away, registered

    return sorted(configured(), key=rank)


def originate_of(link: CallLink, source: Endpoint) -> OriginateLink:
    """Return the command of a link. Raises UnsafeCommandError where anything of it is not of its grammar."""
    if link.extension is None or link.number is None:
        raise AssertionError("unreachable")
    return OriginateLink(
        link_id=link.pk,
        leg_uuid=link.call_uuid,
        destination_leg_uuid=link.destination_leg_uuid,
        source=source,
        caller_id=link.number.number,
        domain=link.extension.domain.name,
        extension_id=link.extension.pk,
        number_id=link.number.pk,
        ring_seconds=RING_SECONDS,
    )


def _claim(link: CallLink, switch: Switch) -> bool:
    """Note that the command is being sent, and to which switch; tell whether nobody did before."""
    now = timezone.now()
    claimed = CallLink.objects.open().filter(pk=link.pk, sent_at=None).update(sent_at=now, switch=switch, updated_at=now)
    link.refresh_from_db()
    return bool(claimed)


def _send(socket: EventSocket, command: OriginateLink, link: CallLink) -> None:
    try:
        socket.bgapi(command, link.job_uuid, timeout=COMMAND_SECONDS)
    except CommandRefusedError as error:
        link.end(CallLink.Status.FAILED, error.cause or "CALL_REJECTED")
        return
    watch(socket, link, WATCHED_SECONDS, lambda: link.status != CallLink.Status.QUEUED)


def watch(socket: EventSocket, link: CallLink, seconds: float, enough: Callable[[], bool]) -> None:
    """Follow the events of one link for so long, or until it is enough."""
    deadline = time.monotonic() + seconds
    while not enough() and (left := deadline - time.monotonic()) > 0:
        event = socket.next_event(left)
        if event is not None:
            follow(socket, event, only=link)
            link.refresh_from_db()


def look(link: CallLink) -> None:
    """Ask the switch whether a link of which the outcome is unknown is there; raises SwitchAwayError where it is not.

    While the switch cannot be asked the link stays as it is: its record or its expiry tells.
    """
    for attempt in range(LOOKS):
        time.sleep(BETWEEN_LOOKS_SECONDS if attempt else 0)
        try:
            if is_alive(link):
                return
        except SwitchError:
            return
    logger.warning("the switch does not know a call link", extra={"call_link": link.pk})
    # Should the switch come to it later all the same, the listener hangs up what nobody waits for any more.
    link.end(CallLink.Status.FAILED, SWITCH_AWAY)
    raise SwitchAwayError("The connection was lost, and the switch knows nothing of the call.")


def is_alive(link: CallLink) -> bool:
    """Ask the link's switch whether its first leg lives. Raises SwitchError where it cannot be asked."""
    with reach(link.switch) as socket:
        return exists(socket.api(UuidExists(link.call_uuid)))


# -- ending ----------------------------------------------------------------------------------------------------------------


def cancel(link: CallLink, *, actor: User) -> None:
    """Hang a link up, at whatever stage it is; one that is over stays as it is.

    A command that comes before the channel finds nothing, and the phone would ring on: so it is repeated when the channel
    is made, until the switch has answered. Raises SwitchAwayError where the switch cannot be told now; then it is told
    when the link is next read, or by the listener.
    """
    now = timezone.now()
    asked = CallLink.objects.open().filter(pk=link.pk, cancel_requested_at=None).update(cancel_requested_at=now, updated_at=now)
    link.refresh_from_db()
    if asked:
        AuditEntry.objects.record("call_link.cancelled", link, actor=actor, before={"status": link.status})
    if link.is_open:
        hang_up(link)


def hang_up(link: CallLink) -> None:
    """Tell the switch to end a link that somebody has cancelled. Raises SwitchAwayError where it cannot be told."""
    if link.sent_at is None:
        link.end(CallLink.Status.CANCELLED, "ORIGINATOR_CANCEL")
        return
    try:
        with reach(link.switch) as socket:
            socket.subscribe(FOLLOWED)
            if kill(socket, link):
                return
            watch(socket, link, CANCELLED_WITHIN_SECONDS, lambda: not link.is_open)
            if link.is_open and not kill(socket, link):
                # No channel, and none came: the command has ended, or never arrived.
                link.end(CallLink.Status.CANCELLED, "ORIGINATOR_CANCEL")
    except SwitchError as error:
        raise SwitchAwayError(str(error)) from error


def kill(socket: EventSocket, link: CallLink) -> bool:
    """End the link's first leg, and with it the link; tell whether the switch had such a leg."""
    talking = link.status == CallLink.Status.BRIDGED
    try:
        socket.api(UuidKill(link.call_uuid, "NORMAL_CLEARING" if talking else "ORIGINATOR_CANCEL"))
    except CommandRefusedError:
        return False
    if talking:
        link.end(CallLink.Status.COMPLETED, "NORMAL_CLEARING")
    else:
        link.end(CallLink.Status.CANCELLED, "ORIGINATOR_CANCEL")
    return True


# -- keeping up ------------------------------------------------------------------------------------------------------------


def bring_up_to_date(link: CallLink) -> CallLink:
    """Return the link after what is due was done: a cancel that the switch has not heard, an expiry that has passed.

    Every link ends, also where nothing listens: whoever reads it sees to it. While the portal only reads no expiry is
    stored; a phone that somebody has asked to be quiet is hung up all the same.
    """
    if not link.is_open:
        return link
    if link.cancel_requested_at is not None:
        _hang_up_again(link)
    elif link.expires_at <= timezone.now() and not read_only.is_on():
        _expire(link)
    return link


def _hang_up_again(link: CallLink) -> None:
    try:
        hang_up(link)
    except SwitchAwayError:
        if link.expires_at <= timezone.now():
            link.end(CallLink.Status.CANCELLED, "ORIGINATOR_CANCEL")


def _expire(link: CallLink) -> None:
    """End a link past its time, unless the switch says that it goes on: talk of which no event told."""
    last = link.created_at + timedelta(minutes=link_allowance_of(link.extension).longest_minutes + 5)
    try:
        lives = link.sent_at is not None and timezone.now() < last and is_alive(link)
    except SwitchError:
        lives = False
    if lives:
        CallLink.objects.open().filter(pk=link.pk).update(expires_at=timezone.now() + timedelta(minutes=1))
        link.refresh_from_db()
    elif link.status == CallLink.Status.BRIDGED:
        link.end(CallLink.Status.COMPLETED, "")
    else:
        link.end(CallLink.Status.EXPIRED, "")
