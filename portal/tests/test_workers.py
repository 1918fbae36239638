"""Several workers, as in production: what one of them refuses from now on, all of them refuse at the next request."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from accounts.tests.auth0 import bearer, new_stand_in
from demo.switch.exchange import Settings
from demo.switch.simulator import SimulatedSwitch
from portal.tests.running import WORKERS, Portal

# Its four workers want the machine's cores for themselves.
pytestmark = pytest.mark.xdist_group("machine")

HAMMERED = 60


def hammer(portal: Portal, proof: dict[str, str]) -> Counter[int]:
    with ThreadPoolExecutor(8) as threads:
        return Counter(threads.map(lambda _: portal.ask("auth/me", proof)[0], range(HAMMERED)))


def test_what_opens_no_more_is_refused_by_every_worker_at_the_next_request(tmp_path: Path) -> None:
    with new_stand_in() as auth0, Portal(tmp_path, auth0).running() as portal:
        all_in, all_out = Counter({200: HAMMERED}), Counter({401: HAMMERED})

        key_id, revoked = portal.key("auth0|anna")
        assert hammer(portal, revoked) == all_in
        assert portal.ask(f"tokens/{key_id}", revoked, "DELETE")[0] == 204
        assert hammer(portal, revoked) == all_out

        key_id, expired = portal.key("auth0|anna")
        assert hammer(portal, expired) == all_in
        portal.change("UPDATE accounts_apikey SET expires_at = '2020-01-01 00:00:00' WHERE id = ?", key_id)
        assert hammer(portal, expired) == all_out

        person = auth0.settings.people[0]
        token, (_, key) = bearer(auth0.mint()), portal.key(person.subject)
        assert hammer(portal, token) == hammer(portal, key) == all_in
        # Each worker asked for Auth0's keys once, however many requests it had.
        assert 1 <= auth0.jwks_requests <= WORKERS
        portal.change("UPDATE accounts_user SET is_active = 0 WHERE subject = ?", person.subject)
        assert hammer(portal, token) == hammer(portal, key) == all_out
        assert hammer(portal, bearer(auth0.mint())) == all_out


def test_workers_count_together(tmp_path: Path) -> None:
    with new_stand_in() as auth0:
        portal = Portal(tmp_path, auth0)
        portal.environment["API_RATE_PER_MINUTE"] = "40"
        with portal.running():
            _, key = portal.key("auth0|anna")
            # All of them in the same minute.
            time.sleep(max(0, 61 - time.time() % 60) if time.time() % 60 > 30 else 0)
            assert hammer(portal, key) == Counter({200: 40, 429: HAMMERED - 40})


def test_the_same_idempotency_key_in_every_worker_at_once_dials_once(tmp_path: Path) -> None:
    with new_stand_in() as auth0, SimulatedSwitch(Settings(password="simulated", pace=0.5)) as switch:
        portal = Portal(tmp_path, auth0)
        portal.environment["FREESWITCH_ESL_URL"] = f"esl://:simulated@127.0.0.1:{switch.port}"
        with portal.running():
            pool = {"provider": "Acme", "numbers": ["17036879447"]}
            assert portal.ask("maintenance/numbers", bearer(settings.MAINTENANCE_TOKEN), "POST", pool)[0] == 200
            _, key = portal.key("auth0|anna")
            assert portal.ask("assign-number", key)[0] == 200
            body = {"source_number": "2762087784", "destination_number": "2403019517"}

            def dial(number: int) -> tuple[int, str | int]:
                status, answer = portal.ask("call-link", key | {"Idempotency-Key": "once"}, "POST", body)
                return status, answer["id"] if status == 202 else answer["code"]

            with ThreadPoolExecutor(20) as threads:
                answers = set(threads.map(dial, range(20)))
            (placed,) = {answer for answer in answers if answer[0] == 202}
            assert answers <= {placed, (409, "idempotency_in_progress")}
            assert dial(0) == placed
            assert len([command for command in switch.commands if "originate" in command]) == 1
