"""Who works and calls in the demo, and the pool of numbers that they were given theirs from.

The first three are those whom the stand-in for Auth0 lets sign in, by the same subjects.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

PROVIDERS = ("Acme Carrier", "Potomac Telecom")
AREA_CODES = ("703", "571", "240", "202", "276")
POOL = 90


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person of the demo and what they hold."""

    subject: str
    name: str
    role: str
    extension: str
    number: str

    @property
    def email(self) -> str:
        """The address that the person has in the demo."""
        return f"{self.name.split()[0].lower()}@{'customer' if self.role == 'user' else 'mediamagic'}.example"


SIGN_IN = (
    DemoPerson("auth0|6316dd611151a2dd290c2cca", "Ada Okafor", "user", "1006", "17036879447"),
    DemoPerson("auth0|6316dd611151a2dd290c2ccb", "Sam Whitfield", "staff", "1001", "17036879401"),
    DemoPerson("auth0|6316dd611151a2dd290c2ccc", "Alexis Moreau", "admin", "1002", "17036879402"),
)
OTHERS = (
    "Ben Carter", "Chidi Obi", "Dora Lindqvist", "Emil Novak", "Fatima Rahman", "Grace Kim", "Hugo Fernandez", "Ines Duarte",
    "Jonas Weber", "Kamala Iyer", "Liam Byrne", "Mei Tanaka", "Noor Haddad", "Olga Petrova", "Priya Nair", "Quentin Roy",
    "Rosa Almeida", "Stefan Vogel", "Tara Singh", "Uma Bianchi", "Victor Ngata",
)  # fmt: skip


def people() -> list[DemoPerson]:
    """Return everybody, those who can sign in first."""
    numbers = (number for last in range(9405, 9499) if (number := f"1703687{last}") != SIGN_IN[0].number)
    taken = {person.extension for person in SIGN_IN}
    extensions = (str(exten) for exten in range(1003, 1100) if str(exten) not in taken)
    others = (
        DemoPerson(f"auth0|demo-{name.split()[0].lower()}", name, "user", exten, number)
        for name, exten, number in zip(OTHERS, extensions, numbers, strict=False)
    )
    return [*SIGN_IN, *others]


def spare_numbers(chance: random.Random) -> Iterator[str]:
    """Yield numbers that nobody holds, of ordinary area codes."""
    seen: set[str] = set()
    while len(seen) < POOL:
        number = f"1{chance.choice(AREA_CODES)}{chance.choice(('555', '423', '664', '733'))}{chance.randrange(2000, 9999)}"
        if number not in seen:
            seen.add(number)
            yield number
