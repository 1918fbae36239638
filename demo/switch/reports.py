"""The end of a leg as others learn of it: the record that the portal gets, then the event, then it is gone."""

import logging
import time

from demo.switch.cdr import record_of
from demo.switch.exchange import Exchange
from demo.switch.legs import Leg

logger = logging.getLogger(__name__)

TRIES, BETWEEN_TRIES_SECONDS = 2, 1


def report(exchange: Exchange, leg: Leg, at: int) -> None:
    """Report a leg that has ended. As on a real switch the leg lives, and the event waits, until the record is away."""
    if exchange.settings.portal:
        _hand_in(exchange, leg, record_of(leg, exchange.identity))
    exchange.fire_for("CHANNEL_HANGUP_COMPLETE", leg, at)
    exchange.remove(leg)


def _hand_in(exchange: Exchange, leg: Leg, record: bytes) -> None:
    """Post a record, twice if need be; then it is left in a file."""
    portal, folder = exchange.settings.portal, exchange.settings.err_log_dir
    for attempt in range(TRIES):
        if attempt:
            time.sleep(BETWEEN_TRIES_SECONDS * exchange.settings.pace)
        if portal and portal.post_record(leg.uuid, record):
            return
    logger.warning("The record of %s was not taken.", leg.uuid)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{leg.uuid}.cdr.json").write_bytes(record)
