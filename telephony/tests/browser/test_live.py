"""The page of what goes on, in a browser: a call appears, ticks, and is hung up."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import AuditEntry, User
from demo.switch.dial_strings import Endpoint
from demo.switch.exchange import Settings
from demo.switch.placed import PlacedCall
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Call, Gateway
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_live_call_is_seen_and_hung_up(
    open_page: Callable[..., Page],
    complaints: list[str],
    live_server: Any,
    settings: Any,
    tmp_path: Path,
    make_person: Callable[..., User],
    hold: Callable,
    client: Client,
    scheme: str,
    width: int,
) -> None:
    staff = make_person("staff", "staff")
    held = hold(make_person("anna"), "1006", "17036879447")
    hold(make_person("ben"), "1005")
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": held.extension.domain})
    settings.PUBLIC_URL, settings.RECORDINGS_ROOT = live_server.url, tmp_path
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    with SimulatedSwitch(Settings(password="simulated", pace=0.1, talk=9000.0, heartbeat=0.5, portal=portal)) as switch:
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
        with listener():
            page = open_page("/login", scheme, width)
            client.force_login(staff)
            page.context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
            page.goto(f"{live_server.url}/live/")
            expect(page.get_by_text("Nobody is on the phone")).to_be_visible()
            expect(page.get_by_text("127.0.0.1:", exact=False).first).to_be_visible()
            PlacedCall(switch.exchange, Endpoint("1006", domain="pbx.example.com"), "1005").start()
            # Without a reload.
            row = page.locator(".live-calls tbody tr")
            expect(row).to_contain_text("Talking", timeout=15_000)
            expect(row).to_contain_text("anna")
            expect(row).to_contain_text("ben")
            expect(row.locator("[data-seconds]")).to_have_text(re.compile("0:0[2-9]"), timeout=15_000)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            switch.exchange.trunks.turn("carrier", "DOWN")
            expect(page.get_by_role("region", name="Alarms")).to_contain_text("The gateway carrier is down", timeout=15_000)
            row.get_by_role("link", name="Hang up").click()
            expect(page.get_by_role("heading", name="Hang up this call?")).to_be_visible()
            page.get_by_role("button", name="Hang up").click()
            expect(page.get_by_text("The call was hung up.")).to_be_visible()
            expect(page.get_by_text("Nobody is on the phone")).to_be_visible(timeout=15_000)
            until(lambda: Call.objects.filter(hangup_cause="MANAGER_REQUEST").exists())
            assert AuditEntry.objects.get(action="call.hung_up").actor == staff
            assert switch.exchange.legs() == []
    assert complaints == []
