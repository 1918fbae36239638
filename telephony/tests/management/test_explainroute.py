"""`manage.py explainroute`."""

import io
import json
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from telephony.models import Assignment, Gateway, Number, Provider

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("explainroute", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def held(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> None:
    assignment = hold(make_person("ann"), "1006", "17036879447")
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": assignment.extension.domain})


def test_what_an_extension_dials(held: None) -> None:
    text = run("--from", "1006@pbx.example.com", "12403019517")
    assert text.startswith("The call goes out to +1 240-301-9517.\n")
    for line in (
        "  - 1006@pbx.example.com calls; ann holds it.",
        "  To +1 240-301-9517 through carrier, as +1 703-687-9447.",
        "  At the charge of ann: 2 at once, 30 an hour, 240 minutes a day, 60 minutes each.",
        "  The talk is not recorded.",
    ):
        assert line in text.splitlines()
    assert '<context name="internal">' in text


def test_what_a_carrier_brings(held: None) -> None:
    text = run("--called", "17036879447")
    assert "Phones of 1006@pbx.example.com: unknown: the switch is away; they ring for 30 seconds." in text
    Number.objects.create(number="17036879448", provider=Provider.objects.first())
    assert run("--called", "17036879448").startswith("The call is refused. (UNALLOCATED_NUMBER)")


def test_as_json(held: None) -> None:
    assert json.loads(run("--json", "--called", "17036879447"))["rings"]["extension"] == "1006@pbx.example.com"


@pytest.mark.parametrize(
    "arguments",
    [(), ("12403019517",), ("--from", "1006"), ("--called", "1", "2"), ("--from", "1006", "--called", "1"), ("--from", "", "1"),
     ("--from", "x", "1"), ("--from", "1006", "\n"), ("--called", " ")],
)  # fmt: skip
def test_what_is_no_question(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
