"""Passwords between the portal and the switch that are none: those that everybody knows, and those that are soon guessed."""

import re
from typing import Final

LEAST_CHARACTERS: Final = 16

_LEAST_DIFFERENT: Final = 6
# What FreeSWITCH comes with, what its guides and this portal's examples write, and what people take.
_KNOWN: Final = (
    "cluecon", "1234", "freeswitch", "password", "passwort", "secret", "changeme", "letmein", "qwerty", "admin", "default",
    "example", "debugonly", "switch", "test", "abcdef", "123456", "portal", "works", "esl", "your", "here",
)  # fmt: skip


def weakness_of(password: str) -> str:
    """Return what makes a password none, as the end of a sentence that does not quote it; "" where nothing does."""
    if len(password) < LEAST_CHARACTERS:
        return f"has fewer than {LEAST_CHARACTERS} characters"
    if len(set(password)) < _LEAST_DIFFERENT:
        return "is made of very few different characters"
    # What is left when the words that everybody tries are taken out must be a password by itself.
    rest = re.sub("|".join(_KNOWN), "", re.sub(r"[^a-z0-9]", "", password.lower()))
    if len(rest) < LEAST_CHARACTERS // 2:
        return "is made of words that everybody tries"
    return ""
