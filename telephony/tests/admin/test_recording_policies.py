"""Who changed which talks are recorded is written down; what is no policy is refused."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Domain

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client, make_person: Callable[..., User]) -> User:
    ada = make_person("ada", Role.ADMIN)
    client.force_login(ada, backend="accounts.backends.RoleBackend")
    return ada


@pytest.fixture
def held(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    return hold(make_person("anna"), "1006", "17036879447")


def change(client: Client, thing: str, pk: int, **form: str) -> int:
    return client.post(f"/admin/telephony/{thing}/{pk}/change/", form).status_code


def test_a_domains_policy(client: Client, admin: User, domain: Domain) -> None:
    form = {"name": domain.name, "is_active": "on"}
    assert change(client, "domain", domain.pk, recording="inbound", recording_notice="on", **form) == 302
    domain.refresh_from_db()
    assert (domain.recording, domain.recording_notice) == ("inbound", True)
    entry = AuditEntry.objects.get(action="recording_policy.changed")
    assert (entry.actor, entry.target_label) == (admin, domain.name)
    assert entry.before == {"recording": "all", "recording_notice": False}
    assert entry.after == {"recording": "inbound", "recording_notice": True}
    # The same again is no change.
    assert change(client, "domain", domain.pk, recording="inbound", recording_notice="on", **form) == 302
    assert AuditEntry.objects.filter(action="recording_policy.changed").count() == 1


def test_an_extensions_and_a_numbers(client: Client, admin: User, held: Assignment) -> None:
    assert held.number is not None
    assert change(client, "extension", held.extension_id, recording="off") == 302
    assert change(client, "number", held.number.pk, recording="outbound", provider=str(held.number.provider_id)) == 302
    held.extension.refresh_from_db()
    held.number.refresh_from_db()
    assert (held.extension.recording, held.number.recording) == ("off", "outbound")
    changes = AuditEntry.objects.filter(action="recording_policy.changed").order_by("id").values_list("before", "after")
    assert list(changes) == [
        ({"recording": "domain"}, {"recording": "off"}),
        ({"recording": "domain"}, {"recording": "outbound"}),
    ]


@pytest.mark.parametrize("wrong", ["", "some", "domain"])
def test_what_is_no_policy_of_a_domain(client: Client, admin: User, domain: Domain, wrong: str) -> None:
    assert change(client, "domain", domain.pk, name=domain.name, recording=wrong) == 200
    domain.refresh_from_db()
    assert domain.recording == "all"
    assert not AuditEntry.objects.filter(action="recording_policy.changed").exists()


def test_staff_change_a_domains_too(client: Client, make_person: Callable[..., User], domain: Domain) -> None:
    client.force_login(make_person("sam", Role.STAFF), backend="accounts.backends.RoleBackend")
    assert change(client, "domain", domain.pk, name=domain.name, is_active="on", recording="off") == 302
    domain.refresh_from_db()
    assert domain.recording == "off"
    assert AuditEntry.objects.get(action="recording_policy.changed").actor_label == "sam"


def test_ordinary_people_do_not(client: Client, make_person: Callable[..., User], domain: Domain) -> None:
    client.force_login(make_person("anna"), backend="accounts.backends.RoleBackend")
    assert change(client, "domain", domain.pk, name=domain.name, recording="off") == 302
    domain.refresh_from_db()
    assert domain.recording == "all"
