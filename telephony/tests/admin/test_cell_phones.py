"""Registered cell phones in Django's admin."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, CellPhone

pytestmark = pytest.mark.django_db

ADD = "admin:telephony_cellphone_add"


@pytest.fixture
def sam(make_person: Callable[..., User], client: Client) -> User:
    sam = make_person("sam", Role.STAFF)
    client.force_login(sam, backend="accounts.backends.RoleBackend")
    return sam


def test_staff_register_change_and_forget_one(client: Client, sam: User, make_person: Callable[..., User]) -> None:
    anna = make_person("anna")
    response = client.post(reverse(ADD), {"user": anna.pk, "number": "(276) 208-7784"})
    assert response.status_code == 302, response.content.decode()
    phone = CellPhone.objects.get()
    assert (phone.user, phone.number) == (anna, "12762087784")
    client.post(reverse("admin:telephony_cellphone_change", args=[phone.pk]), {"user": sam.pk, "number": "2762087785"})
    phone.refresh_from_db()
    assert (phone.user, phone.number) == (anna, "12762087785"), "whose it is stays"
    client.post(reverse("admin:telephony_cellphone_changelist"), {"action": "forget_selected", "_selected_action": [phone.pk]})
    assert not CellPhone.objects.exists()
    actions = list(AuditEntry.objects.filter(action__startswith="cell_phone").order_by("pk").values_list("action", "actor"))
    assert actions == [("cell_phone.registered", sam.pk)] * 2 + [("cell_phone.forgotten", sam.pk)]


@pytest.mark.parametrize("number", ["", "x", "911", "+18765551234", "17036879447", "2762087784;ext=1", "${x}"])
def test_what_is_no_cell_phone(
    client: Client, sam: User, make_person: Callable[..., User], hold: Callable[..., Assignment], number: str
) -> None:
    anna = make_person("anna")
    hold(anna, "1006", "17036879447")
    response = client.post(reverse(ADD), {"user": anna.pk, "number": number})
    assert response.status_code == 200
    assert not CellPhone.objects.exists()
