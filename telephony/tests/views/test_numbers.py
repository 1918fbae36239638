"""The numbers' pages: staff see who holds what, change it, give it away and take it back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from accounts.people_search import MOST_FOUND
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
FREE, HELD, COOLING, DISABLED = "12762087784", "17036879447", "442079460018", "493012345678"


@pytest.fixture
def sam(make_person: Callable[..., User], client: Client) -> User:
    person = make_person("sam", Role.STAFF)
    client.force_login(person)
    return person


@pytest.fixture
def anna(make_person: Callable[..., User]) -> User:
    return make_person("anna", email="anna@mediamagic.example")


@pytest.fixture
def pool(anna: User, hold: Callable[..., Assignment]) -> dict[str, Number]:
    """One number of each state, anna's among them."""
    hold(anna, "1006", HELD)
    acme, other = (Provider.objects.get_or_create(name=name)[0] for name in ("Acme Carrier", "Other Carrier"))
    Number.objects.filter(number=HELD).update(country="US")
    Number.objects.create(number=FREE, provider=acme, country="US")
    tomorrow = timezone.now() + timedelta(days=1)
    Number.objects.create(number=COOLING, provider=other, country="GB", state=HoldingState.COOLING, cooling_until=tomorrow)
    Number.objects.create(number=DISABLED, provider=other, country="", state=HoldingState.DISABLED)
    return {number.number: number for number in Number.objects.all()}


def page(client: Client, path: str = "/numbers/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_says_who_holds_what_and_how_many_there_are(client: Client, sam: User, pool: dict[str, Number]) -> None:
    text = page(client)
    for said in (
        "+1 703-687-9447",
        "anna",
        "1006",
        "Acme Carrier",
        "Cooling down until",
        "Disabled",
        "<strong>4</strong> in all",
    ):
        assert said in text
    assert f'href="/numbers/{pool[HELD].pk}/"' in text
    assert text.count("<strong>1</strong>") == 4, "one of each state"


def test_without_numbers_it_says_so(client: Client, sam: User) -> None:
    assert "There are no numbers yet" in page(client)
    assert "Nothing matches" in page(client, "/numbers/?q=nobody")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {FREE, HELD, COOLING, DISABLED}), ("q=687", {HELD}), ("q=(703) 687", {HELD}), ("q=%2B44 20", {COOLING}), ("q=anna", {HELD}),
        ("q=mediamagic.example", {HELD}), ("q=auth0|anna", {HELD}), ("q=nobody", set()), ("q=12", set()), ("state=free", {FREE}),
        ("state=cooling", {COOLING}), ("state=disabled", {DISABLED}), ("state=nonsense", set()), ("country=US", {FREE, HELD}),
        ("country=gb", {COOLING}), ("country=none", {DISABLED}), ("country=USA", set()), ("provider=Other Carrier", {COOLING, DISABLED}),
        ("provider=acme carrier&state=free", {FREE}), ("provider=x", set()), ("q=%00", set()), ("q=$%7Bx%7D", set()),
        ("cursor=x", {FREE, HELD, COOLING, DISABLED}), ("unknown=1", {FREE, HELD, COOLING, DISABLED}),
    ],
)  # fmt: skip
def test_it_is_narrowed_down(client: Client, sam: User, pool: dict[str, Number], query: str, found: set[str]) -> None:
    text = page(client, f"/numbers/?{query}")
    assert {digits for digits, number in pool.items() if f'href="/numbers/{number.pk}/"' in text} == found


def test_too_few_digits_are_said_to_be_too_few(client: Client, sam: User, pool: dict[str, Number]) -> None:
    assert "at least three digits" in page(client, "/numbers/?q=12")


def test_the_list_costs_the_same_for_one_and_for_many(client: Client, sam: User, make_person: Callable, hold: Callable) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    hold(make_person("p0"), "2000", "17036879400")
    one = queries()
    for place in range(1, 20):
        hold(make_person(f"p{place}"), str(2000 + place), f"170368794{place:02}")
    assert queries() == one


def test_pages_lead_on_and_back(client: Client, sam: User) -> None:
    provider = Provider.objects.create(name="Acme")
    Number.objects.bulk_create(Number(number=f"1703687{place:04}", provider=provider) for place in range(60))
    first = client.get("/numbers/?provider=Acme").context
    following = client.get(f"/numbers/?provider=Acme&cursor={first['page'].next_cursor}").context["page"]
    assert [number.number for number in following.items] == [f"1703687{place:04}" for place in range(50, 60)]
    assert following.prev_cursor
    assert following.next_cursor is None


def test_names_are_text(client: Client, sam: User, anna: User, pool: dict[str, Number]) -> None:
    User.objects.filter(pk=anna.pk).update(name=HOSTILE)
    Provider.objects.update(name=HOSTILE[:90]) if Provider.objects.count() == 1 else Provider.objects.filter(
        name="Acme Carrier"
    ).update(name=HOSTILE)
    number = pool[HELD].pk
    for path in ("", f"{number}/", f"{number}/release", f"{number}/edit", "../people/search?person_q=alert", "add", "import"):
        text = page(client, f"/numbers/{path}".replace("/numbers/..", ""))
        assert "alert(1)" in text
        assert "<script>alert" not in text


# -- one number ------------------------------------------------------------------------------------------------------------


def test_its_page_shows_its_past(
    client: Client, sam: User, pool: dict[str, Number], make_person: Callable, hold: Callable
) -> None:
    long_ago = timezone.now() - timedelta(days=900)
    hold(make_person("ben"), "1005", HELD, starts_at=long_ago, ends_at=long_ago + timedelta(days=1))
    Number.objects.filter(number=HELD).update(state=HoldingState.ASSIGNED)
    text = page(client, f"/numbers/{pool[HELD].pk}/")
    for said in ("anna", "ben", "1005@pbx.example.com", f"/?didnumber={HELD}", "As the domain says", "Acme Carrier"):
        assert said in text
    assert "Nobody has held it yet" in page(client, f"/numbers/{pool[FREE].pk}/")
    assert client.get("/numbers/999999/").status_code == 404


def test_its_page_costs_the_same_for_one_holder_and_for_many(
    client: Client, sam: User, pool: dict[str, Number], make_person: Callable, hold: Callable
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, f"/numbers/{pool[HELD].pk}/")
        return len(captured)

    one = queries()
    long_ago = timezone.now() - timedelta(days=900)
    for place in range(9):
        hold(make_person(f"p{place}"), str(2000 + place), HELD, starts_at=long_ago, ends_at=long_ago + timedelta(days=1))
    Number.objects.filter(number=HELD).update(state=HoldingState.ASSIGNED)
    assert queries() == one


def test_what_is_said_of_it_is_changed_and_written_down(client: Client, sam: User, pool: dict[str, Number]) -> None:
    path = f"/numbers/{pool[HELD].pk}/"
    new = {"provider": "New Carrier", "country": "us", "recording": "inbound", "recording_notice": "on"}
    text = client.post(f"{path}edit", new, follow=True).content.decode()
    assert "is changed" in text
    assert "Calls that come in" in text
    assert "number.changed" in text
    number = Number.objects.select_related("provider").get(number=HELD)
    assert (number.provider.name, number.recording, number.recording_notice) == ("New Carrier", "inbound", True)
    entry = AuditEntry.objects.get(action="number.changed")
    assert entry.before == {"provider": "Acme Carrier"}
    policy = AuditEntry.objects.get(action="recording_policy.changed")
    assert (policy.before, policy.after) == (
        {"recording": "domain", "recording_notice": False}, {"recording": "inbound", "recording_notice": True},
    )  # fmt: skip
    assert entry.actor == sam
    assert "Nothing was changed" in client.post(f"{path}edit", new, follow=True).content.decode()
    assert AuditEntry.objects.filter(action="number.changed").count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"country": "GB"}, "is no number of GB"), ({"country": "U1"}, "two letters"), ({"provider": ""}, "required"),
        ({"provider": "x" * 101}, "at most 100"), ({"provider": "a\u0007b"}, "printable"), ({"recording": "always"}, "valid choice"),
    ],
)  # fmt: skip
def test_what_is_wrong_changes_nothing(
    client: Client, sam: User, pool: dict[str, Number], wrong: dict[str, str], said: str
) -> None:
    good = {"provider": "New Carrier", "country": "US", "recording": "off"}
    response = client.post(f"/numbers/{pool[HELD].pk}/edit", good | wrong)
    assert said in response.content.decode()
    number = Number.objects.select_related("provider").get(number=HELD)
    assert (number.provider.name, number.recording) == ("Acme Carrier", "domain")
    assert not Provider.objects.filter(name="New Carrier").exists()


def test_a_number_is_added(client: Client, sam: User, pool: dict[str, Number]) -> None:
    text = client.post("/numbers/add", {"number": "(240) 301-9517", "provider": "Acme Carrier"}, follow=True).content.decode()
    assert "+1 240-301-9517 is in the pool" in text
    assert Number.objects.get(number="12403019517").country == "US"
    assert AuditEntry.objects.get(action="number.added").actor == sam
    again = client.post("/numbers/add", {"number": "+12403019517", "provider": "Other Carrier"}).content.decode()
    assert "in the pool already, of Acme Carrier" in again
    assert "not a phone number" in client.post("/numbers/add", {"number": "12", "provider": "Acme Carrier"}).content.decode()
    wrong = client.post("/numbers/add", {"number": "+442079460018", "provider": "Acme Carrier", "country": "DE"})
    assert "of GB, not of DE" in wrong.content.decode()


# -- giving it to somebody -------------------------------------------------------------------------------------------------


def test_people_are_found_by_whatever_is_known(client: Client, sam: User, anna: User, pool: dict[str, Number]) -> None:
    assert 'hx-get="/people/search"' in page(client, f"/numbers/{pool[FREE].pk}/assign")
    for q in ("ann", "ANNA@media", "auth0|anna"):
        text = page(client, f"/people/search?person_q={q}")
        assert f'value="{anna.pk}"' in text
        assert f"has {pool[HELD]}" in text
    for q, said in (("a", ""), ("zz", "Nobody is found"), ("", "")):
        assert page(client, f"/people/search?person_q={q}").strip() == (f'<p class="hint">{said}.</p>' if said else "")
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert "Nobody is found" in page(client, "/people/search?person_q=anna")


def test_of_many_people_the_first_are_shown(client: Client, sam: User, pool: dict[str, Number]) -> None:
    User.objects.bulk_create(User(username=f"person{place}", name=f"Person {place:04}") for place in range(3000))
    with CaptureQueriesContext(connection) as captured:
        text = page(client, "/people/search?person_q=person")
    assert text.count('name="person"') == MOST_FOUND
    assert "There are more" in text
    assert len(captured) < 12


def test_without_a_script_a_name_is_enough(client: Client, sam: User, pool: dict[str, Number], make_person: Callable) -> None:
    ben = make_person("ben")
    client.post(f"/numbers/{pool[FREE].pk}/assign", {"person_q": "ben", "which": "own"})
    assert Assignment.objects.open().get(user=ben).number == pool[FREE]


def test_it_is_given_with_the_next_free_extension(
    client: Client, sam: User, pool: dict[str, Number], make_person: Callable
) -> None:
    ben = make_person("ben")
    path = f"/numbers/{pool[FREE].pk}"
    text = client.post(f"{path}/assign", {"person": ben.pk, "which": "own"}, follow=True).content.decode()
    assert "with the extension 1000" in text
    held = Assignment.objects.open().get(user=ben)
    assert (held.number, held.extension.number) == (pool[FREE], "1000")
    assert AuditEntry.objects.get(action="assignment.opened").actor == sam


def test_whoever_has_an_extension_keeps_it(
    client: Client, sam: User, pool: dict[str, Number], make_person: Callable, hold: Callable
) -> None:
    ben = make_person("ben")
    before = hold(ben, "1005")
    client.post(f"/numbers/{pool[FREE].pk}/assign", {"person": ben.pk, "which": "own"})
    held = Assignment.objects.open().get(user=ben)
    assert (held.number, held.extension) == (pool[FREE], before.extension)
    before.refresh_from_db()
    assert before.ends_at == held.starts_at


def test_it_is_given_with_a_chosen_extension(
    client: Client, sam: User, pool: dict[str, Number], domain: Domain, make_person: Callable
) -> None:
    ben, chosen = make_person("ben"), Extension.objects.create(domain=domain, number="1099")
    form = {"person": ben.pk, "which": "chosen", "extension": "1099@pbx.example.com"}
    client.post(f"/numbers/{pool[FREE].pk}/assign", form)
    assert Assignment.objects.open().get(user=ben).extension == chosen


@pytest.mark.parametrize(
    ("digits", "form", "said"),
    [
        (FREE, {"person": "anna"}, "anna has a number already"), (HELD, {"person": "ben"}, "is held by anna"),
        (COOLING, {"person": "ben"}, "rests until"), (DISABLED, {"person": "ben"}, "is disabled"), (FREE, {}, "Say who."),
        (FREE, {"person": "999999"}, "not there any more"), (FREE, {"person": "x"}, "not there any more"),
        (FREE, {"person": "gone"}, "or deactivated"),
        (FREE, {"person": "ben", "which": "chosen", "extension": "1006"}, "1006@pbx.example.com is not free"),
        (FREE, {"person": "ben", "which": "chosen", "extension": "1234"}, "There is no such extension"),
        (FREE, {"person": "ben", "which": "chosen", "extension": "${x}"}, "Enter a valid value"),
        (FREE, {"person": "ben", "which": "chosen"}, "There is no such extension"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_said(
    client: Client, sam: User, pool: dict[str, Number], make_person: Callable, digits: str, form: dict[str, str], said: str
) -> None:
    make_person("ben")
    make_person("gone", is_active=False)
    ids = {user.username: str(user.pk) for user in User.objects.all()}
    before = list(Assignment.objects.values()), Extension.objects.count()
    sent = {"which": "own"} | form | ({"person": ids.get(form["person"], form["person"])} if "person" in form else {})
    response = client.post(f"/numbers/{pool[digits].pk}/assign", sent)
    assert response.status_code == 200
    assert said in response.content.decode()
    assert (list(Assignment.objects.values()), Extension.objects.count()) == before


# -- taking it back, and out of use ----------------------------------------------------------------------------------------


def test_it_is_taken_back(client: Client, sam: User, pool: dict[str, Number]) -> None:
    path = f"/numbers/{pool[HELD].pk}"
    assert "anna, 1006@pbx.example.com" in page(client, f"{path}/release")
    assert Assignment.objects.open().exists(), "asking takes nothing"
    assert "is taken back" in client.post(f"{path}/release", follow=True).content.decode()
    assert not Assignment.objects.open().exists()
    assert "Nobody holds" in client.post(f"{path}/release", follow=True).content.decode()
    assert AuditEntry.objects.get(action="assignment.released").actor == sam


def test_it_is_taken_out_of_use_and_brought_back(client: Client, sam: User, pool: dict[str, Number]) -> None:
    path = f"/numbers/{pool[FREE].pk}"
    assert "Nobody holds it" in page(client, f"{path}/disable")
    assert "is disabled." in client.post(f"{path}/disable", follow=True).content.decode()
    assert "was disabled before" in client.post(f"{path}/disable", follow=True).content.decode()
    assert "is in use again" in client.post(f"{path}/enable", follow=True).content.decode()
    assert "was not disabled" in client.post(f"{path}/enable", follow=True).content.decode()
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == ["number.disabled", "number.enabled"]


@pytest.mark.parametrize(("digits", "said"), [(HELD, "is held by anna"), (COOLING, "rests until")])
def test_what_is_not_free_stays_in_use(client: Client, sam: User, pool: dict[str, Number], digits: str, said: str) -> None:
    state = pool[digits].state
    assert said in client.post(f"/numbers/{pool[digits].pk}/disable", follow=True).content.decode()
    assert Number.objects.get(number=digits).state == state


def test_what_has_rested_is_as_good_as_free(client: Client, sam: User, pool: dict[str, Number]) -> None:
    Number.objects.filter(number=COOLING).update(cooling_until=timezone.now() - timedelta(seconds=1))
    path = f"/numbers/{pool[COOLING].pk}"
    assert "Free again" in page(client, f"{path}/")
    assert "is disabled." in client.post(f"{path}/disable", follow=True).content.decode()


# -- as a file -------------------------------------------------------------------------------------------------------------


def test_the_filter_is_exported_without_formulas(client: Client, sam: User, anna: User, pool: dict[str, Number]) -> None:
    User.objects.filter(pk=anna.pk).update(name='=HYPERLINK("x")')
    text = b"".join(client.get("/numbers/export.csv?state=assigned")).decode("utf-8-sig")
    header, row, *rest = text.splitlines()
    assert header.startswith("number,provider,country,state,")
    assert row.startswith(f"{HELD},Acme Carrier,US,assigned,,\"'=HYPERLINK(")
    assert rest == []
    assert AuditEntry.objects.get(action="numbers.exported").after == {"filter": "state=assigned"}
    assert client.get("/numbers/export.csv?q=1").status_code == 400


def test_an_export_costs_the_same_for_one_and_for_many(
    client: Client, sam: User, make_person: Callable, hold: Callable
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            b"".join(client.get("/numbers/export.csv"))
        return len(captured)

    hold(make_person("p0"), "2000", "17036879400")
    one = queries()
    for place in range(1, 20):
        hold(make_person(f"p{place}"), str(2000 + place), f"170368794{place:02}")
    assert queries() == one


@pytest.mark.parametrize(
    "path", ["", "add", "export.csv", "import", "imports/1/", "changes/1/", "1/", "1/assign", "1/edit", "1/release"]
)
def test_it_is_for_staff_alone(client: Client, anna: User, path: str, sam: Any) -> None:
    client.force_login(anna)
    assert client.get(f"/numbers/{path}").status_code == 403
    client.logout()
    assert client.get(f"/numbers/{path}")["Location"].startswith("/login")


def test_a_part_of_a_number_is_found_by_its_trigrams(pool: dict[str, Number]) -> None:
    found = Number.objects.filter(number__contains="368794").order_by()
    assert [number.number for number in found] == [HELD]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            assert "number_number_trigrams" in found.explain()
