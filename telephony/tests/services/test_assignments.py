"""Giving and taking back: all or nothing, one holder at a time, a rest between two."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState
from telephony.services.assignments import NotClaimableError, open_assignment, release, set_disabled
from telephony.services.credentials import ha1_of, renew_password
from telephony.services.pool import assign_number

NOW = timezone.now()


@pytest.fixture
def anna(make_person: Callable[..., User]) -> User:
    return make_person("anna")


@pytest.fixture
def extension(domain: Domain) -> Extension:
    return Extension.objects.create(domain=domain, number="1006")


@pytest.fixture
def number(db: None) -> Number:
    return Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme"))


def states(*things: Extension | Number) -> list[str]:
    for thing in things:
        thing.refresh_from_db()
    return [thing.state for thing in things]


def test_an_extension_and_a_number_are_given_and_written_down(
    anna: User, extension: Extension, number: Number, make_person: Callable[..., User]
) -> None:
    sam = make_person("sam")
    assignment = open_assignment(anna, extension, number, actor=sam, at=NOW)
    assert (assignment.user, assignment.starts_at, assignment.ends_at) == (anna, NOW, None)
    assert states(extension, number) == [HoldingState.ASSIGNED] * 2
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target_id) == ("assignment.opened", sam, str(assignment.pk))
    assert entry.after == {"user": "auth0|anna", "extension": "1006@pbx.example.com", "number": "17036879447"}


@pytest.mark.parametrize("state", [HoldingState.ASSIGNED, HoldingState.DISABLED])
def test_what_is_not_free_is_not_given(anna: User, extension: Extension, number: Number, state: str) -> None:
    Number.objects.update(state=state)
    with pytest.raises(NotClaimableError, match=r"\+1 703-687-9447 is not free"):
        open_assignment(anna, extension, number)
    assert states(extension, number) == [HoldingState.FREE, state], "nothing is half given"
    assert not Assignment.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_row_decides_and_not_what_was_read_before(
    anna: User, extension: Extension, make_person: Callable[..., User]
) -> None:
    stale = Extension.objects.get(pk=extension.pk)
    open_assignment(anna, extension)
    assert stale.state == HoldingState.FREE
    with pytest.raises(NotClaimableError, match=r"1006@pbx\.example\.com is not free"):
        open_assignment(make_person("ben"), stale)
    assert Assignment.objects.count() == 1


def test_what_rests_is_given_only_when_it_has_rested(anna: User, extension: Extension) -> None:
    Extension.objects.update(state=HoldingState.COOLING, cooling_until=NOW)
    with pytest.raises(NotClaimableError):
        open_assignment(anna, extension, at=NOW - timedelta(seconds=1))
    open_assignment(anna, extension, at=NOW)
    assert states(extension) == [HoldingState.ASSIGNED]
    assert extension.cooling_until is None


def test_a_person_has_one_number_but_may_have_more_extensions(
    anna: User, extension: Extension, number: Number, domain: Domain
) -> None:
    open_assignment(anna, extension, number)
    other = Extension.objects.create(domain=domain, number="1007")
    spare = Number.objects.create(number="17036879448", provider=number.provider)
    with pytest.raises(NotClaimableError, match="anna has a number already"):
        open_assignment(anna, other, spare)
    assert states(other, spare) == [HoldingState.FREE] * 2
    open_assignment(anna, other)
    assert states(other, spare) == [HoldingState.ASSIGNED, HoldingState.FREE]


def test_the_database_has_the_last_word_where_a_state_is_wrong(
    anna: User, extension: Extension, number: Number, make_person: Callable[..., User]
) -> None:
    open_assignment(anna, extension, number)
    Extension.objects.update(state=HoldingState.FREE)
    Number.objects.update(state=HoldingState.FREE)
    ben = make_person("ben")
    with pytest.raises(NotClaimableError, match=r"1006@pbx\.example\.com is held by somebody"):
        open_assignment(ben, extension)
    other = Extension.objects.create(domain=extension.domain, number="1007")
    with pytest.raises(NotClaimableError, match=r"\+1 703-687-9447 is held by somebody"):
        open_assignment(ben, other, number)
    assert Assignment.objects.count() == 1


def test_a_deactivated_person_gets_nothing(anna: User, extension: Extension) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert anna.is_active, "as it was read before"
    with pytest.raises(NotClaimableError, match="anna is deactivated"):
        open_assignment(anna, extension)
    assert states(extension) == [HoldingState.FREE]


def test_what_is_released_rests_and_is_released_once(anna: User, extension: Extension, number: Number) -> None:
    assignment = open_assignment(anna, extension, number, at=NOW)
    end = NOW + timedelta(hours=1)
    assert release(assignment, actor=anna, at=end)
    assert not release(assignment, at=end + timedelta(days=90))
    assignment.refresh_from_db()
    assert assignment.ends_at == end
    assert states(extension, number) == [HoldingState.COOLING] * 2
    assert extension.cooling_until == number.cooling_until == end + timedelta(days=30)
    entry = AuditEntry.objects.get(action="assignment.released")
    assert (entry.actor, entry.before["number"]) == (anna, "17036879447")


def test_an_extension_forgets_who_held_it(anna: User, extension: Extension, make_person: Callable[..., User]) -> None:
    assignment = open_assignment(anna, extension)
    renew_password(extension, actor=anna)
    Extension.objects.update(forward_to="12403019517", display_name="Anna")
    release(assignment, at=NOW)
    extension.refresh_from_db()
    assert (ha1_of(extension), extension.forward_to, extension.display_name) == (None, "", "")
    open_assignment(make_person("ben"), extension, at=NOW + timedelta(days=31))
    extension.refresh_from_db()
    assert ha1_of(extension) is None, "the former holder's phone proves nothing any more"


def test_an_extension_that_its_holder_keeps_remembers(anna: User, extension: Extension, number: Number) -> None:
    open_assignment(anna, extension)
    renew_password(extension, actor=anna)
    Extension.objects.update(forward_to="12403019517", display_name="Anna")
    extension.refresh_from_db()
    proof = ha1_of(extension)
    assert assign_number(anna)[0].extension == extension
    extension.refresh_from_db()
    assert (ha1_of(extension), extension.forward_to, extension.display_name) == (proof, "12403019517", "Anna")


def test_without_a_rest_it_is_free_at_once(anna: User, extension: Extension, settings: object) -> None:
    settings.NUMBER_COOLDOWN_DAYS = 0  # type: ignore[attr-defined]
    release(open_assignment(anna, extension))
    assert states(extension) == [HoldingState.FREE]
    assert extension.cooling_until is None


def test_a_late_release_leaves_the_next_holder_alone(
    anna: User, extension: Extension, make_person: Callable[..., User]
) -> None:
    former = open_assignment(anna, extension, at=NOW)
    release(former, at=NOW)
    open_assignment(make_person("ben"), extension, at=NOW + timedelta(days=31))
    assert not release(former)
    assert states(extension) == [HoldingState.ASSIGNED]


def test_nothing_ends_before_it_began(anna: User, extension: Extension) -> None:
    assignment = open_assignment(anna, extension, at=NOW)
    release(assignment, at=NOW - timedelta(seconds=2))
    assignment.refresh_from_db()
    assert assignment.ends_at == NOW


def test_only_what_is_free_is_taken_out_of_use(anna: User, extension: Extension) -> None:
    assert set_disabled(extension, disabled=True)
    assert not set_disabled(extension, disabled=True)
    assert set_disabled(extension, disabled=False)
    open_assignment(anna, extension)
    assert not set_disabled(extension, disabled=True)
    assert not set_disabled(extension, disabled=False)
    assert states(extension) == [HoldingState.ASSIGNED]
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["extension.disabled", "extension.enabled", "assignment.opened"]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_gets_it(extension: Extension, make_person: Callable[..., User]) -> None:
    people = [make_person(f"person-{number}") for number in range(12)]

    def ask(person: User) -> bool:
        try:
            open_assignment(person, extension)
        except NotClaimableError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, people)) == [False] * 11 + [True]
    assert Assignment.objects.count() == 1
    assert AuditEntry.objects.count() == 1
