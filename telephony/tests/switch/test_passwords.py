"""Passwords that are none."""

import secrets

import pytest

from telephony.switch.passwords import weakness_of


@pytest.mark.parametrize(
    "password",
    [
        "", "ClueCon", "1234", "ClueConClueConClueCon", "ClueCon123456789", "1234123412341234", "aaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababab", "changeme-changeme-changeme", "PASSWORDpassword1234", "debug-only-switch", "freeswitch-password-1",
        "short-but-odd-X", "test-test-test-test-test",
    ],
)  # fmt: skip
def test_passwords_that_everybody_tries(password: str) -> None:
    weakness = weakness_of(password)
    assert weakness
    assert not password or password not in weakness


@pytest.mark.parametrize("password", ["kT9vQe2LxW7mZrB4yNcJ5uHs", "xYw9-LkP2-mZtR-7uHs"])
def test_passwords_that_are_some(password: str) -> None:
    assert weakness_of(password) == ""


def test_what_the_command_recommends_is_never_weak() -> None:
    assert not any(weakness_of(secrets.token_urlsafe(36)) for _ in range(500))
