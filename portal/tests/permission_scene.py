"""The people, proofs and objects that the matrix of permissions is tried on."""

import base64
import copy
import re
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final
from unittest import mock
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, Invitation, Role, User
from accounts.tests.auth0 import bearer
from demo.auth0 import ABSENT, Auth0StandIn
from portal.tests.permission_rules import FOREIGN, IDENTITIES, Door, Identity, Row
from telephony.models import (
    Assignment,
    BannedAddress,
    Call,
    CallAlias,
    CallLink,
    CellPhone,
    Domain,
    Extension,
    FailedRegistration,
    Gateway,
    Leg,
    LiveCall,
    LiveChannel,
    Number,
    Provider,
    Quarantine,
    Recording,
    Revocation,
    RevocationReason,
    Switch,
    SwitchListening,
)
from telephony.models.holding import HoldingState
from telephony.services import number_changes, number_imports
from telephony.services.measuring import measure_recording
from telephony.services.recordings import audio_path, listen_token, upload_path
from telephony.tests.captures import DATA, posts_of
from web.models import Job
from webhooks.models import Delivery, Event, Subscription
from webhooks.signing import new_secret

LEG: Final = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
LONG_AGO: Final = timezone.datetime(2020, 1, 1, tzinfo=timezone.get_default_timezone())
PEOPLE: Final = {
    "anna": ("1006", Role.USER), "ben": ("1007", Role.USER), "sam": ("1008", Role.STAFF), "ada": ("1009", Role.ADMIN),
    "root": ("1010", Role.ADMIN), "dora": ("1011", Role.USER),
}  # fmt: skip
MODELS: Final = (
    User, ApiKey, Invitation, AuditEntry, Assignment, Call, CallAlias, CallLink, Domain, Extension, Gateway, Leg, Number,
    Provider, Quarantine, Recording, Switch, SwitchListening, Job, CellPhone, BannedAddress, FailedRegistration, Revocation,
)  # fmt: skip
JSON: Final = "application/json"


def basic(password: str) -> dict[str, str]:
    pair = f"{settings.FREESWITCH_HTTP_USER}:{password}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


@dataclass
class Scene:
    """A portal in which everything is anna's, and the proofs of everybody."""

    auth0: Auth0StandIn
    people: dict[str, User] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    # Whether the request before was written down: whatever is done is.
    left_a_trace: bool = False
    # Whether its answer signed somebody in.
    signed_in: bool = False

    def build(self) -> "Scene":
        """Make it, in an empty database."""
        domain, _ = Domain.objects.get_or_create(name=settings.SIP_DOMAIN)
        Gateway.objects.get_or_create(name=settings.SIP_GATEWAY, defaults={"domain": domain})
        provider = Provider.objects.create(name="Acme Carrier")
        for place, (name, (exten, role)) in enumerate(PEOPLE.items()):
            self.people[name] = self._person(name, role)
            self._hold(self.people[name], domain, provider, exten, f"1703687944{place}")
        self._call()
        self._link()
        self._live_call()
        self._webhook()
        key = ApiKey.objects.issue(self.people["anna"], "report")[0]
        SwitchListening.objects.create(switch=Switch.objects.get())
        invitation = Invitation.objects.create(email="new@example.com", invited_by=self.people["ada"])
        AuditEntry.objects.record("user.created", self.people["anna"])
        extension = Extension.objects.get(number="1006")
        Revocation.objects.create(extension=extension, reason=RevocationReason.CLOSED)
        banned = BannedAddress.objects.create(network="198.51.100.7/32")
        FailedRegistration.objects.create(
            network="198.51.100.7/32", first_at=LONG_AGO, last_at=LONG_AGO, span_began_at=LONG_AGO
        )
        self.parameters |= {"extension_id": str(extension.pk), "ban_id": str(banned.pk)}
        self.parameters |= {
            "user_id": str(self.people["anna"].pk), "domain_id": str(domain.pk), "provider_id": str(provider.pk),
            "gateway_id": str(Gateway.objects.get(name=settings.SIP_GATEWAY).pk), "switch_id": str(Switch.objects.get().pk),
            "entry_id": str(Quarantine.objects.get().pk),
        }  # fmt: skip
        self.parameters |= {"number_id": str(Number.objects.get(number="17036879440").pk), **self._undertakings()}
        self.parameters |= {"key_id": str(key.pk), "url": "nothing/here", "app_label": "telephony"}
        self.parameters["invitation_id"] = str(invitation.pk)
        self.parameters["page"] = "getting-started"
        self.parameters |= {"content_type_id": "0", "object_id": "0", "id": str(self.people["anna"].pk)}
        User.objects.filter(username="dora").update(is_active=False)
        for identity in IDENTITIES:
            self.headers[identity.name] = self._proof_of(identity)
            self.clients[identity.name] = self._client_of(identity)
        self._entries = AuditEntry.objects.count()
        return self

    def _person(self, name: str, role: str) -> User:
        return User.objects.create_user(
            name, name=name, subject=f"auth0|{name}", issuer=self.auth0.issuer, role=role, is_superuser=name == "root"
        )

    @staticmethod
    def _hold(user: User, domain: Domain, provider: Provider, exten: str, digits: str) -> None:
        extension = Extension.objects.create(domain=domain, number=exten, state=HoldingState.ASSIGNED)
        number = Number.objects.create(number=digits, provider=provider, state=HoldingState.ASSIGNED)
        Assignment.objects.create(user=user, extension=extension, number=number, starts_at=LONG_AGO)
        CellPhone.objects.create(user=user, number=f"1202555014{digits[-1]}")

    def _call(self) -> None:
        """Let the switch report a call of anna's to nobody's extension, its recording, and a record that cannot be read."""
        for post in posts_of("local-answered"):
            self.switch_posts(post.body, post.content_type)
        self.switch_posts(b"no record", JSON)
        self.audio = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()
        assert Client().generic("PUT", upload_path(LEG), self.audio).status_code == 201
        measure_recording(Recording.objects.get().pk)
        call = Call.objects.get()
        CallAlias.objects.create(former_id=10**6, former_uuid="former", call=call)
        self.parameters["call_id"] = str(call.pk)
        path = upload_path(LEG).removeprefix("/freeswitch/recordings/").removesuffix(".wav")
        self.parameters |= dict(zip(("leg_uuid", "expires", "signature"), path.split("/"), strict=True))

    @staticmethod
    def switch_posts(body: bytes, content_type: str) -> None:
        headers = basic(settings.FREESWITCH_HTTP_PASSWORD)
        assert Client().post("/freeswitch/cdr", body, content_type=content_type, headers=headers).status_code in (200, 202)

    def _link(self) -> None:
        held = Assignment.objects.get(user=self.people["anna"])
        link = CallLink.objects.create(
            user=self.people["anna"], extension=held.extension, number=held.number, source_number="1006",
            destination_number="12403019519", call_uuid=uuid4(), destination_leg_uuid=uuid4(), job_uuid=uuid4(),
            status=CallLink.Status.COMPLETED, expires_at=timezone.now() + timedelta(minutes=1), ended_at=timezone.now(),
        )  # fmt: skip
        self.parameters["link_id"] = str(link.pk)

    def _webhook(self) -> None:
        webhook = Subscription(user=self.people["anna"], url="https://hooks.example.com/")
        webhook.set_secret(new_secret())
        webhook.save()
        event = Event.objects.create(type="webhook.test", at=timezone.now())
        delivery = Delivery.objects.create(event=event, subscription=webhook, body="{}")
        self.parameters |= {"webhook_id": str(webhook.pk), "delivery_id": str(delivery.pk)}

    def _live_call(self) -> None:
        """Let anna talk at this moment, on a switch that cannot be reached."""
        switch = Switch.objects.get()
        call = LiveCall.objects.create(
            switch=switch, call_uuid=str(uuid4()), caller_user=self.people["anna"], caller_number="1006", callee_number="1007",
            started_at=timezone.now(),
        )  # fmt: skip
        LiveChannel.objects.create(switch=switch, call=call, uuid=call.call_uuid, started_at=call.started_at)
        self.parameters["call_uuid"] = call.call_uuid

    def _undertakings(self) -> dict[str, str]:
        """Let sam set about importing a file, and disabling a number."""
        sam = self.people["sam"]
        imported = number_imports.upload(sam, "n.csv", b"number\n2762087785\n", provider="Acme", column="number")
        change = number_changes.propose(sam, Number.objects.filter(number="17036879440"), "disable")
        return {"import_id": str(imported.pk), "change_id": str(change.pk)}

    def _proof_of(self, identity: Identity) -> dict[str, str]:
        if identity.kind == "token":
            return bearer(self._token(identity.who) if identity.who else "nonsense")
        if identity.kind == "key":
            return {"x-mediamagic-key": self._key(identity)}
        if identity.kind == "both":
            return bearer(self._token("anna")) | {"x-mediamagic-key": self._key(identity)}
        if identity.kind == "operator":
            return bearer(settings.MAINTENANCE_TOKEN)
        if identity.kind in ("switch", "wrong switch"):
            proxied = {"x-forwarded-for": "127.0.0.1"} if "proxy" in identity.name else {}
            return basic(settings.FREESWITCH_HTTP_PASSWORD if identity.kind == "switch" else "wrong") | proxied
        return {}

    def _token(self, who: str) -> str:
        # Without a claim the role is the stored one.
        return self.auth0.mint({"sub": f"auth0|{who}", settings.AUTH0_ROLES_CLAIM: ABSENT})

    def _key(self, identity: Identity) -> str:
        if not identity.who:
            return str(uuid4())
        row, key = ApiKey.objects.issue(self.people[identity.who], "proof", scopes=list(identity.scopes))
        if identity.name == "revoked key":
            row.revoke()
        if identity.name == "expired key":
            ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now())
        return key

    def _client_of(self, identity: Identity) -> Client:
        client = Client()
        if identity.kind == "session":
            client.force_login(self.people[identity.who], backend="accounts.backends.RoleBackend")
        return client

    # -- asking ------------------------------------------------------------------------------------------------------------

    def path_of(self, row: Row) -> str:
        """Return the path of a row's address: its parameters are the scene's, unless the row says otherwise."""
        parameters = self.parameters | dict(row.parameters)
        path = re.sub(r"\(\?P<(\w+)>[^()]*\)", lambda found: parameters[found[1]], row.route)
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: parameters[found[1]], path)
        return "/" + path.replace("^", "").replace(r"\Z", "").replace("$", "").replace("\\", "")

    def ask(self, identity: Identity, verb: str, path: str, door: Door | None = None, **changes: Any) -> HttpResponse:
        """Send one request and take back whatever it did; `headers`, `query`, `data` and `content_type` may be changed."""
        client, address = self.clients[identity.name], FOREIGN if "elsewhere" in identity.name else "127.0.0.1"
        query, body = (dict(door.query), dict(door.body)) if door else ({}, {})
        query |= changes.pop("query", {})
        if query.get("signature") == "of anna":
            query["signature"] = listen_token(Call.objects.get(), self.people["anna"], None)
        content = self._content(client, path, body) if verb not in ("GET", "HEAD", "OPTIONS") else {}
        headers = self.headers[identity.name] | changes.pop("headers", {})
        cookies, before = copy.deepcopy(client.cookies), transaction.savepoint()
        with mock.patch("telephony.services.call_links.placing.dial"):
            response = client.generic(
                verb, path, query_params=query, headers=headers, REMOTE_ADDR=address, **(content | changes)
            )
        if response.streaming:
            # The file it reads from is closed at its end.
            response.getvalue()
        self.left_a_trace = AuditEntry.objects.count() != self._entries
        self.signed_in = self._has_signed_in(response, cookies)
        transaction.savepoint_rollback(before)
        client.cookies = cookies
        self._bring_back_audio()
        return response

    @staticmethod
    def _has_signed_in(response: HttpResponse, cookies_before: SimpleCookie) -> bool:
        """Tell whether an answer hands out a session of a person that was not there before."""
        given, had = (jar.get(settings.SESSION_COOKIE_NAME) for jar in (response.cookies, cookies_before))
        if given is None or (had is not None and given.value == had.value):
            return False
        return any(SESSION_KEY in row.get_decoded() for row in Session.objects.filter(session_key=given.value))

    @staticmethod
    def _content(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path.startswith(("/api/", "/freeswitch/")):
            return {"data": client._encode_json(body, JSON), "content_type": JSON}
        return {
            "data": "&".join(f"{name}={value}" for name, value in body.items()),
            "content_type": "application/x-www-form-urlencoded",
        }

    def _bring_back_audio(self) -> None:
        path: Path = audio_path(Recording.objects.get())
        if not path.exists():
            path.write_bytes(self.audio)
