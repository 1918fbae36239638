"""A receiver that fails for a while gets every event in the end, each once by its id, though workers are shot in between."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from telephony.tests.sweeps.sweeping import start
from web.models import Job
from webhooks.event_types import TEST
from webhooks.models import Attempt, Delivery, Event, Subscription
from webhooks.outbox import tell
from webhooks.signing import new_secret
from webhooks.tests.receiver import Receiver, receiving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("machine")]

EVENTS = 12
LOOPBACK = {"WEBHOOK_ALLOWED_CIDRS": "127.0.0.0/8"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def subscription(receiver: Receiver, make_person: Callable[..., User]) -> Subscription:
    made = Subscription(user=make_person("anna"), url=receiver.url)
    made.set_secret(new_secret())
    made.save()
    for number in range(EVENTS):
        tell(Event.objects.create(type=TEST, at=timezone.now()), made, {"number": number})
    return made


def due_now() -> None:
    """Let the leases of those that were shot run out, and every wait be over."""
    now = timezone.now()
    Job.objects.update(run_at=now, lease_until=None)
    Subscription.objects.update(lane_until=None, resting_until=None)
    Delivery.objects.waiting().update(next_at=now)


@pytest.mark.parametrize("point", ["message before it is sent", "message after it was sent", "message after it was noted"])
def test_whoever_is_shot_and_wherever_every_event_arrives(
    receiver: Receiver, subscription: Subscription, tmp_path: Path, point: str
) -> None:
    receiver.answers = [500, 503, 204, 500, 204]
    shot = 0
    for _ in range(2):
        due_now()
        child = start(point, 3, tmp_path, "worker", "--threads", "2", **LOOPBACK)
        child.communicate(timeout=60)
        assert child.returncode == -signal.SIGKILL
        shot += 1
    deadline = time.monotonic() + 60
    while Delivery.objects.waiting().exists() and time.monotonic() < deadline:
        due_now()
        child = start("never", 1, tmp_path, "worker", "--until-idle", "--threads", "2", **LOOPBACK)
        child.communicate(timeout=60)
        assert child.returncode == 0
    assert shot == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    taken = Counter(receiver.taken())
    assert set(taken) == set(Delivery.objects.values_list("message_id", flat=True))
    assert len(taken) == EVENTS
    # Only what was sent and could not be written down came a second time, under the same id: one for each that was shot.
    assert sum(taken.values()) - EVENTS <= shot
    bodies = {message.id: message.body for message in receiver.messages}
    assert all(bodies[message.id] == message.body for message in receiver.messages)
    assert Attempt.objects.filter(status=204).count() == EVENTS
    assert not Job.objects.filter(state=Job.State.SET_ASIDE).exists()
