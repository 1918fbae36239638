"""The pages on which staff make, give away and change extensions, and find the people for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Call, Domain, Extension, Number, Provider, Registration, Switch

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def sam(make_person: Callable[..., User], client: Client) -> User:
    person = make_person("sam", Role.STAFF)
    client.force_login(person)
    return person


@pytest.fixture
def held(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    return hold(make_person("anna"), "1006", "17036879447")


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def sent(client: Client, path: str, **fields: Any) -> str:
    """Send a form and return the page to which it leads."""
    response = client.post(path, fields, follow=True)
    assert response.status_code == 200
    return response.content.decode()


# -- finding people -----------------------------------------------------------------------------------------------------------


def test_people_are_found_by_any_part(client: Client, sam: User, make_person: Callable[..., User]) -> None:
    anna = make_person("anna", email="a.smith@example.com")
    make_person("hannah")
    make_person("dora", is_active=False, email="dora.anna@example.com")
    text = page(client, "/people/search?person_q=ANNA")
    assert text.index("anna") < text.index("hannah"), "whose name begins so comes first"
    assert "dora" not in text
    assert f'name="person" value="{anna.pk}"' in text
    assert "anna" in page(client, "/people/search?person_q=a.smith%40")
    assert "auth0|hannah" in page(client, "/people/search?person_q=auth0|han")
    assert "Nobody is found" in page(client, "/people/search?person_q=nobody")


def test_who_is_ticked_stays_while_others_are_searched_for(client: Client, sam: User, make_person: Callable) -> None:
    anna, ben = make_person("anna"), make_person("ben")
    text = page(client, f"/people/search?field=who&who_q=ben&who={anna.pk}")
    assert f'name="who" value="{anna.pk}" checked' in text
    assert f'name="who" value="{ben.pk}" >' in text


def test_of_thousands_only_some_are_shown_by_few_queries(client: Client, sam: User) -> None:
    User.objects.bulk_create(
        User(username=f"p{place}", name=f"Person {place:04}", subject=f"auth0|p{place}", issuer="https://auth0.invalid/")
        for place in range(2000)
    )
    with CaptureQueriesContext(connection) as captured:
        text = page(client, "/people/search?person_q=person")
    assert text.count('type="radio"') == 8
    assert "There are more" in text
    assert len(captured) <= 4


@pytest.mark.parametrize(
    "query", ["", "person_q=a", "person_q=%00%00", "person=x", "person=999", "person=" + "9" * 30, "person_q=" + "x" * 300]
)
def test_odd_searches_find_nobody(client: Client, sam: User, make_person: Callable, query: str) -> None:
    make_person("anna")
    assert 'type="radio"' not in page(client, f"/people/search?{query}")


@pytest.mark.parametrize("field", ['"><script>', "1a", "x" * 31, "a-b"])
def test_a_field_that_no_form_has_is_refused(client: Client, sam: User, field: str) -> None:
    assert client.get("/people/search", {"field": field}).status_code == 400


def test_names_of_people_are_text(client: Client, sam: User, make_person: Callable[..., User]) -> None:
    make_person("anna", email="x@example.com")
    User.objects.filter(username="anna").update(name=HOSTILE)
    text = page(client, "/people/search?person_q=alert")
    assert "alert(1)" in text
    assert "<script>" not in text


# -- making -------------------------------------------------------------------------------------------------------------------


def test_one_is_made_of_the_next_number(client: Client, sam: User, domain: Domain) -> None:
    assert "pbx.example.com" in page(client, "/extensions/new")
    text = sent(client, "/extensions/new", domain=domain.pk, exten="", display_name="Front desk")
    assert "1000@pbx.example.com is made." in text
    assert Extension.objects.get().display_name == "Front desk"
    assert "Nobody has held it yet" in text


def test_it_is_made_for_a_person_at_once(client: Client, sam: User, domain: Domain, make_person: Callable[..., User]) -> None:
    anna = make_person("anna")
    Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme Carrier"))
    text = sent(
        client, "/extensions/new", domain=domain.pk, exten="2345", person=anna.pk, with_number="own", number="703 687 9447"
    )
    assert "2345@pbx.example.com is made. anna holds it." in text
    assert "+1 703-687-9447" in text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"exten": "1006"}, "1006@pbx.example.com exists already"), ({"exten": "999"}, "from 1000 to 9999"), ({"exten": "x"}, "2 to 7 digits"),
        ({"with_number": "next"}, "Say who gets the number"), ({"person_q": "nobody"}, "Nobody is called so"),
        ({"person_q": "ben", "with_number": "own"}, "Not a phone number"), ({"person_q": "ben", "with_number": "next"}, "No number is free"),
        ({"person_q": "ben", "with_number": "own", "number": "7036879447"}, "is not free: somebody holds it"),
        ({"domain": "999"}, "Select a valid choice"), ({"display_name": "a\u0007b"}, "printable"), ({"person": "999"}, "not there any more"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said_in_words(
    client: Client, sam: User, held: Assignment, make_person: Callable, fields: dict[str, str], says: str
) -> None:
    make_person("ben")
    form = {"domain": held.extension.domain_id, "exten": "2345"} | fields
    assert says in sent(client, "/extensions/new", **form)
    assert Extension.objects.count() == 1


# -- giving away --------------------------------------------------------------------------------------------------------------


def test_it_is_given_to_whoever_is_ticked(client: Client, sam: User, domain: Domain, make_person: Callable[..., User]) -> None:
    anna, extension = make_person("anna"), Extension.objects.create(domain=domain, number="2345")
    path = f"/extensions/{extension.pk}"
    assert f'href="{path}/assign"' in page(client, f"{path}/")
    assert 'hx-get="/people/search"' in page(client, f"{path}/assign")
    assert "anna holds 2345@pbx.example.com from now on" in sent(client, f"{path}/assign", person=anna.pk, person_q="be")
    text = page(client, f"{path}/")
    assert f'href="{path}/assign"' not in text
    assert "Holds it" in text
    assert "assignment.opened" in text
    assert "is not free: somebody holds it" in sent(client, f"{path}/assign", person=anna.pk)
    assert "Say who." in sent(client, f"{path}/assign")


def test_of_two_with_one_name_neither_is_guessed(client: Client, sam: User, domain: Domain, make_person: Callable) -> None:
    make_person("ann1")
    make_person("ann2")
    User.objects.filter(username__startswith="ann").update(name="Ann Lee")
    extension = Extension.objects.create(domain=domain, number="2345")
    text = sent(client, f"/extensions/{extension.pk}/assign", person_q="ann lee")
    assert "Several people are called so" in text
    assert text.count('type="radio"') == 2, "both are offered"
    assert not Assignment.objects.exists()


# -- changing -----------------------------------------------------------------------------------------------------------------


def test_it_is_changed_and_its_page_says_so(client: Client, sam: User, held: Assignment) -> None:
    path = f"/extensions/{held.extension_id}"
    assert "2 (default)" in page(client, f"{path}/edit")
    assert '2 <span class="quiet">(default)</span>' in " ".join(page(client, f"{path}/").split())
    form = {"display_name": "Anna", "forward_to": "(240) 301-9517", "recording": "inbound", "calls_at_once": "5"}
    text = " ".join(sent(client, f"{path}/edit", **form).split())
    assert "1006@pbx.example.com is changed." in text
    assert "+1 240-301-9517" in text
    assert "Calls that come in" in text
    assert '<strong>5</strong> <span class="quiet">(default 2)</span>' in text
    assert AuditEntry.objects.get(action="extension.changed").actor == sam
    assert "Nothing was changed." in sent(client, f"{path}/edit", **form)
    sent(client, f"{path}/edit", **(form | {"calls_at_once": ""}))
    held.extension.refresh_from_db()
    assert held.extension.calls_at_once is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"forward_to": "911"}, "Emergency numbers cannot be called this way"), ({"forward_to": "+1 876 555 0123"}, "may not be called"),
        ({"forward_to": "17036879447"}, "is a number of ours"), ({"forward_to": "1005"}, "Not a phone number"), ({"forward_to": HOSTILE}, "Not a phone number"),
        ({"calls_at_once": "0"}, "greater than or equal to 1"), ({"calls_at_once": "1001"}, "less than or equal to 1000"),
        ({"call_minutes_longest": "x"}, "Enter a whole number"), ({"recording": "some"}, "Select a valid choice"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_in_words(
    client: Client, sam: User, held: Assignment, fields: dict[str, str], says: str
) -> None:
    form = {"display_name": "Anna", "forward_to": "", "recording": "domain"} | fields
    text = sent(client, f"/extensions/{held.extension_id}/edit", **form)
    assert says in text
    assert "<script>alert" not in text
    held.extension.refresh_from_db()
    assert (held.extension.display_name, held.extension.forward_to) == ("", "")


def test_number_and_domain_are_no_fields(client: Client, sam: User, held: Assignment) -> None:
    path = f"/extensions/{held.extension_id}/edit"
    sent(client, path, display_name="Anna", recording="domain", number="2345", state="free", encrypted_ha1="x")
    held.extension.refresh_from_db()
    assert (held.extension.number, held.extension.state, held.extension.display_name) == ("1006", "assigned", "Anna")


@pytest.mark.parametrize("path", ["new", "{}/assign", "{}/edit"])
def test_who_may(client: Client, held: Assignment, path: str) -> None:
    address = f"/extensions/{path.format(held.extension_id)}"
    assert client.get(address).headers["Location"].startswith("/login")
    client.force_login(held.user)
    assert client.get(address).status_code == 403
    assert client.post(address, {"display_name": "x", "recording": "off", "person": held.user_id}).status_code == 403
    assert client.get("/people/search?person_q=anna").status_code == 403
    held.extension.refresh_from_db()
    assert (held.extension.display_name, Extension.objects.count()) == ("", 1)


@pytest.mark.parametrize("what", ["assign", "edit"])
def test_one_that_does_not_exist_is_a_404(client: Client, sam: User, what: str) -> None:
    assert client.get(f"/extensions/999/{what}").status_code == 404
    assert client.put("/extensions/999/edit").status_code == 405


# -- its page -----------------------------------------------------------------------------------------------------------------


def test_its_page_costs_the_same_for_one_and_for_many_calls(client: Client, sam: User, held: Assignment) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, f"/extensions/{held.extension_id}/")
        return len(captured)

    def call(place: int, side: str) -> None:
        at = timezone.now() - timedelta(minutes=place)
        own = {f"{side}_extension": held.extension}
        Call.objects.create(
            call_uuid=f"{side}{place}", direction="outbound", started_at=at, callee_number=f"120255501{place:02}", **own
        )

    call(0, "caller")
    call(0, "callee")
    few = queries()
    for place in range(1, 12):
        call(place, "caller")
        call(place, "callee")
    assert queries() == few
    text = page(client, f"/extensions/{held.extension_id}/")
    assert text.count("+1 202-555-0104") == 2
    assert "+1 202-555-0105" not in text, "ten are shown, the newest"
    assert "/?extension=1006" in text


def test_the_list_is_narrowed_down(client: Client, sam: User, held: Assignment, make_person: Callable, hold: Callable) -> None:
    other = Domain.objects.create(name="other.example.com")
    Extension.objects.create(domain=other, number="2345")
    hold(make_person("ben", email="ben@example.com"), "1005")
    now = timezone.now()
    Registration.objects.create(
        switch=Switch.objects.create(name="fs1"), extension=held.extension, user="1006", domain="pbx.example.com", since=now,
        expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    expected = {
        "holder=ben%40example": {"1005"}, "holder=auth0|anna": {"1006"}, "holder=nobody": set(), f"domain={other.pk}": {"2345"},
        "registered=true": {"1006"}, "registered=false": {"1005", "2345"}, "registered=false&holder=ben": {"1005"},
        "registered=maybe": set(), "domain=999": set(), "": {"1005", "1006", "2345"},
    }  # fmt: skip
    for query, found in expected.items():
        text = page(client, f"/extensions/?{query}")
        assert {number for number in ("1005", "1006", "2345") if f'class="party-number">{number}<' in text} == found, query
