"""Hangup causes in the words of people."""

import pytest

from telephony.switch.causes import outcome_of


@pytest.mark.parametrize(
    ("cause", "slug", "label"),
    [
        ("NO_ANSWER", "no_answer", "No answer"),
        ("USER_BUSY", "busy", "Busy"),
        ("ORIGINATOR_CANCEL", "cancelled", "Caller hung up"),
        ("USER_NOT_REGISTERED", "unreachable", "Phone not registered"),
        ("SOME_NEW_CAUSE", "failed", "Some new cause"),
        ("", "failed", "Unknown"),
    ],
)
def test_nobody_talked(cause: str, slug: str, label: str) -> None:
    assert outcome_of(cause, talked=False) == (slug, label)


@pytest.mark.parametrize("cause", ["NORMAL_CLEARING", "USER_BUSY", "ANY"])
def test_talk_outweighs_every_cause(cause: str) -> None:
    assert outcome_of(cause, talked=True).slug == "answered"
