"""Fill a new portal with people, numbers and a month of calls: `python -m demo.data`.

Everything goes the way by which it comes in reality: assignments by the service that gives them, records by the intake,
recordings by the check that publishes them.
"""

import os
import random
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import django
from tqdm import tqdm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# What happened long ago no switch has to be told any more; the demo's own one does not run yet.
os.environ["FREESWITCH_ESL_URL"] = ""
django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up first
from django.utils import timezone  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from demo.history import DAYS, month  # noqa: E402
from demo.people import PROVIDERS, DemoPerson, people, spare_numbers  # noqa: E402
from demo.switch.records import PastCall, recording_of, records_of  # noqa: E402
from telephony.models import Call, Domain, Extension, Number  # noqa: E402
from telephony.services.assignments import open_assignment, release  # noqa: E402
from telephony.services.intake import Origin, Result, take_in  # noqa: E402
from telephony.services.inventory import Offer, add_numbers  # noqa: E402
from telephony.services.recordings import publish  # noqa: E402
from telephony.services.tallies import count_all  # noqa: E402

WHO = "demo data"
GIVEN_BACK = 3


def fill(now: datetime) -> int:
    """Fill the portal; return how many calls it then has. One that has calls already is left alone."""
    if Call.objects.exists():
        return 0
    everybody = people()
    _fill_pool(everybody)
    _assign(everybody, now - timedelta(days=DAYS + 1))
    calls = list(month(everybody, now))
    # The bar on a terminal only: into a log it would be a line a call.
    for call in tqdm(calls, desc="A month of calls", unit="call", file=sys.stderr, disable=not sys.stderr.isatty()):
        _take_in(call)
    count_all()
    return len(calls)


def _fill_pool(everybody: Sequence[DemoPerson]) -> None:
    chance = random.Random(7)  # noqa: S311 - a story, no secret
    spare = list(spare_numbers(chance))
    held = [person.number for person in everybody]
    for provider, numbers in zip(PROVIDERS, ([*held, *spare[::2]], spare[1::2]), strict=False):
        add_numbers([Offer(number, provider) for number in numbers], actor_label=WHO)


def _assign(everybody: Sequence[DemoPerson], since: datetime) -> None:
    """Give everybody what they hold, and let some spare numbers rest after a holder who has left."""
    domain = Domain.objects.get(name=settings.SIP_DOMAIN)
    for person in everybody:
        user = User.objects.by_subject(settings.AUTH0_ISSUER, person.subject)
        User.objects.filter(pk=user.pk).update(name=person.name, email=person.email, role=Role(person.role))
        extension = Extension.objects.create(domain=domain, number=person.extension, display_name=person.name)
        open_assignment(user, extension, Number.objects.get(number=person.number), at=since)
    left = User.objects.by_subject(settings.AUTH0_ISSUER, "auth0|demo-left")
    User.objects.filter(pk=left.pk).update(name="Walt Jensen", is_active=True)
    for place, number in enumerate(Number.objects.filter(state="free").order_by("number")[:GIVEN_BACK]):
        extension = Extension.objects.create(domain=domain, number=str(1090 + place))
        # A person has one number at a time: one after the other.
        begins = since + timedelta(days=3 * place)
        release(open_assignment(left, extension, number, at=begins), at=begins + timedelta(days=2))
    User.objects.filter(pk=left.pk).update(is_active=False)


def _take_in(call: PastCall) -> None:
    for leg_uuid, record in records_of(call):
        intake = take_in(record, Origin(content_type="application/json", leg_uuid=leg_uuid))
        if intake.result is Result.QUARANTINED:
            raise SystemExit(f"A record of the demo's own making was not taken: {intake.reason}")
    if call.recorded:
        audio = recording_of(call)
        publish(call.uuid, [audio], len(audio))


if __name__ == "__main__":
    print(f"{fill(timezone.now())} calls were made up.")
