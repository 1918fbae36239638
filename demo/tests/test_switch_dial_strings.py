"""What `originate` is told is split as the switch splits it."""

import pytest

from demo.switch.dial_strings import DialStringError, Endpoint, endpoint_of, originate_of, separate, variables_of


@pytest.mark.parametrize(
    ("text", "delimiter", "parts"),
    [
        ("a,b", ",", ["a", "b"]),
        ("a,,b", ",", ["a", "", "b"]),
        ("a  b ", " ", ["a", "b"]),
        ("'a b' c", " ", ["a b", "c"]),
        (r"a\sb c", " ", ["a b", "c"]),
        (r"a\,b,c", ",", ["a,b", "c"]),
        (r"a\nb\tc\rd", ",", ["a\nb\tc\rd"]),
        (r"a\'b,c", ",", ["a'b", "c"]),
        (r"a\qb", ",", [r"a\qb"]),
        ("it's,b", ",", ["it's", "b"]),
        ("' a ',b", ",", [" a ", "b"]),
        (" a , b", ",", ["a", "b"]),
        ("a\\", ",", ["a\\"]),
    ],
)
def test_splitting(text: str, delimiter: str, parts: list[str]) -> None:
    assert separate(text, delimiter) == parts


@pytest.mark.parametrize(
    ("text", "variables", "rest"),
    [
        ("user/1", {}, "user/1"),
        ("{a=b}user/1", {"a": "b"}, "user/1"),
        ("{a=b,c=d}[c=e]user/1", {"a": "b", "c": "e"}, "user/1"),
        ("<a=b>{c=d} [e=f] user/1", {"a": "b", "c": "d", "e": "f"}, "user/1"),
        ("{a='x,y',b=1}r", {"a": "x,y", "b": "1"}, "r"),
        ("{^^:a=1,2:b=3}r", {"a": "1,2", "b": "3"}, "r"),
        ("{a={b},c=1}r", {"a": "{b}", "c": "1"}, "r"),
        ("{a=http://x/?s=1&t=2,nonsense,b=}r", {"a": "http://x/?s=1&t=2", "b": ""}, "r"),
    ],
)
def test_variables(text: str, variables: dict[str, str], rest: str) -> None:
    assert variables_of(text) == (variables, rest)


def test_endpoints() -> None:
    assert endpoint_of("[a=b]user/1006@pbx.example.com") == Endpoint("1006", "pbx.example.com", variables={"a": "b"})
    assert endpoint_of("sofia/gateway/carrier/12403019517") == Endpoint("12403019517", gateway="carrier")
    assert endpoint_of("user/1@d").is_user
    assert not endpoint_of("sofia/gateway/g/1").is_user


@pytest.mark.parametrize("text", ["", "user/1006", "sofia/internal/1006@x", "error/user_busy", "{a=b", "sofia/gateway/g/"])
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(DialStringError):
        endpoint_of(text)


def test_originate_with_an_application() -> None:
    found = originate_of("{a='x y',b=1}user/1@d &bridge({c='sched_hangup +36 allotted_timeout'}sofia/gateway/g/2)")
    assert found.source == Endpoint("1", "d", variables={"a": "x y", "b": "1"})
    # The quotes are gone by then, as on a real switch.
    assert (found.application, found.argument) == ("bridge", "{c=sched_hangup +36 allotted_timeout}sofia/gateway/g/2")
    assert endpoint_of(found.argument).variables == {"c": "sched_hangup +36 allotted_timeout"}


def test_the_first_parenthesis_ends_the_argument() -> None:
    assert originate_of("user/1@d &bridge(a(b)c)").argument == "a(b"
    assert originate_of("user/1@d &park").application == "park"


def test_a_comma_in_quotes_does_not_survive_two_levels() -> None:
    assert originate_of("{a='x,y'}user/1@d &park()").source.variables == {"a": "x"}


def test_originate_to_a_dialplan() -> None:
    found = originate_of("user/1@d link77 XML portal name number 12")
    assert (found.destination, found.context, found.timeout_seconds, found.application) == ("link77", "portal", 12, "")
    assert originate_of("user/1@d link77").context == "default"


@pytest.mark.parametrize("text", ["", "user/1@d", "user/1@d a b c d e f g"])
def test_too_few_and_too_many_words(text: str) -> None:
    with pytest.raises(DialStringError, match=r"^-USAGE"):
        originate_of(text)
