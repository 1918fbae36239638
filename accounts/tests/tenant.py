"""A tenant of Auth0 with people of every kind, and a browser that signs in there."""

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponse
from django.test import Client

from demo.auth0 import Auth0StandIn, Person, Visitor

ADA = Person("auth0|ada", "Ada Okafor", "ada@customer.example", ("user",))
SAM = Person("auth0|sam", "Sam Whitfield", "Sam@MediaMagic.example", ("staff",))
ALEXIS = Person("auth0|alexis", "Alexis Moreau", "alexis@mediamagic.example", ("admin",))
NICO = Person("auth0|nico", "Nico Brandt", "nico@customer.example", (), email_verified=False)
# Somebody else, who registered a member of staff's address at another connection.
STRANGER = Person("google-oauth2|stranger", "Sam Whitfield", "sam@mediamagic.example", ())
SILENT = Person("auth0|silent", "Sia Lent", "sia@customer.example", None)
PEOPLE = (ADA, SAM, ALEXIS, NICO, STRANGER, SILENT)


@dataclass
class Tenant:
    """The stand-in, whose people a test may change."""

    stand_in: Auth0StandIn
    people: list[Person]

    def change(self, person: Person, **changes: object) -> Person:
        """Change what Auth0 says of a person from now on."""
        changed = replace(person, **changes)  # type: ignore[arg-type]
        self.people[[each.subject for each in self.people].index(person.subject)] = changed
        return changed


@dataclass
class Browser:
    """A browser: its cookies at the portal and, apart, at Auth0."""

    tenant: Tenant
    client: Client = field(default_factory=Client)
    visitor: Visitor = field(default_factory=Visitor)

    def begin(self, target: str = "/") -> str:
        """Press the button; return the address at Auth0 that it leads to."""
        response = self.client.post("/login/auth0/", {"next": target})
        assert response.status_code == 302, response.content.decode()
        return response["Location"]

    def at_auth0(self, address: str, person: Person) -> str:
        """Sign in at Auth0; return the path that it sends the browser back to."""
        # Two people may share an address here, so that a form of e-mail and password could not name one.
        password = self.tenant.stand_in.settings.password
        others = [each for each in self.tenant.people if each.subject != person.subject]
        self.tenant.people[:] = [next(each for each in self.tenant.people if each.subject == person.subject), *others]
        back = urlsplit(self.visitor.sign_in(address, person.email, password))
        return f"{back.path}?{back.query}"

    def sign_in(self, person: Person, target: str = "/") -> HttpResponse:
        """Go all the way; return what the portal answers to who comes back."""
        return self.client.get(self.at_auth0(self.begin(target), person))

    def is_in(self) -> bool:
        """Tell whether this browser is signed in at the portal."""
        return self.client.get("/").status_code == 200


def query_of(address: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
