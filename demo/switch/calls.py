"""A call that runs: what `originate` sets off, in the time that it takes.

Each call has a thread of its own, and a clock of its own that shows what it would show at pace 1.
"""

import logging
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable

from demo.switch import recordings, scenarios, stages
from demo.switch.causes import cause_of, goes_on_after
from demo.switch.dial_strings import DEFAULT_TIMEOUT_SECONDS, DialStringError, Endpoint, Originate, endpoint_of
from demo.switch.directory import UnreachableError, user_variables
from demo.switch.endings import MICROSECONDS
from demo.switch.exchange import Exchange, now
from demo.switch.legs import Leg, Quality, outbound_leg
from demo.switch.reports import report
from demo.switch.scenarios import Outcome
from demo.switch.trunks import UP

logger = logging.getLogger(__name__)

# Seconds, spread by chance: after how long it rings, is answered, and how long people talk.
RINGS_AFTER, DECIDES_AFTER, TALKS_FOR = (0.8, 1.2), (2.0, 4.0), (5.0, 15.0)
UPLOAD_AFTER = 0.3
_LASTING = frozenset({"park", "echo", "hold"})
_SCHEDULED = "sched_hangup"


class KilledError(Exception):
    """Somebody ended a leg."""

    def __init__(self, leg: Leg, cause: str) -> None:
        super().__init__(cause)
        self.leg, self.cause = leg, cause


class AbandonedError(Exception):
    """The switch is gone, and the call with it."""


class LiveCall:
    """An originate that is executed. `decide` is told the command's result, and when it came."""

    # Whether a client asked for it.
    is_ordered = True

    def __init__(self, exchange: Exchange, originate: Originate, decide: Callable[[str, int], None]) -> None:
        self.exchange = exchange
        self.originate = originate
        self._decide = decide
        self._orders: queue.Queue[tuple[Leg, str] | None] = queue.Queue()
        self._clock = now()
        self._outcomes: dict[str, Outcome] = {}
        self._directory: dict[str, dict[str, str]] = {}
        self._recordings: list[recordings.Recording] = []
        self._late: tuple[Leg, int] | None = None

    def start(self) -> None:
        """Run in a thread of its own."""
        self.exchange.begin(self, ordered=self.is_ordered)
        threading.Thread(target=self._run, name="call", daemon=True).start()

    def kill(self, leg: Leg, cause: str) -> None:
        """End a leg of the call."""
        self._orders.put((leg, cause))

    def abandon(self) -> None:
        """Stop at once, without a trace."""
        self._orders.put(None)

    # -- the course of the call --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            time.sleep(self.exchange.settings.create_delay)
            self._clock = now()
            self._place()
        except AbandonedError:
            logger.info("A call is gone with the switch.")
        finally:
            self.exchange.finish(self)

    def _place(self) -> None:
        try:
            source = self._dial(self.originate.source, None)
        except UnreachableError as error:
            self._decide(f"-ERR {error}\n", self._clock)
            return
        try:
            cause = self._ring(source, self._limit_of_source())
        except KilledError as killed:
            self._decide(f"-ERR {killed.cause}\n", self._clock)
            self._end(source, killed.cause, "send_cancel")
            return
        if cause:
            self._decide(f"-ERR {cause}\n", self._clock)
            self._end(source, cause, _how_failed(cause))
            return
        stages.accept(source, self._directory.get(source.uuid, {}))
        self._decide(f"+OK {source.uuid}\n", self._clock)
        self._drive(source)

    def _drive(self, source: Leg) -> None:
        """Execute what the source is there for, and end it where nothing else does."""
        try:
            for application, data in self._plan(source):
                if self._execute(source, application, recordings.expanded(source, data)):
                    return
            cause = "NORMAL_CLEARING" if source.applications else "NO_ROUTE_DESTINATION"
            self._end(source, cause, "send_bye")
        except KilledError as killed:
            self._end(source, killed.cause, "send_bye")

    def _plan(self, source: Leg) -> list[tuple[str, str]]:
        if self.originate.application:
            return [(self.originate.application, self.originate.argument)]
        if not self.exchange.settings.portal:
            return []
        made = self.exchange.event("CHANNEL_DATA", [], self._clock)
        headers = dict(made.headers) | {"Event-Name": "REQUEST_PARAMS", "Unique-ID": source.uuid}
        headers["Caller-Caller-ID-Number"] = source.profile.caller_number
        headers |= {f"variable_{name}": value for name, value in source.variables.items()}
        return self.exchange.settings.portal.plan(headers, self.originate.destination, self.originate.context)

    def _execute(self, leg: Leg, application: str, data: str) -> bool:
        """Execute an application; tell whether the leg has ended with it."""
        stages.execute(leg, application, data, self._clock)
        if application == "bridge":
            return self._connect(leg, data)
        if application == "hangup":
            self._end(leg, cause_of(data), "send_bye")
            return True
        if application == "limit":
            living = {each.uuid for each in self.exchange.legs()}
            if cause := self.exchange.limits.refuse(data, leg.uuid, living):
                self._end(leg, cause, "send_bye")
            return bool(cause)
        if application in ("set", "export"):
            name, _, value = data.partition("=")
            leg.variables[name] = value
        elif application == "record_session":
            self._record(leg, data)
        elif application in _LASTING:
            self._sleep(self._talk_seconds(leg))
            self._end(leg, "NORMAL_CLEARING", "recv_bye")
            return True
        return False

    def _connect(self, source: Leg, dial_string: str) -> bool:
        """Call the destination and connect it; tell whether the source has ended with that."""
        destination, cause, how = None, "", "send_cancel"
        try:
            endpoint = endpoint_of(dial_string)
            stages.look_for(source, endpoint)
            destination = self._dial(endpoint, source)
            stages.call_other(source, destination)
            cause = self._ring(destination, self._limit_of_destination(source, endpoint))
            how = _how_failed(cause)
        except DialStringError:
            cause = "CHAN_NOT_IMPLEMENTED"
        except UnreachableError as error:
            cause = str(error)
        except KilledError as killed:
            if killed.leg is source or destination is None:
                self._cancel(source, destination, killed.cause)
                return True
            cause = killed.cause
        if destination and not cause:
            self._talk(source, destination)
            return True
        return self._refuse(source, destination, cause, how)

    def _cancel(self, source: Leg, destination: Leg | None, cause: str) -> None:
        """The source went while the destination was still called."""
        stages.fail_to_reach(source, "ORIGINATOR_CANCEL", destination, scenarios.ANSWERS)
        ends = [(destination, "ORIGINATOR_CANCEL", "send_cancel")] if destination else []
        self._end_all([*ends, (source, cause, "send_bye")])

    def _refuse(self, source: Leg, destination: Leg | None, cause: str, how: str) -> bool:
        """The destination cannot be reached: as a rule the source ends for the same cause."""
        outcome = self._outcomes.get(destination.uuid, scenarios.ANSWERS) if destination else scenarios.ANSWERS
        if destination:
            self._end(destination, cause, how)
        stages.fail_to_reach(source, cause, destination, outcome)
        if goes_on_after(cause, source.variables.get("continue_on_fail")):
            return False
        self._end(source, cause, "send_bye")
        return True

    def _talk(self, source: Leg, destination: Leg) -> None:
        if not source.times.answered:
            self._answer(source)
        stages.bridge(source, destination, self._clock)
        self.exchange.fire_for("CHANNEL_BRIDGE", source, self._clock)
        ends = {source.uuid: ("NORMAL_CLEARING", "send_bye"), destination.uuid: ("NORMAL_CLEARING", "recv_bye")}
        seconds = self._talk_seconds(destination)
        limit = recordings.on_answer(destination, _SCHEDULED)
        scheduled, _, cause = (limit or "").lstrip("+").partition(" ")
        try:
            if scheduled.isdigit() and int(scheduled) < seconds:
                self._sleep(int(scheduled))
                raise KilledError(destination, cause_of(cause))
            self._sleep(seconds)
        except KilledError as killed:
            ends |= {destination.uuid: ("NORMAL_CLEARING", "send_bye"), killed.leg.uuid: (killed.cause, "send_bye")}
            if killed.leg is destination and source.variables.get("hangup_after_bridge") == "true":
                ends[source.uuid] = (killed.cause, "send_bye")
        self._end_all([(leg, *ends[leg.uuid]) for leg in (destination, source)])

    # -- legs --------------------------------------------------------------------------------------------------------------

    def _dial(self, endpoint: Endpoint, originator: Leg | None) -> Leg:
        """Place a leg. Raises UnreachableError."""
        variables = self._look_up(endpoint)
        outcome = scenarios.outcome_of_number(endpoint.address)
        if endpoint.is_user:
            outcome = scenarios.outcome_of_extension(endpoint.address)
        if outcome.does == "absent":
            raise UnreachableError(outcome.cause)
        leg_uuid = endpoint.variables.get("origination_uuid") or str(uuid.uuid4())
        codecs = "PCMU@8000h@20i" if originator else "PCMU,PCMA"
        leg = outbound_leg(leg_uuid, endpoint, self._clock, self.exchange.next_session(), originator, codecs)
        if not self.exchange.add(leg, self):
            # What a real switch says of a uuid that lives.
            raise UnreachableError("DESTINATION_OUT_OF_ORDER")
        chance = random.Random(f"{leg.uuid} sounds")  # noqa: S311 - how well it sounds, no secret
        leg.quality = Quality(round(chance.uniform(4.2, 4.5), 2), round(chance.uniform(2, 150), 2))
        self._outcomes[leg.uuid], self._directory[leg.uuid] = outcome, variables
        self.exchange.fire_for("CHANNEL_CREATE", leg, self._clock)
        return leg

    def _look_up(self, endpoint: Endpoint) -> dict[str, str]:
        """Return what the directory says of a user; nothing for a number. Raises UnreachableError."""
        if not endpoint.is_user:
            status = self.exchange.trunks.status(endpoint.gateway)
            if status != UP:
                raise UnreachableError("GATEWAY_DOWN" if status else "INVALID_GATEWAY")
            return {}
        return user_variables(self.exchange, endpoint, self._clock)

    def _ring(self, leg: Leg, limit: float) -> str:
        """Wait for the far end; return why it is not there, "" where it is. Raises KilledError."""
        outcome = self._outcomes[leg.uuid]
        chance = random.Random(leg.uuid)  # noqa: S311 - how long people take, no secret
        rings_at, decides_at = chance.uniform(*RINGS_AFTER), chance.uniform(*DECIDES_AFTER)
        decides_at = float("inf") if outcome.does == "silent" else decides_at
        if outcome.rings:
            self._sleep_until(leg, min(rings_at, limit))
            if rings_at < limit and self._hear_ringing(leg, outcome):
                self._late = leg, leg.times.created + round(decides_at * MICROSECONDS)
                return ""
        self._sleep_until(leg, min(decides_at, limit))
        if decides_at > limit:
            return "NO_ANSWER"
        if outcome.does == "refuses":
            return outcome.cause
        self._answer(leg)
        return ""

    def _hear_ringing(self, leg: Leg, outcome: Outcome) -> bool:
        """Ring; tell whether that alone is taken for an answer: early media is, where nothing says to ignore it."""
        stages.ring(leg, self._clock)
        if not outcome.early_media:
            self.exchange.fire_for("CHANNEL_PROGRESS", leg, self._clock)
            return False
        stages.hear(leg, self._clock)
        self.exchange.fire_for("CHANNEL_PROGRESS_MEDIA", leg, self._clock)
        return leg.originator is None and leg.variables.get("ignore_early_media") != "true"

    def _answer(self, leg: Leg) -> None:
        stages.answer(leg, self._clock)
        if leg.originator:
            leg.variables = self._directory.get(leg.uuid, {}) | leg.variables
        self.exchange.fire_for("CHANNEL_ANSWER", leg, self._clock)
        if (file := recordings.on_answer(leg, "record_session")) is not None:
            self._record(leg, file)

    def _record(self, leg: Leg, file: str) -> None:
        self._recordings.append(recordings.Recording(leg, file, self._clock))
        self.exchange.fire_for("RECORD_START", leg, self._clock, [("Record-File-Path", file)])

    def _end(self, leg: Leg, cause: str, how: str) -> None:
        self._end_all([(leg, cause, how)])

    def _end_all(self, ends: list[tuple[Leg, str, str]]) -> None:
        """End legs together; their records go out in this order."""
        for leg, cause, _ in ends:
            leg.cause, leg.times.hangup = cause, self._clock
        for leg, cause, how in ends:
            ended = [each for each in self._recordings if each.leg is leg]
            for each in ended:
                each.close()
            # Whoever called and was not answered is refused.
            is_refused = leg.direction == "inbound" and not leg.times.answered
            stages.hang_up(leg, cause, "send_refuse" if is_refused else how, self._clock, self._outcomes[leg.uuid])
            for each in ended:
                self._close(each)
        for leg, _, _ in ends:
            report(self.exchange, leg, self._clock)

    def _close(self, made: recordings.Recording) -> None:
        extra = [
            ("Record-File-Path", made.file), ("Record-Completion-Cause", made.leg.variables["record_completion_cause"]),
        ]  # fmt: skip
        self.exchange.fire_for("RECORD_STOP", made.leg, self._clock, extra)
        folder, wanted = self.exchange.settings.recordings_dir, recordings.upload_of(made.leg)
        if wanted and wanted["background"] == "http_put:":
            # Without `bgapi` the leg waits for the upload, and so does its record.
            recordings.hand_over(made, folder)
            return
        delay = UPLOAD_AFTER * self.exchange.settings.pace
        timer = threading.Timer(delay, recordings.hand_over, (made, folder))
        timer.daemon = True
        timer.start()

    # -- time --------------------------------------------------------------------------------------------------------------

    def _limit_of_source(self) -> float:
        variables = self.originate.source.variables
        limits = [_seconds(variables.get("originate_timeout")) or self.originate.timeout_seconds]
        limits.append(_seconds(variables.get("leg_timeout")))
        if self.originate.source.is_user:
            limits.append(_seconds(variables.get("call_timeout")))
        return min(filter(None, limits))

    def _limit_of_destination(self, source: Leg, endpoint: Endpoint) -> float:
        """Return how long the destination rings: the source's `call_timeout`, its own `originate_timeout`, `leg_timeout`.

        A `call_timeout` of its own counts for nothing when it is called through a gateway.
        """
        inherited = _seconds(source.variables.get("call_timeout")) or DEFAULT_TIMEOUT_SECONDS
        limits = [_seconds(endpoint.variables.get("originate_timeout")) or inherited]
        limits.append(_seconds(endpoint.variables.get("leg_timeout")))
        return min(filter(None, limits))

    def _talk_seconds(self, leg: Leg) -> float:
        fixed = self.exchange.settings.talk
        chance = random.Random(f"{leg.uuid} talks")  # noqa: S311 - how long people talk, no secret
        return round(chance.uniform(*TALKS_FOR), 2) if fixed is None else fixed

    def _sleep_until(self, leg: Leg, seconds: float) -> None:
        """Let time pass until so many seconds after a leg's beginning. Raises KilledError, AbandonedError."""
        self._sleep(leg.times.created / MICROSECONDS + seconds - self._clock / MICROSECONDS)

    def _sleep(self, seconds: float) -> None:
        """Let so many seconds of the call pass. Raises KilledError, AbandonedError."""
        until = self._clock + round(max(0, seconds) * MICROSECONDS)
        if self._late and self._late[1] <= until:
            (leg, at), self._late = self._late, None
            self._wait(max(at, self._clock))
            self._answer(leg)
        self._wait(until)

    def _wait(self, until: int) -> None:
        pace = self.exchange.settings.pace
        while True:
            started = time.monotonic()
            try:
                order = self._orders.get(timeout=(until - self._clock) / MICROSECONDS * pace)
            except queue.Empty:
                self._clock = until
                return
            if order is None:
                raise AbandonedError
            passed = (time.monotonic() - started) / pace if pace else 0
            self._clock = min(until, self._clock + round(passed * MICROSECONDS))
            leg, cause = order
            if not leg.times.hangup:
                raise KilledError(leg, cause)


def _seconds(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _how_failed(cause: str) -> str:
    """Tell how a leg ends that was not answered: it is cancelled when it was rung for too long, else it was refused."""
    return "send_cancel" if cause == "NO_ANSWER" else "recv_refuse"
