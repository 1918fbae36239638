"""The legs of a call that runs, and its time: placed, rung, answered, recorded and ended, in the time that it takes.

Each call has a thread of its own, and a clock of its own that shows what it would show at pace 1.
"""

import logging
import queue
import random
import re
import threading
import time
import uuid
from dataclasses import replace

from demo.switch import recordings, scenarios, stages
from demo.switch.dial_strings import Endpoint
from demo.switch.directory import UnreachableError, user_variables
from demo.switch.endings import MICROSECONDS
from demo.switch.exchange import Exchange, now
from demo.switch.legs import Leg, Quality, outbound_leg
from demo.switch.orders import HandOver, Hold, Join, Kill, Order, Release
from demo.switch.reports import report
from demo.switch.scenarios import Outcome
from demo.switch.trunks import UP

logger = logging.getLogger(__name__)

# Seconds, spread by chance: after how long it rings, is answered, and how long people talk.
RINGS_AFTER, DECIDES_AFTER, TALKS_FOR = (0.8, 1.2), (2.0, 4.0), (5.0, 15.0)
UPLOAD_AFTER = 0.3
_RELEASED = re.compile(r"uuid_limit_release (\S+) hash (\S+) (\S+)")


class KilledError(Exception):
    """Somebody ended a leg."""

    def __init__(self, leg: Leg, cause: str) -> None:
        super().__init__(cause)
        self.leg, self.cause = leg, cause


class MovedError(Exception):
    """The parties of a talk change: one of them hands the other over, or joins it with a third one."""

    def __init__(self, order: HandOver | Join | Release) -> None:
        super().__init__(type(order).__name__)
        self.order = order


class AbandonedError(Exception):
    """The switch is gone, and the call with it."""


class Course:
    """A call of which it is not said yet what it is there for: `_place` does."""

    # Whether a client asked for it.
    is_ordered = True

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._orders: queue.Queue[Order | None] = queue.Queue()
        self._clock = now()
        self._outcomes: dict[str, Outcome] = {}
        self._directory: dict[str, dict[str, str]] = {}
        self._recordings: list[recordings.Recording] = []
        self._late: tuple[Leg, int] | None = None
        self._waits_since = time.monotonic()

    def kill(self, leg: Leg, cause: str) -> None:
        """End a leg of the call."""
        self._orders.put(Kill(leg, cause))

    def give(self, order: Order) -> None:
        """Have something done to the call; what does not fit its state is passed over."""
        self._orders.put(order)

    def abandon(self) -> None:
        """Stop at once, without a trace."""
        self._orders.put(None)

    def start(self) -> None:
        """Run in a thread of its own."""
        self.exchange.begin(self, ordered=self.is_ordered)
        threading.Thread(target=self._run, name="call", daemon=True).start()

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
        raise NotImplementedError

    # -- legs --------------------------------------------------------------------------------------------------------------

    def _limit(self, leg: Leg, data: str) -> bool:
        living = {each.uuid for each in self.exchange.legs()}
        if cause := self.exchange.limits.refuse(data, leg.uuid, living):
            self._end(leg, cause, "send_bye")
        return bool(cause)

    def _dial(self, endpoint: Endpoint, originator: Leg | None) -> Leg:
        """Place a leg. Raises UnreachableError."""
        variables = self._look_up(endpoint)
        if originator:
            endpoint = replace(endpoint, variables=originator.exports | endpoint.variables)
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
        if (limit := recordings.on_answer(leg, "limit")) is not None:
            self._limit(leg, limit)
        if released := _RELEASED.fullmatch(leg.variables.get("api_on_answer", "")):
            self.exchange.limits.release(*released.groups())
        if (file := recordings.on_answer(leg, "record_session")) is not None:
            self._record(leg, file)

    def _record(self, leg: Leg, file: str) -> None:
        self._recordings.append(recordings.Recording(leg, file, self._clock))
        self.exchange.fire_for("RECORD_START", leg, self._clock, [("Record-File-Path", file)])

    def mask(self, leg: Leg, file: str, on: bool) -> bool:
        """Let what a leg records into a file be silence, or the talk; tell whether it records into it."""
        found = [each for each in self._recordings if each.leg is leg and each.file == file]
        for each in found:
            each.mask(on, self._moment())
        return bool(found)

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
            self._waits_since = time.monotonic()
            try:
                order = self._orders.get(timeout=(until - self._clock) / MICROSECONDS * pace)
            except queue.Empty:
                self._clock = until
                return
            if order is None:
                raise AbandonedError
            self._clock = min(until, self._moment())
            self._obey(order)

    def _moment(self) -> int:
        """Return where in the call's time it is in the middle of a wait."""
        pace = self.exchange.settings.pace
        passed = (time.monotonic() - self._waits_since) / pace if pace else 0
        return self._clock + round(passed * MICROSECONDS)

    def _obey(self, order: Order) -> None:
        """Do what was ordered. Raises KilledError, and MovedError where two legs talk."""
        leg = order.leg
        if leg.times.hangup or (leg.other is None and not isinstance(order, Kill)):
            if isinstance(order, Release):
                order.given.put(None)
        elif isinstance(order, Kill):
            raise KilledError(leg, order.cause)
        elif isinstance(order, Hold):
            self.exchange.hold(leg, held=order.begins, at=self._clock)
        else:
            raise MovedError(order)
