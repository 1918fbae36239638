"""A carrier at which gateways register: it asks for a proof, and takes the one of a single customer."""

from typing import Any

from telephony.tests.real_switch.sip.messages import SipMessage, proves, token
from telephony.tests.real_switch.sip.phone import Phone

NONCE = "the-carriers-nonce"


class Registrar(Phone):
    """`customer` is the user name and the password that it takes; `registered` counts how often it took them."""

    def __init__(self, *arguments: Any, customer: tuple[str, str], **options: Any) -> None:
        self.customer, self.registered, self.refused = customer, 0, 0
        super().__init__(*arguments, **options)

    def _take(self, message: SipMessage, sender: tuple[str, int]) -> None:
        if message.status or message.method != "REGISTER":
            super()._take(message, sender)
        elif not message.get("authorization"):
            challenge = f'Digest realm="carrier", nonce="{NONCE}", algorithm=MD5, qop="auth"'
            self.send(message.answer(401, "Unauthorized", token(), ("WWW-Authenticate", challenge)), sender)
        elif proves(message, NONCE, *self.customer):
            self.registered += 1
            self.send(message.answer(200, "OK", token(), ("Contact", message.get("contact")), ("Expires", "300")), sender)
        else:
            self.refused += 1
            self.send(message.answer(403, "Forbidden", token()), sender)
