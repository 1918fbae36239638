"""A person at a browser, as far as signing in goes: follows an authorization address, sends the form."""

import re
from html import unescape
from typing import Final
from urllib.parse import urljoin

import requests

_TOKEN: Final = re.compile(r'name="form_token" value="([^"]+)"')
TIMEOUT_SECONDS: Final = 10


class SignInError(Exception):
    """The stand-in sent nobody back; the message is what it showed instead."""


class Visitor:
    """A browser that keeps its cookies, so that a second sign-in asks no question."""

    def __init__(self) -> None:
        self.browser = requests.Session()
        # No proxy and no .netrc of this machine has a say in it.
        self.browser.trust_env = False

    def sign_in(self, authorize_url: str, email: str, password: str) -> str:
        """Return the address that the application gets its answer at. Raises SignInError."""
        answer = self.browser.get(authorize_url, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        form = _TOKEN.search(answer.text)
        if form:
            fields = {"form_token": unescape(form[1]), "email": email, "password": password}
            address = urljoin(authorize_url, "/u/login")
            answer = self.browser.post(address, data=fields, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        if "Location" not in answer.headers:
            raise SignInError(
                f"{answer.status_code}: {' '.join(re.sub('<[^>]*>', ' ', answer.text.partition('<h1>')[2]).split())}"
            )
        return answer.headers["Location"]
