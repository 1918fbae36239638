"""The page that says where a call goes."""

import html
import re

import pytest
from django.test import Client, override_settings

from accounts.models import User
from telephony.models import Assignment, Extension
from telephony.views.route import highlighted

pytestmark = pytest.mark.django_db


def page(client: Client, person: User, **query: str) -> str:
    client.force_login(person)
    response = client.get("/route/", query)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content.decode()


def test_without_a_question_there_is_the_form_alone(client: Client, sam: User) -> None:
    text = page(client, sam)
    assert "<h1>Where a call goes</h1>" in text
    assert "What the switch is told" not in text


@override_settings(FREESWITCH_RECORDINGS_DIR="/var/rec")
def test_the_reasons_the_facts_and_the_xml(client: Client, sam: User, ann: Assignment, bob: Assignment) -> None:
    Extension.objects.filter(pk=bob.extension_id).update(forward_to="12403019517")
    text = page(client, sam, **{"from": "1006", "to": "1005"})
    for words in (
        "The call rings 1005@pbx.example.com, then +1 240-301-9517.", "1005 is an extension of pbx.example.com.",
        "Unknown: the switch is away", "Paid by", "240 minutes a day", "The talk is recorded.",
    ):  # fmt: skip
        assert words in text
    shown = html.unescape(re.sub(r"<[^>]+>", "", text[text.index('<pre class="xml"') : text.index("</pre>")]))
    assert '<action application="bridge" data="user/1005@pbx.example.com" />' in shown
    assert "/freeswitch/recordings" not in text


def test_a_refusal(client: Client, sam: User, ann: Assignment) -> None:
    text = page(client, sam, **{"from": "1006", "to": "18765551234"})
    assert "The call is refused." in text
    assert "OUTGOING_CALL_BARRED" in text
    assert "What happens then" not in text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>', "${system id}", "'; --"])
def test_what_was_typed_is_text(client: Client, sam: User, ann: Assignment, hostile: str) -> None:
    text = page(client, sam, **{"from": "1006", "to": hostile})
    assert "<script>alert" not in text
    assert "<img src" not in text
    Extension.objects.filter(pk=ann.extension_id).update(display_name=hostile)
    assert "<script>alert" not in page(client, sam, **{"from": "1006", "to": "1006"})


@pytest.mark.parametrize(
    ("caller", "dialled", "words"), [("x", "1", "neither an extension"), ("1006", "", "Say what is dialled")]
)
def test_what_is_no_question_is_said_at_its_field(client: Client, sam: User, caller: str, dialled: str, words: str) -> None:
    text = page(client, sam, **{"from": caller, "to": dialled})
    assert words in text
    assert 'aria-invalid="true"' in text


def test_it_is_for_staff(client: Client, ann: Assignment) -> None:
    assert client.get("/route/").status_code == 302
    client.force_login(ann.user)
    assert client.get("/route/", {"to": "17036879447"}).status_code == 403
    assert client.post("/route/").status_code == 405


@pytest.mark.parametrize(
    "text", ["", "plain", '<a b="c" />', '<action application="set" data="x=&lt;&quot;" />\n  </condition>']
)
def test_the_pieces_are_the_whole(text: str) -> None:
    assert "".join(part.text for part in highlighted(text)) == text
