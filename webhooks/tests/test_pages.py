"""The pages of webhooks: made, shown once, changed, disabled, deleted; the log and its banner; and whose they are."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role
from webhooks import services
from webhooks.delivering import send_due
from webhooks.models import Delivery, Event, Subscription
from webhooks.outbox import tell
from webhooks.tests.receiver import Receiver

pytestmark = pytest.mark.django_db

URL = "https://hooks.example.com/calls?token=canary"
FORM = {"form_id": "a" * 22, "url": URL, "reach": "everything", "description": ""}


@pytest.fixture
def site(make_person: Callable) -> SimpleNamespace:
    people = {"anna": make_person("anna"), "ben": make_person("ben"), "sam": make_person("sam", Role.STAFF)}
    clients = {name: Client() for name in people}
    for name, person in people.items():
        clients[name].force_login(person, backend="accounts.backends.RoleBackend")
    return SimpleNamespace(people=people, **clients)


def text(response: HttpResponse) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def made(site: SimpleNamespace, who: str = "anna", **fields: object) -> Subscription:
    return services.create(site.people[who], **({"url": URL} | fields))[0]


def test_one_is_made_and_its_secret_shown_on_this_answer_alone(site: SimpleNamespace) -> None:
    answer = site.anna.post("/webhooks/new", FORM | {"reach": "named", "events": ["call.started"], "description": "CRM"})
    subscription = Subscription.objects.get()
    secret = subscription.secrets()[0]
    assert secret in text(answer)
    assert "no-store" in answer["Cache-Control"]
    assert subscription.events == ["call.started"]
    for path in ("/webhooks/", f"/webhooks/{subscription.pk}/", f"/webhooks/{subscription.pk}/edit"):
        assert secret not in text(site.anna.get(path))
    again = site.anna.post("/webhooks/new", FORM)
    assert (again.status_code, again["Location"]) == (302, "/webhooks/")
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": "http://hooks.example.com/"}, "Only https is spoken here."),
        ({"url": "https://10.0.0.1/"}, "not one that webhooks may reach"),
        ({"url": ""}, "This field is required."),
        ({"reach": "named"}, "Tick what it is to be told of"),
        ({"reach": "named", "events": ["x"]}, "Select a valid choice"),
        ({"description": "a" * 201}, "at most 200 characters"),
        ({"form_id": "x"}, "This form was damaged"),
    ],
)
def test_what_is_wrong_is_said_at_the_form(site: SimpleNamespace, wrong: dict[str, object], sentence: str) -> None:
    assert sentence in text(site.anna.post("/webhooks/new", FORM | wrong))
    assert not Subscription.objects.exists()


def test_of_everybodys_is_for_staff_alone(site: SimpleNamespace) -> None:
    assert 'name="scope"' not in text(site.anna.get("/webhooks/new"))
    site.anna.post("/webhooks/new", FORM | {"scope": "all"})
    assert Subscription.objects.get().scope == "own"
    assert 'name="scope"' in text(site.sam.get("/webhooks/new"))
    site.sam.post("/webhooks/new", FORM | {"scope": "all"})
    assert Subscription.objects.get(user=site.people["sam"]).scope == "all"


def test_the_eleventh_is_refused(site: SimpleNamespace) -> None:
    for _ in range(10):
        made(site)
    assert "You have 10 webhooks" in text(site.anna.post("/webhooks/new", FORM))


def test_it_is_changed_rotated_disabled_enabled_and_deleted(site: SimpleNamespace) -> None:
    webhook = made(site)
    address = f"/webhooks/{webhook.pk}"
    assert site.anna.post(f"{address}/edit", FORM | {"url": "https://b.example.com/"})["Location"] == f"{address}/"
    webhook.refresh_from_db()
    assert webhook.url == "https://b.example.com/"
    assert "24 hours" in text(site.anna.get(f"{address}/secret"))
    assert "whsec_" in text(site.anna.post(f"{address}/secret"))
    site.anna.post(f"{address}/disable")
    assert "Enable" in text(site.anna.get(f"{address}/"))
    site.anna.post(f"{address}/test")
    assert not Delivery.objects.exists()
    site.anna.post(f"{address}/enable")
    assert "Delete this webhook?" in text(site.anna.get(f"{address}/delete"))
    assert Subscription.objects.exists()
    site.anna.post(f"{address}/delete")
    assert not Subscription.objects.exists()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions >= {"webhook.created", "webhook.changed", "webhook.secret_rotated", "webhook.deleted"}
    assert "canary" not in str(list(AuditEntry.objects.values()))


def test_what_a_receiver_says_is_text(site: SimpleNamespace, receiver: Receiver) -> None:
    receiver.answers, receiver.body = [500], b"<script>alert(1)</script>"
    webhook = made(site, url=receiver.url, description="<b>CRM</b>")
    answer = site.anna.post(f"/webhooks/{webhook.pk}/test")
    delivery = Delivery.objects.get()
    assert answer["Location"] == f"/webhooks/{webhook.pk}/deliveries/{delivery.pk}/"
    assert "hx-get" in text(site.anna.get(answer["Location"]))
    send_due(subscription=webhook.pk)
    page = text(site.anna.get(answer["Location"]))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "It answered 500." in page
    assert "<b>CRM" not in text(site.anna.get("/webhooks/"))
    Delivery.objects.update(state="given_up", finished_at=timezone.now())
    assert "hx-get" not in text(site.anna.get(f"{answer['Location']}state"))
    site.anna.post(f"{answer['Location']}redeliver")
    assert Delivery.objects.get().state == "waiting"


def test_the_log_says_what_was_sent_and_asks_again(site: SimpleNamespace) -> None:
    webhook = made(site)
    empty = text(site.anna.get(f"/webhooks/{webhook.pk}/log"))
    assert "Nothing was sent yet" in empty
    assert f'hx-get="/webhooks/{webhook.pk}/log"' in empty
    tell(Event.objects.create(type="call.started", at=timezone.now()), webhook, {"a": "</pre><script>"})
    assert "call.started" in text(site.anna.get(f"/webhooks/{webhook.pk}/log?state=waiting"))
    assert "Nothing matches" in text(site.anna.get(f"/webhooks/{webhook.pk}/log?state=delivered"))
    page = text(site.anna.get(f"/webhooks/{webhook.pk}/deliveries/{Delivery.objects.get().pk}/"))
    assert "</pre><script>" not in page


def test_one_that_was_disabled_has_a_banner(site: SimpleNamespace) -> None:
    webhook = made(site)
    Subscription.objects.update(is_active=False, disabled_reason="failing", disabled_at=timezone.now())
    for path in ("/webhooks/", f"/webhooks/{webhook.pk}/"):
        assert "it failed for five days" in text(site.anna.get(path))
    assert "it failed for five days" not in text(site.ben.get("/webhooks/"))


def test_anothers_is_not_there(site: SimpleNamespace) -> None:
    webhook = made(site)
    delivery = services.send_test(webhook, actor=site.people["anna"])
    address = f"/webhooks/{webhook.pk}"
    for path in ("/", "/edit", "/secret", "/delete", "/log", f"/deliveries/{delivery.pk}/", f"/deliveries/{delivery.pk}/state"):
        assert site.ben.get(address + path).status_code == 404, path
    for path in ("/edit", "/secret", "/delete", "/enable", "/disable", "/test", f"/deliveries/{delivery.pk}/redeliver"):
        assert site.ben.post(address + path, FORM).status_code == 404, path
    for path in ("/edit", "/secret", "/test", f"/deliveries/{delivery.pk}/redeliver"):
        assert site.sam.post(address + path, FORM).status_code == 404, path
    assert "hooks.example.com" not in text(site.sam.get("/webhooks/"))
    assert "hooks.example.com" in text(site.sam.get("/webhooks/?of=everybody"))
    assert "anna" in text(site.sam.get(f"{address}/"))
    assert "hooks.example.com" not in text(site.ben.get("/webhooks/?of=everybody"))
    assert Client().get(f"{address}/").status_code == 302
    assert site.anna.get(f"{address}/test").status_code == 405


def test_an_empty_list_says_what_a_webhook_is_for(site: SimpleNamespace) -> None:
    assert "You have no webhooks yet" in text(site.anna.get("/webhooks/"))
    assert "Nobody has a webhook yet" in text(site.sam.get("/webhooks/?of=everybody"))


def test_lists_cost_the_same_for_one_and_for_many(site: SimpleNamespace) -> None:
    def costs(path: str) -> int:
        with CaptureQueriesContext(connection) as counted:
            text(site.sam.get(path))
        return len(counted)

    webhook = made(site)
    paths = ("/webhooks/?of=everybody", f"/webhooks/{webhook.pk}/log")
    services.send_test(webhook, actor=site.people["anna"])
    few = [costs(path) for path in paths]
    for number in range(9):
        made(site, ("anna", "ben")[number % 2])
        services.send_test(webhook, actor=site.people["anna"])
    assert [costs(path) for path in paths] == few
