"""Several workers, as in production: what one of them refuses from now on, all of them refuse at the next request."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.tests.auth0 import bearer, new_stand_in
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
