"""What the stories of the console begin with: a browser in which a member of staff is signed in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from accounts.models import Role, User
from telephony.services.revocations import errands


@pytest.fixture
def open_as_staff(
    open_page: Callable[..., Page], make_person: Callable[..., User], client: Client, live_server: Any
) -> Callable[[str, int], Page]:
    """Open the sign-in page in a browser that has sam's session already."""

    def open_it(scheme: str, width: int) -> Page:
        page = open_page("/login", scheme, width)
        client.force_login(make_person("sam", Role.STAFF))
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        return page

    errands._away_since.clear()
    return open_it
