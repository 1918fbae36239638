"""The API document's own examples, sent to a running portal as the document sends them."""

import http.client
import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from accounts.tests.auth0 import bearer, new_stand_in
from portal.tests.running import Portal

pytestmark = pytest.mark.xdist_group("machine")

NUMBERS = ["17036879447", "17036879448"]
# To the byte: six members of the document's names, types and order, and nothing else.
DOCUMENTED = re.compile(
    rb'\{"role":"(user|staff|admin)","phone_number":"1703687944[78]","auth0_id":"(?P<auth0_id>[^"]+)","extension":"(?P<extension>100[01])",'
    rb'"updated_at":"(?P<updated_at>[^"]+)","created_at":"(?P<created_at>[^"]+)"\}'
)
RFC_3339 = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def curl(portal: Portal, authorization: str) -> tuple[int, str, bytes]:
    """Send what `curl URL --header "Authorization: …"` sends; return status, media type and the bytes of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
    try:
        connection.putrequest("GET", "/api/v2/assign-number", skip_accept_encoding=True)
        for name, value in (("User-Agent", "curl/8.5.0"), ("Accept", "*/*"), ("Authorization", authorization)):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()
    finally:
        connection.close()


def test_assign_number_answers_the_documents_six_members_again_and_again(tmp_path: Path) -> None:
    with new_stand_in() as auth0, Portal(tmp_path, auth0).running() as portal:
        body = {"provider": "Acme", "numbers": NUMBERS}
        assert portal.ask("maintenance/numbers", bearer(settings.MAINTENANCE_TOKEN), "POST", body)[0] == 200
        people = auth0.settings.people[:2]
        tokens = {person.subject: bearer(auth0.mint(person=person)) for person in people}
        answers = {}
        for subject, token in tokens.items():
            proof = next(iter(token.values()))
            # Whichever worker answers, however often.
            (answer,) = {curl(portal, proof) for _ in range(20)}
            status, media_type, written = answers[subject] = answer
            assert (status, media_type) == (200, "application/json")
            members = DOCUMENTED.fullmatch(written)
            assert members, written
            assert members["auth0_id"].decode() == subject
            assert RFC_3339.fullmatch(members["created_at"])
            assert RFC_3339.fullmatch(members["updated_at"])
        numbers = {json.loads(written)["phone_number"] for _, _, written in answers.values()}
        assert numbers == set(NUMBERS), "to each another"
        assert curl(portal, "Bearer x")[0] == 401
