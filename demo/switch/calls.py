"""A call that runs: what `originate` sets off, or somebody who dials, by plans and applications."""

import contextlib
import logging
import queue
import re
from collections.abc import Callable
from dataclasses import replace

from demo.switch import handovers, recordings, scenarios, stages
from demo.switch.causes import cause_of, goes_on_after
from demo.switch.course import Course, KilledError, MovedError
from demo.switch.dial_strings import DEFAULT_TIMEOUT_SECONDS, DialStringError, Endpoint, Originate, endpoint_of
from demo.switch.directory import UnreachableError
from demo.switch.exchange import Exchange
from demo.switch.legs import Leg
from demo.switch.orders import HandOver, Hold, Join, Release

logger = logging.getLogger(__name__)

# Seconds until a phone acts by itself, and for how long it holds.
ACTS_AFTER, HOLDS_FOR = 1.0, 2.0
# A variable that only the legs have that are called for this one, and another leg's variable.
_FAR_ONLY = "nolocal:"
_OF_ANOTHER = re.compile(r"\$\{uuid_getvar\(([0-9a-f-]*) ([a-z_]+)\)\}")
_LASTING = frozenset({"park", "echo", "hold"})
_SCHEDULED = "sched_hangup"
_RELEASED_WITHIN = 10.0


class LiveCall(Course):
    """An originate that is executed. `decide` is told the command's result, and when it came."""

    def __init__(self, exchange: Exchange, originate: Originate, decide: Callable[[str, int], None]) -> None:
        super().__init__(exchange)
        self.originate = originate
        self._decide = decide

    # -- the course of the call --------------------------------------------------------------------------------------------

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
        self._follow(source, self._plan(source))

    def _follow(self, source: Leg, plan: list[tuple[str, str]]) -> None:
        try:
            for application, data in plan:
                if self._execute(source, application, self._expanded(source, data)):
                    return
            cause = "NORMAL_CLEARING" if source.applications else "NO_ROUTE_DESTINATION"
            self._end(source, cause, "send_bye")
        except KilledError as killed:
            self._end(source, killed.cause, "send_bye")

    def _plan(self, source: Leg) -> list[tuple[str, str]]:
        if self.originate.application:
            return [(self.originate.application, self.originate.argument)]
        return self._ask_for_plan(source, self.originate.destination, self.originate.context)

    def _ask_for_plan(self, source: Leg, number: str, context: str) -> list[tuple[str, str]]:
        if not self.exchange.settings.portal:
            return []
        made = self.exchange.event("CHANNEL_DATA", [], self._clock)
        headers = dict(made.headers) | {"Event-Name": "REQUEST_PARAMS", "Unique-ID": source.uuid}
        headers["Caller-Caller-ID-Number"] = source.profile.caller_number
        headers |= {f"variable_{name}": value for name, value in source.variables.items()}
        headers["Hunt-Direction"] = source.direction
        return self.exchange.settings.portal.plan(headers, number, context)

    def _expanded(self, leg: Leg, text: str) -> str:
        """Put values in the place of `${name}`, and another leg's in that of `${uuid_getvar(UUID NAME)}`."""

        def value(asked: re.Match[str]) -> str:
            found = self.exchange.find(asked[1])
            return found[0].variables.get(asked[2], "_undef_") if found else "-ERR No such channel!"

        return _OF_ANOTHER.sub(value, recordings.expanded(leg, text))

    def _execute(self, leg: Leg, application: str, data: str) -> bool:
        """Execute an application; tell whether the leg has ended with it."""
        stages.execute(leg, application, data, self._clock)
        if application in _LASTING:
            self._sleep(self._talk_seconds(leg))
            self._end(leg, "NORMAL_CLEARING", "recv_bye")
            return True
        own: dict[str, Callable[[Leg, str], bool | None]] = {
            "bridge": self._connect, "hangup": self._hang_up, "limit": self._limit, "set": self._set, "export": self._export,
            "record_session": self._record, "execute_extension": self._execute_extension,
        }  # fmt: skip
        return bool(own[application](leg, data)) if application in own else False

    def _hang_up(self, leg: Leg, data: str) -> bool:
        self._end(leg, cause_of(data), "send_bye")
        return True

    def _set(self, leg: Leg, data: str) -> None:
        name, _, value = data.partition("=")
        leg.variables[name] = value

    def _export(self, leg: Leg, data: str) -> None:
        name, _, value = data.partition("=")
        leg.exports[name.removeprefix(_FAR_ONLY)] = value
        if not name.startswith(_FAR_ONLY):
            leg.variables[name] = value

    def _execute_extension(self, leg: Leg, data: str) -> None:
        """Execute a plan on the leg that is asked for by the way."""
        number, _, context = data.replace(" XML", "").partition(" ")
        for application, argument in self._ask_for_plan(leg, number, context):
            self._execute(leg, application, self._expanded(leg, argument))

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
        self._converse(source, destination)

    def _converse(self, source: Leg, destination: Leg) -> None:
        """Let two legs talk, until the destination has talked enough or something else ends it."""
        for leg, other in ((source, destination), (destination, source)):
            leg.variables["signal_bond"] = other.uuid
        self.exchange.fire_for("CHANNEL_BRIDGE", source, self._clock)
        ends = {source.uuid: ("NORMAL_CLEARING", "send_bye"), destination.uuid: ("NORMAL_CLEARING", "recv_bye")}
        seconds = self._talk_seconds(destination)
        limit = recordings.on_answer(destination, _SCHEDULED)
        scheduled, _, cause = (limit or "").lstrip("+").partition(" ")
        try:
            self._act_by_itself(destination)
            if scheduled.isdigit() and int(scheduled) < seconds:
                self._sleep(int(scheduled))
                raise KilledError(destination, cause_of(cause))
            self._sleep(seconds)
        except MovedError as moved:
            self._move(moved.order, source, destination)
            return
        except KilledError as killed:
            ends |= {destination.uuid: ("NORMAL_CLEARING", "send_bye"), killed.leg.uuid: (killed.cause, "send_bye")}
            if killed.leg is destination and source.variables.get("hangup_after_bridge") == "true":
                ends[source.uuid] = (killed.cause, "send_bye")
        self._end_all([(leg, *ends[leg.uuid]) for leg in (destination, source)])

    def _act_by_itself(self, leg: Leg) -> None:
        """Let the phone of a leg do, once, what its number stands for. Raises what comes of it."""
        outcome = self._outcomes[leg.uuid]
        if not outcome.then:
            return
        self._outcomes[leg.uuid] = replace(outcome, then="")
        self._sleep(ACTS_AFTER)
        if outcome.then == "holds":
            self._obey(Hold(leg, begins=True))
            self._sleep(HOLDS_FOR)
            self._obey(Hold(leg, begins=False))
        else:
            self._obey(HandOver(leg, scenarios.HANDED_TO))

    # -- transfers ---------------------------------------------------------------------------------------------------------

    def _move(self, order: HandOver | Join | Release, source: Leg, destination: Leg) -> None:
        other = source if order.leg is destination else destination
        if isinstance(order, HandOver):
            self._hand_over(order.leg, other, order.number)
        elif isinstance(order, Join):
            self._join(order, other)
        else:
            # The other call takes both: nothing of this one is left to end.
            order.given.put(other)

    def _hand_over(self, leg: Leg, other: Leg, number: str) -> None:
        """Let a leg go that has sent the other one on to a number, and the other one begin anew there."""
        handovers.leave_blind(leg, other, number)
        self._take_recordings(leg, other)
        if wanted := other.variables.get("execute_on_blind_transfer"):
            application, _, argument = wanted.partition(" ")
            self._execute(other, application, argument)
        context = handovers.come_back(other, number, self._clock)
        self._end(leg, "NORMAL_CLEARING", "send_bye")
        self._follow(other, self._ask_for_plan(other, number, context))

    def _join(self, order: Join, other: Leg) -> None:
        """Connect the other leg with that of a second call of the same phone, which is gone from both."""
        release = Release(order.consulted)
        found = self.exchange.find(order.consulted.uuid)
        third = None
        if found is not None and found[1] is not self:
            found[1].give(release)
            with contextlib.suppress(queue.Empty):
                third = release.given.get(timeout=_RELEASED_WITHIN)
        if third is None:
            # As a switch refuses: there is nobody to join with, and the talk goes on.
            self._converse(order.leg, other)
            return
        self.exchange.move(third, self)
        self._outcomes |= {leg.uuid: scenarios.ANSWERS for leg in (third, order.consulted)}
        handovers.leave_attended(order.leg, order.consulted, third)
        self._take_recordings(order.leg, other)
        self._end_all([(leg, "NORMAL_CLEARING", "send_bye") for leg in (order.consulted, order.leg)])
        handovers.bridge(other, third, self._clock)
        self._converse(other, third)

    def _take_recordings(self, leg: Leg, other: Leg) -> None:
        """Go on with what a leg records on the other one, where it is to follow."""
        if leg.variables.get("recording_follow_transfer") != "true":
            return
        for each in self._recordings:
            if each.leg is leg:
                each.leg = other
                other.variables["record_post_process_exec_api"] = leg.variables.get("record_post_process_exec_api", "")

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


def _seconds(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _how_failed(cause: str) -> str:
    """Tell how a leg ends that was not answered: it is cancelled when it was rung for too long, else it was refused."""
    return "send_cancel" if cause == "NO_ANSWER" else "recv_refuse"
