"""Whom the stand-in knows: one person of each kind that the portal tells apart."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody with an account at the identity provider."""

    subject: str
    name: str
    email: str
    # None: the tokens have no roles claim at all, which is not the same as an empty one.
    roles: tuple[str, ...] | None = ()
    about: str = ""
    email_verified: bool = True

    @property
    def nickname(self) -> str:
        """The short name that Auth0 makes up: what stands before the @."""
        return self.email.partition("@")[0]

    @property
    def initials(self) -> str:
        """One or two letters to stand in a circle."""
        words = self.name.split()
        return "".join(word[0] for word in (*words[:1], *words[1:][-1:])).upper()


# Shown on the sign-in page: whoever can reach the stand-in may be anybody.
DEMO_PASSWORD = "walk-right-in"
DEMO_PEOPLE = (
    Person("auth0|6316dd611151a2dd290c2cca", "Ada Okafor", "ada@customer.example", ("user",), "User"),
    Person("auth0|6316dd611151a2dd290c2ccb", "Sam Whitfield", "sam@mediamagic.example", ("staff",), "Staff"),
    Person("auth0|6316dd611151a2dd290c2ccc", "Alexis Moreau", "alexis@mediamagic.example", ("admin",), "Admin"),
    Person("auth0|6316dd611151a2dd290c2ccd", "Nico Brandt", "nico@customer.example", (), "Unverified", email_verified=False),
)


def person_with_subject(people: Iterable[Person], subject: str) -> Person | None:
    """Return whom this subject names."""
    return next((person for person in people if person.subject == subject), None)


def person_with_email(people: Iterable[Person], email: str) -> Person | None:
    """Return whose e-mail address this is, whatever its case."""
    return next((person for person in people if person.email.casefold() == email.strip().casefold()), None)
