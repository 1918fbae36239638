"""Reading the plans that the switch is answered with."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

Dialler = Callable[..., list[tuple[str, str]]]
LEG = "161d516a-9698-496c-bafd-7a25b34df257"


def actions(root: Element, context: str) -> list[tuple[str, str]]:
    """Return a plan's actions; hold it to one extension that always matches."""
    assert [found.get("name") for found in root.iter("context")] == [context]
    assert len(list(root.iter("extension"))) == 1
    assert [found.attrib for found in root.iter("condition")] == [{}]
    found = [(action.get("application", ""), action.get("data", "")) for action in root.iter("action")]
    assert found[-1][0] == "hangup", "a plan that runs out falls to the next one"
    for application, data in found[:-1]:
        assert application in ("set", "export", "limit", "record_session", "bridge", "bind_digit_action")
        assert "$" not in data
    return found


def bridges(found: list[tuple[str, str]]) -> list[str]:
    return [data for application, data in found if application == "bridge"]


def variables(found: list[tuple[str, str]]) -> dict[str, str]:
    return dict(data.split("=", 1) for application, data in found if application in ("set", "export"))


def assert_refused(found: list[tuple[str, str]], *causes: str) -> None:
    assert not bridges(found)
    assert found[-1][1] in causes


def to_a_carrier(payer_id: int, leg_uuid: str = LEG, leading: str = "") -> str:
    """The variables of a leg to a carrier: who pays, for how long at most, and that from the answer on it counts itself."""
    return (
        f"{{{leading}portal_payer={payer_id},limit_ignore_transfer=true"
        ",execute_on_answer='sched_hangup +3600 allotted_timeout'"
        f",execute_on_answer_2='limit hash portal_user {payer_id}'"
        f",api_on_answer='uuid_limit_release {leg_uuid} hash portal_user {payer_id}'}}"
    )
