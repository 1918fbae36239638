"""The API's schema: complete, the same as the code, and a failure that names whoever forgot to describe an endpoint."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import path
from drf_spectacular.validation import validate_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictSerializer
from accounts.permissions import HasScope, IsActiveUser
from portal.api_document import FILE
from portal.api_schema import TAGS
from portal.tests import conformance
from portal.tests.permission_rules import Row
from portal.tests.permission_table import ROWS
from web.idempotency import idempotent
from web.parameters import ApiView
from web.schema import document
from web.schema.describing import described
from web.schema.document import IncompleteError, drift, generate

ENDPOINTS = [row for row in ROWS if row.route.startswith("api/v2/") and row.route != "api/v2/"]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for address, verbs in json.loads(FILE.read_text())["paths"].items():
        yield from ((address, verb, operation) for verb, operation in verbs.items())


def test_it_is_openapi_and_what_the_code_says() -> None:
    made = generate()
    assert made["openapi"].startswith("3.1")
    validate_schema(made)
    assert drift(FILE) == []


@pytest.mark.parametrize("row", ENDPOINTS, ids=str)
def test_every_address_and_every_verb_is_in_it(row: Row) -> None:
    verbs = conformance.document()["paths"][conformance.template_of(row.route)]
    assert {verb.upper() for verb in verbs} == set(row.doors)


def test_nothing_else_is_in_it() -> None:
    assert {address for address, _, _ in operations()} == {conformance.template_of(row.route) for row in ENDPOINTS}


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_tag() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", name)] == []
    summaries = {name: operation["summary"] for name, (_, _, operation) in zip(names, operations(), strict=True)}
    assert {name: text for name, text in summaries.items() if not 12 <= len(text) <= 90 or "\n" in text} == {}
    assert {tag for _, _, operation in operations() for tag in operation["tags"]} <= {name for name, _ in TAGS}


def test_every_parameter_says_what_it_is() -> None:
    for address, verb, operation in operations():
        for parameter in map(conformance.resolved, operation["parameters"]):
            assert len(parameter["description"]) >= 7, f"{verb} {address} {parameter['name']}"


def test_who_may_ask_is_in_it() -> None:
    proofs = {address + " " + verb: operation["security"] for address, verb, operation in operations()}
    assert proofs["/api/v2/call-recording get"] == [{"token": []}, {"apiKey": ["calls:read"]}]
    assert proofs["/api/v2/call-link/{link_id} delete"] == [{"token": []}, {"apiKey": ["calls:write"]}]
    assert proofs["/api/v2/maintenance/status get"] == [{"maintenance": []}]
    assert proofs["/api/v2/schema get"] == [{}]
    assert {"signature": []} in proofs["/api/v2/call-recording/{call_id}/audio get"]


def test_what_is_shown_once_may_be_null_when_it_is_sent_again() -> None:
    schemas = conformance.document()["components"]["schemas"]
    for name, member in (("NewApiKey", "key"), ("OperatorsNewApiKey", "key"), ("SipCredentials", "password"),
                         ("NewWebhook", "secret"), ("WebhookSecret", "secret")):  # fmt: skip
        assert "null" in schemas[name]["properties"][member]["type"]


def test_it_is_the_same_whatever_database_it_is_written_on_and_says_nothing_of_how_it_is_made() -> None:
    text = FILE.read_text()
    assert "int64" not in text
    assert "x-spec" not in text
    described = [
        member["description"]
        for schema in conformance.document()["components"]["schemas"].values()
        for member in schema.get("properties", {}).values()
        if "description" in member
    ]
    assert described
    assert [each for each in described if each.startswith(("Return ", "Tell "))] == []


def test_its_examples_are_what_it_says() -> None:
    shown = set()
    for address, verb, operation in operations():
        for said, part in [*operation["responses"].items(), ("body", operation.get("requestBody", {}))]:
            for content in part.get("content", {}).values():
                for example in content.get("examples", {}).values():
                    schema = conformance.validator(json.dumps(content["schema"]))
                    assert [str(error) for error in schema.iter_errors(example["value"])] == [], f"{verb} {address} {said}"
                    shown.add(operation["operationId"])
    assert {"listCalls", "createWebhook"} <= shown


# -- what fails where something is forgotten -------------------------------------------------------------------------------


class Undescribed(ApiView):
    def get(self, request: Request) -> Response:
        """Do something that nobody reads of."""
        return Response({})


class WithoutBody(ApiView):
    @described("sendIt")
    @idempotent()
    def post(self, request: Request) -> Response:
        """Send it to somewhere."""
        return Response(status=204)


class WithoutParameter(ApiView):
    query_parameters = frozenset({"limit", "colour"})

    @described("lookAtIt", StrictSerializer)
    def get(self, request: Request) -> Response:
        """Look at it in a colour."""
        return Response({})


class Described(ApiView):
    permission_classes = (IsActiveUser, HasScope("admin"))

    @described("sendIt", body=StrictSerializer, refuses={409: ("it_is_red",)})
    @idempotent()
    def post(self, request: Request) -> Response:
        """Send it to somewhere.

        Wherever that is.
        """
        return Response(status=204)


urlpatterns: list[Any] = []


@pytest.mark.parametrize(
    ("view", "address", "said"),
    [
        (Undescribed, "api/v2/bans/it", r"GET /api/v2/bans/it \(Undescribed.get\) is not described: put `@described"),
        (WithoutBody, "api/v2/bans/it", r"POST .* is not described: `body=`"),
        (WithoutParameter, "api/v2/bans/it", r"GET .* is not described: its parameter 'colour'"),
        (Described, "api/v2/colours/it", r"'colours' is in no line of TAGS"),
    ],
)
def test_what_is_not_described_is_a_failure_that_says_how(
    settings: Any, monkeypatch: pytest.MonkeyPatch, view: type[ApiView], address: str, said: str
) -> None:
    monkeypatch.setattr(f"{__name__}.urlpatterns", [path(address, view.as_view())])
    settings.ROOT_URLCONF = __name__
    with pytest.raises(IncompleteError, match=said):
        generate()


def test_what_is_described_needs_no_more_than_that(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.urlpatterns", [path("api/v2/bans/it", Described.as_view())])
    settings.ROOT_URLCONF = __name__
    operation = generate()["paths"]["/api/v2/bans/it"]["post"]
    assert (operation["summary"], operation["description"]) == (
        "Send it to somewhere",
        "Wherever that is. A key with scopes needs `admin`.",
    )
    assert set(operation["responses"]) == {
        "204", "400", "401", "403", "405", "406", "409", "411", "413", "415", "422", "429", "500", "503",
    }  # fmt: skip
    problem = operation["responses"]["409"]["content"]["application/problem+json"]["schema"]["allOf"][1]
    assert problem["properties"]["code"]["enum"] == ["idempotency_in_progress", "it_is_red"]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in operation["parameters"]


def test_a_file_that_is_out_of_date_is_shown_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "openapi.json"
    monkeypatch.setattr("portal.management.commands.apischema.FILE", file)
    call_command("apischema")
    call_command("apischema", "--check")
    assert file.read_text() == FILE.read_text()
    file.write_text(file.read_text().replace('"operationId": "listCalls"', '"operationId": "listTalks"'))
    with pytest.raises(CommandError, match="make schema"):
        call_command("apischema", "--check")
    said = capsys.readouterr().out
    assert '-        "operationId": "listTalks"' in said
    assert '+        "operationId": "listCalls"' in said
    file.write_text("{}")
    monkeypatch.setattr(document, "SHOWN_LINES", 3)
    with pytest.raises(CommandError):
        call_command("apischema", "--check")
    assert "lines more" in capsys.readouterr().out


def test_the_command_names_what_is_missing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.urlpatterns", [path("api/v2/bans/it", Undescribed.as_view())])
    settings.ROOT_URLCONF = __name__
    with pytest.raises(CommandError, match=r"Undescribed\.get"):
        call_command("apischema", "--check")


# -- where it is served ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", "application/json"),
        ("application/mediamagic.rest.v1+json", "application/mediamagic.rest.v1+json"),
        ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
    ],
)
def test_anybody_may_read_it_in_json(client: Client, accept: str, answered: str) -> None:
    answer = client.get("/api/v2/schema", headers={"accept": accept})
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, answered, FILE.read_bytes())
    assert "public" in answer["Cache-Control"]
    assert "max-age=" in answer["Cache-Control"]
    assert "Authorization" not in answer["Vary"]


def test_and_in_yaml(client: Client) -> None:
    answer = client.get("/api/v2/schema", headers={"accept": "application/yaml"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/yaml")
    assert yaml.safe_load(answer.content) == json.loads(FILE.read_text())


def test_the_page_asks_nobody_else_for_anything(client: Client) -> None:
    answer = client.get("/api/v2/docs")
    page = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, "text/html")
    assert not re.findall(r'(?:src|href)="(?!/)', page.replace('href="#explorer"', ""))
    assert "style=" not in page
    assert "'unsafe" not in answer["Content-Security-Policy"]
    assert not answer.cookies
