"""Who calls whom in the tests of the dialplan: the people of the captures."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse

from accounts.models import User
from telephony.models import Assignment, Gateway
from telephony.tests.plans import LEG, Dialler, actions
from telephony.tests.xml_answers import read


@pytest.fixture
def ann(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Assignment:
    """Who calls in the captures, 1006, with a gateway for her domain."""
    held = hold(make_person("ann"), "1006", "17036879447")
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": held.extension.domain})
    return held


@pytest.fixture
def bob(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Assignment:
    """Who is called in the captures, 1005."""
    return hold(make_person("bob"), "1005", "17036879448")


@pytest.fixture
def eve(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Assignment:
    """1007, with no number of her own."""
    return hold(make_person("eve"), "1007")


@pytest.fixture
def dial(ask: Callable[..., HttpResponse]) -> Dialler:
    """Dial from a registered extension, and return what the switch is to do."""

    def call(destination: str, user: str = "1006", context: str = "internal", **fields: str) -> list[tuple[str, str]]:
        proof = {"variable_user_name": user, "variable_domain_name": "pbx.example.com"} if user else {}
        asked = {"Hunt-Context": context, "Hunt-Destination-Number": destination, "Unique-ID": LEG} | proof | fields
        return actions(read(ask(section="dialplan", **asked)), context)

    return call
