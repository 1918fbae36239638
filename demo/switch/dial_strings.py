"""Read the arguments of `originate`, as the switch itself splits them.

Source: switch_utils.c (switch_separate_string), switch_event.c (switch_event_create_brackets), mod_commands.c (originate)
of FreeSWITCH 1.11. Quotes are taken off once at each level: a comma in quotes does not survive the two levels of `originate`.
"""

import re
from dataclasses import dataclass, field

_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "s": " "}
_USER = re.compile(r"user/([^@/]+)@(.+)")
_GATEWAY = re.compile(r"sofia/gateway/([^/]+)/(.+)")
_OTHER_DELIMITER = "^^"
USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) "
    "[<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n"
)
FEWEST_WORDS, MOST_WORDS = 2, 7
_CONTEXT = 3
DEFAULT_TIMEOUT_SECONDS = 60


class DialStringError(Exception):
    """The arguments are none that the switch would take; the message is what it answers."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Whom to call: an extension of a domain, or a number through a gateway."""

    address: str
    domain: str = ""
    gateway: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def is_user(self) -> bool:
        """Tell an extension from a number."""
        return not self.gateway


@dataclass(frozen=True, slots=True)
class Originate:
    """Call a source; once it is there, run an application on it, or send it to a number of a dialplan's context."""

    source: Endpoint
    application: str = ""
    argument: str = ""
    destination: str = ""
    context: str = "default"
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS


def separate(text: str, delimiter: str) -> list[str]:
    """Split at a delimiter outside quotes and behind no backslash; take quotes, escapes and outer blanks off."""
    parts, start, position, quoted = [], 0, 0, False
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            position += 1
        elif letter == "'" and (quoted or "'" in text[position + 1 :]):
            quoted = not quoted
        elif letter == delimiter and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    if delimiter == " ":
        parts = [part for part in parts if part]
    return [_cleaned(part, delimiter) for part in parts]


def _cleaned(text: str, delimiter: str) -> str:
    result, kept, quoted = "", 0, False
    text = text.lstrip(" ")
    letters = iter(enumerate(text))
    for position, letter in letters:
        following = text[position + 1 : position + 2]
        if letter == "\\" and following and (following in f"'\"\\{delimiter.strip()}" or following in _UNESCAPED):
            next(letters)
            result += _UNESCAPED.get(following, following)
            kept = len(result)
        elif letter == "'" and (quoted or "'" in text[position + 1 :]):
            quoted = not quoted
            kept = max(kept, len(result))
        else:
            result += letter
            kept = len(result) if letter != " " or quoted else kept
    return result[:kept]


def variables_of(text: str) -> tuple[dict[str, str], str]:
    """Take `{…}`, `<…>` and `[…]` off the front; return the variables, later ones winning, and the rest."""
    variables: dict[str, str] = {}
    closing = {"{": "}", "[": "]", "<": ">"}
    text = text.strip(" ")
    while text[:1] in closing:
        end = _end_of_brackets(text, closing[text[0]])
        variables |= _assignments(text[1:end])
        text = text[end + 1 :].lstrip(" ")
    return variables, text


def _end_of_brackets(text: str, closing: str) -> int:
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == text[0]) - (letter == closing)
        if depth == 0:
            return position
    raise DialStringError("-ERR DESTINATION_OUT_OF_ORDER\n")


def _assignments(text: str) -> dict[str, str]:
    delimiter = ","
    if text.startswith(_OTHER_DELIMITER):
        delimiter, text = text[2:3], text[3:]
    pairs = (part.partition("=") for part in separate(text, delimiter))
    return {_cleaned(name, "="): _cleaned(value, "=") for name, equals, value in pairs if equals}


def endpoint_of(text: str) -> Endpoint:
    """Read `{variables}[variables]user/EXTENSION@DOMAIN` or `…sofia/gateway/NAME/NUMBER`. Raises DialStringError."""
    variables, rest = variables_of(text)
    if match := _USER.fullmatch(rest):
        return Endpoint(address=match[1], domain=match[2], variables=variables)
    if match := _GATEWAY.fullmatch(rest):
        return Endpoint(address=match[2], gateway=match[1], variables=variables)
    raise DialStringError("-ERR CHAN_NOT_IMPLEMENTED\n")


def originate_of(arguments: str) -> Originate:
    """Read `SOURCE &APPLICATION(ARGUMENT)` or `SOURCE NUMBER XML CONTEXT`. Raises DialStringError."""
    words = separate(arguments, " ")
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS:
        raise DialStringError(USAGE)
    source, target = endpoint_of(words[0]), words[1]
    timeout = int(words[6]) if len(words) == MOST_WORDS and words[6].isdigit() else DEFAULT_TIMEOUT_SECONDS
    if target.startswith("&") and len(target) > 1:
        # As the switch does: the first closing parenthesis ends the argument.
        application, _, argument = target[1:].split(")", 1)[0].partition("(")
        return Originate(source, application=application, argument=argument, timeout_seconds=timeout)
    context = words[_CONTEXT] if len(words) > _CONTEXT and words[_CONTEXT] != "undef" else "default"
    return Originate(source, destination=target, context=context, timeout_seconds=timeout)
