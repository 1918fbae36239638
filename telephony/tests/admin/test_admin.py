"""Django's admin: every page opens, calls are read only, no secret shows, staff assign extensions."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, Invitation, Preference, RecoveryCode, Role, SecondFactor, SignIn, User
from telephony.admin.calls import OUTCOMES
from telephony.admin.numbers import AssignmentForm
from telephony.models import (
    Assignment,
    BannedAddress,
    Call,
    CallAlias,
    CallLink,
    CallTally,
    CellPhone,
    Domain,
    Extension,
    ExtensionTally,
    FailedRegistration,
    GatewayChange,
    GatewayStatus,
    Leg,
    LegLink,
    LiveCall,
    LiveChannel,
    Number,
    NumberChange,
    NumberImport,
    PauseMark,
    Provider,
    Quarantine,
    Recording,
    Registration,
    Revocation,
    RevocationErrand,
    RevocationReason,
    StaleTally,
    Switch,
    SwitchListening,
    UnrecordedLeg,
)
from telephony.models.holding import HoldingState
from telephony.switch import causes
from telephony.tests.captures import posts_of

pytestmark = pytest.mark.django_db

CANARY = "canary-5d1f"
HOSTILE = "<script>alert(1)</script>"
READ_ONLY = (
    AuditEntry, BannedAddress, Call, CallAlias, CallLink, FailedRegistration, Leg, Quarantine, Recording, Revocation,
    SwitchListening,
)  # fmt: skip
MODELS = [model for model in admin.site._registry if model._meta.app_label in ("accounts", "telephony")]


@pytest.fixture
def boss(make_person: Callable[..., User]) -> User:
    return make_person("boss", Role.ADMIN, is_superuser=True)


@pytest.fixture
def world(boss: User, hold: Callable, post_cdr: Callable, make_person: Callable) -> None:
    """One of everything, with canaries where secrets are."""
    anna = make_person("anna", password=CANARY)
    User.objects.filter(pk=anna.pk).update(name=HOSTILE)
    assignment = hold(anna, "1006", "17036879447")
    Extension.objects.update(encrypted_ha1=CANARY.encode())
    ApiKey.objects.create(user=anna, name="phone", prefix="12345678", digest=CANARY)
    Invitation.objects.create(email="new@example.com", invited_by=boss)
    AuditEntry.objects.record("test.done", anna, actor=boss)
    for post in posts_of("inbound-hostile-caller-name"):
        post_cdr(post)
    post_cdr(b"rubbish " + CANARY.encode())
    Call.objects.update(caller_name=HOSTILE, caller_number=HOSTILE)
    Extension.objects.update(display_name=HOSTILE)
    SwitchListening.objects.create(switch=Switch.objects.get())
    call = Call.objects.get()
    CallAlias.objects.create(former_id=10**6, former_uuid="old", call=call)
    Recording.objects.create(
        call=call,
        leg_uuid="leg",
        file_name=f"{CANARY}.wav",
        size_bytes=100,
        sha256="0" * 64,
        channels=2,
        sample_rate=8000,
        duration_ms=9,
    )
    CellPhone.objects.create(user=anna, number="12762087784")
    step = {"at": timezone.now().isoformat(), "step": "call", "command": "c", "answer": HOSTILE, "from": HOSTILE, "to": HOSTILE}
    revocation = Revocation.objects.create(extension=assignment.extension, reason=RevocationReason.CLOSED)
    RevocationErrand.objects.create(revocation=revocation, event_socket="127.0.0.1:8021", steps=[step], problem=HOSTILE)
    BannedAddress.objects.create(network="203.0.113.9/32", last_user=HOSTILE, reason=HOSTILE)
    now = timezone.now()
    FailedRegistration.objects.create(
        network="203.0.113.9/32", first_at=now, last_at=now, span_began_at=now, last_user=HOSTILE, last_agent=HOSTILE
    )
    CallLink.objects.create(
        user=anna, extension=assignment.extension, source_number="1006", destination_number="12403019517",
        call_uuid="11111111-2222-4333-8444-555555555551", destination_leg_uuid="11111111-2222-4333-8444-555555555552",
        job_uuid="11111111-2222-4333-8444-555555555553", expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip


def changelist(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def change(obj: Model) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_opens_and_shows_no_secret(model: type[Model], world: None, boss: User, client: Client) -> None:
    client.force_login(boss)
    obj = model._default_manager.first()
    assert obj is not None, "the world has one of everything"
    for path in (changelist(model), f"{changelist(model)}?q=1006", change(obj)):
        response = client.get(path)
        assert response.status_code == 200
        text = response.content.decode()
        assert CANARY not in text
        assert "<script>alert" not in text
        assert "pbkdf2" not in text
        assert "md5$" not in text
        # The content security policy lets none of these run, so a page must not need them.
        assert not re.search(r"<[a-z][^>]*\s(style|on[a-z]+)=|<style|<script(?![^>]*\s(src|type=\"application/json\"))", text)


def test_a_record_is_shown_whole_and_escaped(world: None, boss: User, client: Client) -> None:
    client.force_login(boss)
    pages = [client.get(change(leg)).content.decode() for leg in Leg.objects.all()]
    assert any("&lt;script&gt;alert(1)&lt;/script&gt; Zoë" in page for page in pages)
    assert all("&quot;callflow&quot;" in page for page in pages)


def test_what_was_quarantined_is_described_but_not_shown(world: None, boss: User, client: Client) -> None:
    client.force_login(boss)
    kept = Quarantine.objects.get()
    page = client.get(change(kept)).content.decode()
    assert kept.sha256 in page
    assert "rubbish" not in page


def test_every_model_has_its_pages() -> None:
    ours = {model for app in ("accounts", "telephony") for model in apps.get_app_config(app).get_models()}
    # What became of a revocation at a switch is shown with it, and pauses with their recording. A leg's links are what its
    # record says, taken apart for look-ups; what lives at this moment has the page /live/; a sign-in under way is nobody's to
    # see, a second factor its person's own business, and so are how he likes the console and what he has set about with numbers.
    present = {LiveCall, LiveChannel, Registration, GatewayStatus, GatewayChange, UnrecordedLeg}
    private = {Preference, RecoveryCode, SecondFactor, SignIn, NumberImport, NumberChange}
    # What is counted ahead is what the dashboard shows.
    summed = {CallTally, ExtensionTally, StaleTally}
    assert ours - set(admin.site._registry) == {LegLink, PauseMark, RevocationErrand} | present | private | summed


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_records_are_read_only_even_for_superusers(model: type[Model], world: None, boss: User, client: Client) -> None:
    client.force_login(boss)
    before = list(model._default_manager.values())
    obj = model._default_manager.first()
    assert client.post(change(obj), {"hangup_cause": "X"}).status_code == 403
    assert client.get(f"{changelist(model)}add/").status_code == 403
    assert client.post(f"{change(obj).removesuffix('change/')}delete/", {"post": "yes"}).status_code == 403
    assert list(model._default_manager.values()) == before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_is_deleted_here(model: type[Model], world: None, boss: User, client: Client) -> None:
    client.force_login(boss)
    obj = model._default_manager.first()
    assert client.post(f"{change(obj).removesuffix('change/')}delete/", {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=obj.pk).exists()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_ordinary_people_do_not_get_in(model: type[Model], world: None, client: Client, make_person: Callable) -> None:
    client.force_login(make_person("eve"))
    response = client.get(changelist(model))
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/")


SEEN_BY_STAFF = {
    "User",
    "Assignment",
    "BannedAddress",
    "Call",
    "CallAlias",
    "CallLink",
    "CellPhone",
    "Domain",
    "Extension",
    "FailedRegistration",
    "Gateway",
    "Leg",
    "Number",
    "Provider",
    "Quarantine",
    "Recording",
    "Revocation",
    "Switch",
    "SwitchListening",
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_staff_and_admins_see(model: type[Model], world: None, client: Client, make_person: Callable) -> None:
    client.force_login(make_person("sam", Role.STAFF))
    assert client.get(changelist(model)).status_code == (200 if model.__name__ in SEEN_BY_STAFF else 403)
    client.force_login(make_person("ada", Role.ADMIN))
    assert client.get(changelist(model)).status_code == 200


def test_a_deactivated_member_of_staff_is_out(client: Client, make_person: Callable) -> None:
    sam = make_person("sam", Role.STAFF)
    client.force_login(sam)
    User.objects.filter(pk=sam.pk).update(is_active=False)
    assert client.get("/admin/").status_code == 302


# -- assignments -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(domain: Any, make_person: Callable, client: Client) -> dict[str, Any]:
    client.force_login(make_person("sam", Role.STAFF))
    provider = Provider.objects.create(name="Acme")
    return {
        "user": make_person("anna"),
        "extension": Extension.objects.create(domain=domain, number="1006"),
        "number": Number.objects.create(number="17036879447", provider=provider),
    }


def assign(client: Client, **things: Model) -> Any:
    return client.post("/admin/telephony/assignment/add/", {name: thing.pk for name, thing in things.items()})


def test_staff_assign_and_release_an_extension_and_a_number(pool: dict[str, Any], client: Client) -> None:
    assert assign(client, **pool).status_code == 302
    assignment = Assignment.objects.get()
    assert (assignment.user, assignment.ends_at) == (pool["user"], None)
    assert {Extension.objects.get().state, Number.objects.get().state} == {HoldingState.ASSIGNED}
    opened = AuditEntry.objects.get(action="assignment.opened")
    assert (opened.actor_label, opened.after["number"]) == ("sam", "17036879447")
    client.post("/admin/telephony/assignment/", {"action": "release_selected", "_selected_action": [assignment.pk]})
    assignment.refresh_from_db()
    assert assignment.ends_at is not None
    assert {Extension.objects.get().state, Number.objects.get().state} == {HoldingState.COOLING}


def test_what_somebody_holds_is_not_given_again(pool: dict[str, Any], client: Client, make_person: Callable) -> None:
    assign(client, **pool)
    response = assign(client, user=make_person("ben"), extension=pool["extension"])
    assert response.status_code == 200
    assert "1006@pbx.example.com is not free: somebody holds it." in response.content.decode()
    assert Assignment.objects.count() == 1


def test_a_form_left_half_empty_gives_nothing(pool: dict[str, Any], client: Client) -> None:
    assert assign(client, extension=pool["extension"]).status_code == 200
    assert client.post("/admin/telephony/assignment/add/", {"user": "0", "extension": "999999"}).status_code == 200
    assert not Assignment.objects.exists()
    assert Extension.objects.get().state == HoldingState.FREE


NO_ID = ["x", "1'--", "9" * 40, "1.5", "\0"]


@pytest.mark.parametrize("value", NO_ID)
@pytest.mark.parametrize("name", ["user", "extension", "number"])
def test_a_hand_made_form_that_chooses_nothing(pool: dict[str, Any], client: Client, name: str, value: str) -> None:
    form = {each: thing.pk for each, thing in pool.items()} | {name: value}
    response = client.post("/admin/telephony/assignment/add/", form)
    assert response.status_code == 200
    assert 'class="errorlist" id="id_' + name in response.content.decode(), "at the field"
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("value", NO_ID)
def test_hand_made_forms_of_numbers_extensions_and_actions(pool: dict[str, Any], client: Client, value: str) -> None:
    assign(client, **pool)
    assert client.post("/admin/telephony/number/add/", {"number": "2403019517", "provider": value}).status_code == 200
    assert client.post("/admin/telephony/extension/add/", {"number": "1009", "domain": value}).status_code == 200
    selected = {"action": "release_selected", "_selected_action": [Assignment.objects.get().pk, value]}
    assert client.post("/admin/telephony/assignment/", selected).status_code == 400
    assert (Number.objects.count(), Extension.objects.count(), Assignment.objects.open().count()) == (1, 1, 1)


def test_a_second_number_leaves_nothing_half_given(pool: dict[str, Any], client: Client, domain: Any) -> None:
    assign(client, **pool)
    other = Extension.objects.create(domain=domain, number="1007")
    spare = Number.objects.create(number="17036879448", provider=pool["number"].provider)
    response = assign(client, user=pool["user"], extension=other, number=spare)
    assert "has a number already" in response.content.decode()
    for thing in (other, spare):
        thing.refresh_from_db()
        assert thing.state == HoldingState.FREE


def test_a_deactivated_person_gets_nothing(pool: dict[str, Any], client: Client) -> None:
    User.objects.filter(pk=pool["user"].pk).update(is_active=False)
    assert "is deactivated" in assign(client, **pool).content.decode()
    assert Extension.objects.get().state == HoldingState.FREE


def test_out_of_use_and_back(pool: dict[str, Any], client: Client) -> None:
    for action, state in (("disable_selected", HoldingState.DISABLED), ("enable_selected", HoldingState.FREE)):
        client.post("/admin/telephony/number/", {"action": action, "_selected_action": [pool["number"].pk]})
        assert Number.objects.get().state == state
    assign(client, **pool)
    client.post("/admin/telephony/number/", {"action": "disable_selected", "_selected_action": [pool["number"].pk]})
    assert Number.objects.get().state == HoldingState.ASSIGNED


def test_numbers_and_extensions_are_made_in_any_notation(pool: dict[str, Any], client: Client, domain: Any) -> None:
    client.post(
        "/admin/telephony/number/add/",
        {"number": "(240) 301-9517", "provider": pool["number"].provider.pk, "recording": "domain"},
    )
    assert Number.objects.get(number="12403019517").country == "US"
    for bad in ("12", "hello", "17036879447;ext=5", "٠١٢٣٤٥٦٧٨٩"):
        assert (
            client.post("/admin/telephony/number/add/", {"number": bad, "provider": pool["number"].provider.pk}).status_code
            == 200
        )
    assert client.post("/admin/telephony/extension/add/", {"domain": domain.pk, "number": "0$1"}).status_code == 200
    assert Number.objects.count() == 2
    assert Extension.objects.count() == 1


def test_a_name_stays_once_calls_may_be_bound_to_it(pool: dict[str, Any], client: Client) -> None:
    extension, number = pool["extension"], pool["number"]
    client.post(
        change(extension), {"number": "1999", "domain": "0", "display_name": "Desk", "state": "assigned", "recording": "off"}
    )
    client.post(
        change(number), {"number": "12403019517", "provider": number.provider.pk, "state": "disabled", "recording": "off"}
    )
    extension.refresh_from_db()
    number.refresh_from_db()
    assert (extension.number, extension.display_name, extension.state) == ("1006", "Desk", HoldingState.FREE)
    assert (number.number, number.state) == ("17036879447", HoldingState.FREE)


def test_a_domain_with_extensions_keeps_its_name(pool: dict[str, Any], domain: Domain, boss: User, client: Client) -> None:
    client.force_login(boss)
    client.post(change(domain), {"name": "other.example.com", "is_active": "on", "recording": "all"})
    domain.refresh_from_db()
    assert domain.name == "pbx.example.com"
    empty = Domain.objects.create(name="empty.example.com")
    client.post(change(empty), {"name": "filled.example.com", "is_active": "on", "recording": "all"})
    empty.refresh_from_db()
    assert empty.name == "filled.example.com"


def test_only_what_is_free_is_offered(
    pool: dict[str, Any], client: Client, domain: Domain, django_assert_num_queries: Any
) -> None:
    Extension.objects.create(domain=domain, number="1005", state=HoldingState.DISABLED)
    asked = {"app_label": "telephony", "model_name": "assignment", "field_name": "extension", "term": "100"}
    client.get("/admin/autocomplete/", asked)
    for exten in ("1007", "1008", "1009"):
        with django_assert_num_queries(6):
            offered = client.get("/admin/autocomplete/", asked).json()["results"]
        Extension.objects.create(domain=domain, number=exten)
    assert [choice["text"] for choice in offered] == [f"{exten}@pbx.example.com" for exten in (1006, 1007, 1008)]
    assert "1005" in client.get("/admin/telephony/extension/?q=100").content.decode()


def test_an_assignment_is_fixed_once_it_exists(pool: dict[str, Any], client: Client, make_person: Callable) -> None:
    assign(client, **pool)
    assignment = Assignment.objects.get()
    ben = make_person("ben")
    assert client.post(change(assignment), {"user": ben.pk, "extension": assignment.extension_id}).status_code == 403
    assignment.refresh_from_db()
    assert assignment.user == pool["user"]


def test_whoever_is_slower_than_another_gets_no_error_page_of_ours(
    pool: dict[str, Any], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both forms were fine; the other's was saved in between.
    monkeypatch.setattr(AssignmentForm, "clean", lambda form: form.cleaned_data)
    Extension.objects.update(state=HoldingState.ASSIGNED)
    assert assign(client, **pool).status_code == 403
    assert not Assignment.objects.exists()
    assert Number.objects.get().state == HoldingState.FREE


# -- long lists ------------------------------------------------------------------------------------------------------------


def test_as_many_queries_for_one_call_as_for_twenty(
    boss: User, client: Client, post_cdr: Callable, hold: Callable, django_assert_num_queries: Any
) -> None:
    hold(boss, "1006")
    client.force_login(boss)
    for post in posts_of("local-answered"):
        post_cdr(post)
    client.get("/admin/telephony/call/")
    with django_assert_num_queries(5) as captured:
        client.get("/admin/telephony/call/")
    asked = [query["sql"] for query in captured if "telephony_call" in query["sql"]]
    assert len(asked) == 2, "the count and the page; the filters ask for nothing"
    assert not [sql for sql in asked if "DISTINCT" in sql or ("COUNT(" in sql and "LIMIT 10000" not in sql)]
    call = Call.objects.get()
    for number in range(19):
        call.pk, call.call_uuid = None, f"clone-{number}"
        call.save(force_insert=True)
    with django_assert_num_queries(5):
        assert client.get("/admin/telephony/call/").content.decode().count("field-started_at") == 20


def test_calls_are_narrowed_down_by_what_they_came_to(boss: User, client: Client, post_cdr: Callable) -> None:
    client.force_login(boss)
    for post in posts_of("local-answered"):
        post_cdr(post)
    for outcome, shown in (("answered", 1), ("busy", 0), ("nonsense", 1)):
        page = client.get("/admin/telephony/call/", {"outcome": outcome}).content.decode()
        assert page.count("field-started_at") == shown


def test_every_outcome_can_be_chosen() -> None:
    assert {outcome.slug for outcome in (causes.TALKED, *causes._UNANSWERED.values())} == set(OUTCOMES)


@pytest.mark.django_db(transaction=True)
def test_who_is_deactivated_has_no_phone_any_more(client: Client, boss: User, make_person: Callable, hold: Callable) -> None:
    client.force_login(boss)
    anna = make_person("anna")
    hold(anna, "1006")
    form = {"username": "anna", "name": "anna", "email": "", "role": Role.USER, "is_active": "on"}
    assert client.post(change(anna), form).status_code == 302
    assert not Revocation.objects.exists()
    assert client.post(change(anna), {name: value for name, value in form.items() if name != "is_active"}).status_code == 302
    revocation = Revocation.objects.get()
    assert (revocation.extension.number, revocation.reason) == ("1006", RevocationReason.HOLDER_DEACTIVATED)
    assert revocation.requested_by == boss
    # To be brought back takes nothing away.
    assert client.post(change(anna), form).status_code == 302
    assert Revocation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_a_domain_out_of_use_no_phone_stays(client: Client, boss: User, make_person: Callable, hold: Callable) -> None:
    client.force_login(boss)
    extension = hold(make_person("anna"), "1006").extension
    Extension.objects.create(domain=extension.domain, number="1999")
    assert client.post(change(extension.domain), {"is_active": "on", "recording": "all"}).status_code == 302
    assert not Revocation.objects.exists()
    assert client.post(change(extension.domain), {"recording": "all"}).status_code == 302
    assert [each.extension.number for each in Revocation.objects.all()] == ["1006"]
    assert Revocation.objects.get().reason == RevocationReason.DOMAIN_DEACTIVATED


def test_a_closed_extension_that_is_brought_back_is_its_holders(
    client: Client, boss: User, make_person: Callable, hold: Callable
) -> None:
    client.force_login(boss)
    extension = hold(make_person("anna"), "1006").extension
    Extension.objects.filter(pk=extension.pk).update(state=HoldingState.DISABLED)
    client.post(changelist(Extension), {"action": "enable_selected", "_selected_action": [extension.pk]})
    extension.refresh_from_db()
    assert extension.state == HoldingState.ASSIGNED
