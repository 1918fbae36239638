"""Extensions made, given away and changed, and what limits their calls."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState
from telephony.services.assignments import NotClaimableError, release
from telephony.services.dialing import DestinationNotAllowedError, is_service_code
from telephony.services.extensions import (
    NEXT,
    ExtensionExistsError,
    add_extension,
    assign_extension,
    change_extension,
    check_extension_number,
)
from telephony.services.pool import PoolEmptyError, assign_number, unused_number
from telephony.services.talk_limits import allowance_of, link_allowance_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(make_person: Callable[..., User]) -> User:
    return make_person("sam", Role.STAFF)


def free_number(digits: str) -> Number:
    provider, _ = Provider.objects.get_or_create(name="Acme Carrier")
    return Number.objects.create(number=digits, provider=provider)


# -- making -------------------------------------------------------------------------------------------------------------------


def test_one_is_made_and_written_down(domain: Domain, sam: User) -> None:
    extension = add_extension(domain, "2345", display_name="Front desk", actor=sam)
    assert (str(extension), extension.display_name, extension.state) == ("2345@pbx.example.com", "Front desk", "free")
    assert not extension.encrypted_ha1, "nobody can register before a password is set"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.after["number"]) == ("extension.created", sam, "2345")


def test_without_a_number_it_gets_the_next_that_does_not_exist(domain: Domain, sam: User, settings: Any) -> None:
    settings.EXTENSION_RANGE = (1000, 1003)
    Extension.objects.create(domain=domain, number="1001")
    assert {add_extension(domain, actor=sam).number for _ in range(3)} == {"1000", "1002", "1003"}
    with pytest.raises(PoolEmptyError, match=r"Every number of the range exists in pbx\.example\.com"):
        add_extension(domain, actor=sam)


def test_the_next_one_is_never_a_services(domain: Domain, sam: User, settings: Any) -> None:
    settings.EXTENSION_RANGE = (910, 914)
    made = [add_extension(domain, actor=sam).number for _ in range(4)]
    assert sorted(made) == ["910", "912", "913", "914"]
    assert unused_number(domain) is None


def test_the_pool_makes_none_of_a_services_number_either(
    domain: Domain, make_person: Callable[..., User], settings: Any
) -> None:
    settings.EXTENSION_RANGE = (910, 913)
    for place in range(3):
        free_number(f"1703687944{place}")
    given = {assign_number(make_person(f"p{place}"))[0].extension.number for place in range(3)}
    assert given == {"910", "912", "913"}


@pytest.mark.parametrize(
    ("digits", "says"),
    [
        ("0123", "first not 0"), ("1", "2 to 7 digits"), ("12345678", "2 to 7 digits"), ("12a4", "2 to 7 digits"), ("١٢٣٤", "2 to 7"),
        ("1234\n", "2 to 7 digits"), ("999", "from 1000 to 9999"), ("10000", "from 1000 to 9999"),
    ],
)  # fmt: skip
def test_other_numbers_are_refused(domain: Domain, sam: User, digits: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        add_extension(domain, digits, actor=sam)
    assert not Extension.objects.exists()


@pytest.mark.parametrize(
    ("country", "digits", "is_one"),
    [
        ("US", "911", True), ("US", "988", True), ("US", "411", True), ("US", "112", True), ("US", "2345", False), ("US", "1006", False),
        ("US", "20202", False), ("DE", "110", True), ("DE", "116117", True), ("DE", "1006", False), ("GB", "999", True), ("GB", "111", True),
    ],
)  # fmt: skip
def test_numbers_that_lead_to_help_or_a_service(settings: Any, country: str, digits: str, is_one: bool) -> None:
    settings.HOME_COUNTRY, settings.EXTENSION_RANGE = country, (10, 9999999)
    assert is_service_code(digits) is is_one
    if is_one:
        with pytest.raises(ValidationError, match="help or a service"):
            check_extension_number(digits)
    else:
        check_extension_number(digits)


def test_one_that_exists_is_refused_also_in_another_domains_presence(domain: Domain, sam: User) -> None:
    add_extension(domain, "2345", actor=sam)
    with pytest.raises(ExtensionExistsError, match=r"2345@pbx\.example\.com exists already"):
        add_extension(domain, "2345", display_name="Other", actor=sam)
    assert Extension.objects.get().display_name == ""
    assert add_extension(Domain.objects.create(name="b.example.com"), "2345", actor=sam)


def test_it_is_made_and_given_away_at_once_or_not_at_all(domain: Domain, sam: User, make_person: Callable[..., User]) -> None:
    anna = make_person("anna")
    with pytest.raises(PoolEmptyError, match="No number is free"):
        add_extension(domain, "2345", user=anna, number=NEXT, actor=sam)
    assert not Extension.objects.exists()
    free_number("17036879447")
    extension = add_extension(domain, "2345", user=anna, number=NEXT, actor=sam)
    held = Assignment.objects.get()
    assert (held.user, held.extension, str(held.number)) == (anna, extension, "+1 703-687-9447")
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["extension.created", "assignment.opened"]


# -- giving away --------------------------------------------------------------------------------------------------------------


def test_it_is_given_with_a_number_in_any_notation(domain: Domain, sam: User, make_person: Callable[..., User]) -> None:
    number = free_number("17036879447")
    extension = Extension.objects.create(domain=domain, number="2345")
    held = assign_extension(extension, make_person("anna"), "+1 (703) 687-9447", actor=sam)
    assert held.number == number
    extension.refresh_from_db()
    assert extension.state == HoldingState.ASSIGNED


@pytest.mark.parametrize(
    ("number", "error", "says"),
    [
        ("12403019517", ValidationError, "no number of ours"), ("x", ValidationError, "Not a phone number"),
        ("17036879448", NotClaimableError, r"\+1 703-687-9448 is not free: somebody holds it"), (NEXT, PoolEmptyError, "No number is free"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_had_keeps_the_extension_back(
    domain: Domain, sam: User, make_person: Callable[..., User], hold: Callable, number: str, error: type[Exception], says: str
) -> None:
    hold(make_person("ben"), "1005", "17036879448")
    extension = Extension.objects.create(domain=domain, number="2345")
    with pytest.raises(error, match=says):
        assign_extension(extension, make_person("anna"), number, actor=sam)
    extension.refresh_from_db()
    assert extension.state == HoldingState.FREE


def test_one_that_rests_or_is_closed_says_so(
    domain: Domain, sam: User, make_person: Callable[..., User], hold: Callable
) -> None:
    anna = make_person("anna")
    held = hold(anna, "1006")
    release(held, actor=sam)
    with pytest.raises(NotClaimableError, match=r"not free: it rests until [A-Z][a-z]+ [0-9]{1,2}, 20[0-9]{2}\."):
        assign_extension(held.extension, anna, actor=sam)
    Extension.objects.update(state=HoldingState.DISABLED, cooling_until=None)
    with pytest.raises(NotClaimableError, match="it is closed"):
        assign_extension(held.extension, anna, actor=sam)


# -- changing -----------------------------------------------------------------------------------------------------------------


def test_what_changes_is_written_down_and_nothing_else(sam: User, make_person: Callable[..., User], hold: Callable) -> None:
    extension = hold(make_person("anna"), "1006", "17036879447").extension
    wanted = {"forward_to": "(240) 301-9517", "recording": "off", "calls_at_once": 5, "display_name": "", "number": "9999"}
    assert change_extension(extension, wanted, actor=sam)
    extension.refresh_from_db()
    assert (extension.forward_to, extension.recording, extension.calls_at_once) == ("12403019517", "off", 5)
    assert extension.number == "1006"
    entries = {entry.action: (entry.before, entry.after) for entry in AuditEntry.objects.all()}
    assert entries == {
        "extension.changed": ({"forward_to": "", "calls_at_once": None}, {"forward_to": "12403019517", "calls_at_once": 5}),
        "recording_policy.changed": ({"recording": "domain"}, {"recording": "off"}),
    }
    assert not change_extension(extension, wanted, actor=sam)
    assert AuditEntry.objects.count() == len(entries)


@pytest.mark.parametrize(
    ("number", "error", "says"),
    [
        ("911", DestinationNotAllowedError, "Emergency"), ("+18765550123", DestinationNotAllowedError, "may not be called"),
        ("+19002345678", DestinationNotAllowedError, "of a kind"), ("+442079460018", DestinationNotAllowedError, "country"),
        ("1005", ValidationError, "Not a phone number"), ("+1 703 687 9447", ValidationError, "is a number of ours"), ("${x}", ValidationError, "Not a"),
        ("12403019517,1005", ValidationError, "Not a phone number"),
    ],
)  # fmt: skip
def test_it_is_forwarded_only_to_where_one_may_call(
    sam: User, make_person: Callable[..., User], hold: Callable, number: str, error: type[Exception], says: str
) -> None:
    extension = hold(make_person("anna"), "1006", "17036879447").extension
    with pytest.raises(error, match=says):
        change_extension(extension, {"forward_to": number, "display_name": "Anna"}, actor=sam)
    extension.refresh_from_db()
    assert (extension.forward_to, extension.display_name) == ("", "")
    assert not AuditEntry.objects.exists()


def test_where_it_is_forwarded_to_already_does_not_keep_other_changes_back(
    sam: User, make_person: Callable[..., User], hold: Callable
) -> None:
    extension = hold(make_person("anna"), "1006", "17036879447").extension
    Extension.objects.update(forward_to="442079460018")
    assert change_extension(extension, {"forward_to": "442079460018", "display_name": "Anna"}, actor=sam)
    assert change_extension(extension, {"forward_to": ""}, actor=sam)


# -- limits -------------------------------------------------------------------------------------------------------------------


def test_its_own_word_stands_in_place_of_both_defaults(domain: Domain, settings: Any) -> None:
    settings.CALLS_AT_ONCE, settings.CALL_LINKS_AT_ONCE = 3, 4
    extension = Extension(domain=domain, number="1006")
    assert (allowance_of(extension).at_once, link_allowance_of(extension).at_once) == (3, 4)
    extension.calls_at_once = 7
    assert (allowance_of(extension).at_once, link_allowance_of(extension).at_once) == (7, 7)
    assert link_allowance_of(None).at_once == 4


@pytest.mark.parametrize("limits", [{"calls_at_once": 0}, {"calls_an_hour": 10_001}, {"call_minutes_longest": 1441}])
def test_the_database_knows_no_limit_that_is_none(domain: Domain, limits: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Extension.objects.create(domain=domain, number="1006", **limits)


def test_the_next_holder_gets_none_of_the_limits(sam: User, make_person: Callable[..., User], hold: Callable) -> None:
    held = hold(make_person("anna"), "1006", "17036879447")
    change_extension(held.extension, {"calls_at_once": 50, "call_minutes_a_day": 900}, actor=sam)
    release(held, actor=sam)
    held.extension.refresh_from_db()
    assert (held.extension.calls_at_once, held.extension.call_minutes_a_day) == (None, None)
