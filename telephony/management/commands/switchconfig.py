"""Write the whole configuration of a FreeSWITCH for this portal."""

import grp
import ipaddress
import shlex
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction

from telephony.management.switchconfig_options import add_arguments
from telephony.services import sip_configuration
from telephony.services.switch_folder import ForeignFolderError, write_folder
from telephony.services.switchboard import configured
from telephony.switch.configuration import Listening, Srtp
from telephony.switch.documents import UnsafeTextError
from telephony.switch.errors import SwitchError
from telephony.switch.esl_address import DEFAULT_PORT, SwitchAddress
from telephony.switch.own_files import EventSocketAccess, OwnFiles, PortalAccess, SwitchFolders
from telephony.switch.passwords import weakness_of

DEFAULT_ESL: Final = "127.0.0.1"
_EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what is warned of, not what is listened on


class Command(BaseCommand):
    help = (
        "Write a folder with everything that a FreeSWITCH of version 1.11 needs to work with this portal: start it with "
        "-conf OUT and nothing else. What the portal does not answer is refused: the folder has no user, and plans that end "
        "every call. The files hold passwords and are readable by their owner only. May be run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        group = _group(options["group"])
        try:
            own = _own_files(options)
            documents = own.documents()
            with transaction.atomic():
                sip_configuration.remember_listening(own.name, own.listening)
                stale = write_folder(options["out"], documents, group=group, overwrite=options["force"])
        except ForeignFolderError as error:
            raise CommandError(f"{error} Give --force to write over it.") from None
        except (SwitchError, UnsafeTextError) as error:
            raise CommandError(f"{error} Nothing was written.") from None
        except DatabaseError as error:
            raise CommandError(f"The database is away ({type(error).__name__}). Nothing was written.") from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from None
        for sentence in _warnings(own):
            self.stderr.write(f"Mind: {sentence}")
        self._tell(options, own, len(documents), stale)

    def _tell(self, options: dict[str, Any], own: OwnFiles, count: int, stale: list[str]) -> None:
        out = shlex.quote(str(options["out"].absolute()))
        folders = own.folders
        made = " ".join(
            shlex.quote(each)
            for each in (folders.log, folders.database, options["run_dir"], folders.records, folders.cache, *_recordings())
        )
        removed = f" {len(stale)} of before are deleted." if stale else ""
        self.stdout.write(f"{count} files in {out} for the switch {own.name}.{removed}\n\nOnce, as the user of the switch:\n")
        self.stdout.write(f"    umask 0077; mkdir -p {made}\n\nStart it:\n")
        self.stdout.write(
            f"    umask 0077; freeswitch -conf {out} -log {shlex.quote(folders.log)} -db {shlex.quote(folders.database)} "
            f"-run {shlex.quote(options['run_dir'])} -nonat -nc\n\nWhere it runs already, in fs_cli:\n"
        )
        self.stdout.write(
            "    reloadxml\n    reload mod_xml_curl\n    reload mod_json_cdr\n    reloadacl\n"
            "    sofia profile internal restart\n    sofia profile external restart\n\n"
            "Other ports for voice, folders and the event socket take a restart of the switch (SIGTERM: no record is lost).\n"
            "Then: manage.py doctor"
        )


def _own_files(options: dict[str, Any]) -> OwnFiles:
    """Return what the files are made of. Raises CommandError, SwitchError, DatabaseError."""
    return OwnFiles(
        name=options["switchname"],
        portal=_portal(options),
        event_socket=_event_socket(options),
        folders=SwitchFolders(
            log=options["log_dir"],
            database=options["db_dir"],
            records=options["cdr_dir"],
            cache=options["cache_dir"],
        ),
        listening=_listening(options),
        domains=sip_configuration.domains(),
        gateways=sip_configuration.gateways(),
        carriers=sip_configuration.carriers(),
        first_rtp_port=options["rtp_start"],
        last_rtp_port=options["rtp_end"],
        most_sessions=options["max_sessions"],
        logs_every_record=options["log_every_record"],
        writes_syslog=options["syslog"],
    )


def _portal(options: dict[str, Any]) -> PortalAccess:
    password = settings.FREESWITCH_HTTP_PASSWORD
    if weakness := weakness_of(password):
        raise CommandError(f"FREESWITCH_HTTP_PASSWORD {weakness}. {_HOW_TO_MAKE_ONE}")
    return PortalAccess(
        url=options["portal_url"].rstrip("/"),
        user=settings.FREESWITCH_HTTP_USER,
        password=password,
        authorities=options["cacert"],
    )


def _event_socket(options: dict[str, Any]) -> EventSocketAccess:
    esl = _esl(options)
    password = options["esl_password"] or (esl.password if esl else "")
    if not password:
        raise CommandError("The event socket needs a password: set FREESWITCH_ESL_URL, or give --esl-password.")
    if weakness := weakness_of(password):
        raise CommandError(f"The password of the event socket {weakness}. {_HOW_TO_MAKE_ONE}")
    listens = options["esl_listen"] or _address_of(esl)
    if not options["esl_allow"] and not ipaddress.ip_address(listens).is_loopback:
        raise CommandError(
            f"The event socket is to listen on {listens}: say with --esl-allow from where the portal speaks to it."
        )
    return EventSocketAccess(
        address=listens,
        port=options["esl_port"] or (esl.port if esl else DEFAULT_PORT),
        password=password,
        networks=options["esl_allow"] or ["::1/128" if ":" in listens else "127.0.0.0/8"],
    )


def _esl(options: dict[str, Any]) -> SwitchAddress | None:
    """Return where in FREESWITCH_ESL_URL the switch is; None where that is not set, or a password was given instead."""
    places = configured()
    if options["esl"] is not None:
        places = [place for place in places if str(place.address) == options["esl"]]
        if not places:
            raise CommandError("--esl names none of the switches in FREESWITCH_ESL_URL.")
    elif len(places) > 1 and not options["esl_password"]:
        # It has told its name there before.
        places = [place for place in places if place.switch is not None and place.switch.name == options["switchname"]]
        if not places:
            raise CommandError(f"FREESWITCH_ESL_URL names several switches: say with --esl which {options['switchname']} is.")
    return places[0].address if places else None


def _address_of(esl: SwitchAddress | None) -> str:
    try:
        return str(ipaddress.ip_address(esl.host)) if esl else DEFAULT_ESL
    except ValueError:
        return DEFAULT_ESL


def _listening(options: dict[str, Any]) -> Listening:
    """Return where the switch is to listen: as the settings say, or where an option does, as that."""
    usual = sip_configuration.listening_of_settings()
    return Listening(
        address=usual.address if options["sip_ip"] is None else options["sip_ip"],
        public_address=usual.public_address if options["external_ip"] is None else options["external_ip"],
        internal_port=options["internal_port"] or usual.internal_port,
        external_port=options["external_port"] or usual.external_port,
        tls_folder=usual.tls_folder if options["tls"] is None else options["tls"],
        srtp=usual.srtp if options["srtp"] is None else Srtp(options["srtp"]),
    )


def _group(name: str | None) -> int | None:
    try:
        return None if name is None else grp.getgrnam(name).gr_gid
    except KeyError:
        raise CommandError(f"There is no group {name!r} on this machine.") from None


def _recordings() -> list[str]:
    return [settings.FREESWITCH_RECORDINGS_DIR] if settings.FREESWITCH_RECORDINGS_DIR else []


def _warnings(own: OwnFiles) -> list[str]:
    """Return what the operator should know before this goes into service."""
    host = urlsplit(own.portal.url).hostname or ""
    found = []
    if not own.portal.is_encrypted and host not in {"localhost", "127.0.0.1", "::1"}:
        found.append(
            "the portal is asked over http: who is on the way reads passwords and hashes. Take https, or a network of its own."
        )
    if own.event_socket.address in _EVERY_ADDRESS:
        found.append("the event socket listens on every address: let a firewall keep all but the portal from it.")
    if not settings.FREESWITCH_RECORDINGS_DIR:
        found.append("FREESWITCH_RECORDINGS_DIR is not set: talks are not recorded.")
    return found


_HOW_TO_MAKE_ONE: Final = "Take: python3 -c 'import secrets; print(secrets.token_urlsafe(36))'"
