"""The words with which people ask, and ours: what says nothing, and what means the same.

Inflections are the index's own business; one form of a word is enough here.
"""

from typing import Final

_STOP_WORDS: Final = """
    a about after again all also am an and any are aren't as at be because been before being between but by can can't
    carries carry could did didn't difference distinguish do does doesn't doing don't else ever every exactly find for from
    give given go goes going got had happen happens has hasn't have having he help her here hers him his how i i'd i'm i've
    if in into is isn't it it's its just know let like make makes many may me mean meaning means might mine more most much
    must my need needs no not of off on one only or other our ours out over own please possible put say says see she should
    show so some tell than that that's the their them then there there's these they thing things this those to too up us use
    used using versus very vs want wants was way we were what what's when where which while who who's whom whose why will
    with won't would you your yours
"""
# Words that say nothing about what is asked for.
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())

# Each line means the same, for who asks; a phrase of up to four words counts as one.
SYNONYMS: Final[tuple[tuple[str, ...], ...]] = (
    # who comes in
    ("sign in", "signing in", "signs in", "log in", "login", "logging in", "log on", "sign-in", "signin"),
    ("sign out", "signing out", "log out", "logout", "log off"),
    ("revoke", "invalidate", "withdraw", "disable a key", "delete a key", "remove a key", "cancel a key"),
    ("key", "credential", "api token", "access key", "apikey"),
    ("leak", "leaked", "stolen", "compromised", "exposed"),
    ("rotate", "replace", "renew", "swap"),
    ("refresh", "renew"),
    ("create", "generate", "issue", "new", "make"),
    ("second factor", "two factor", "2fa", "mfa", "otp", "authenticator", "multi factor"),
    ("deactivate", "shut somebody out", "block", "ban", "lock out", "suspend", "disable", "offboard", "fire"),
    ("scope", "permission", "privilege", "access right"),
    ("header", "http header"),
    ("staff", "employee", "agent", "coworker", "colleague"),
    ("role", "user role"),
    # phones and calls
    ("phone", "softphone", "handset", "telephone", "deskphone", "sip client", "device"),
    ("register", "registration", "registered", "enrol"),
    ("403", "forbidden"),
    ("refuse", "refused", "reject", "deny", "denied", "decline", "forbidden"),
    ("password", "passphrase", "passwd", "secret"),
    ("extension", "exten", "internal number"),
    ("number", "did", "phone number", "telephone number"),
    ("call", "dial", "ring"),
    ("call link", "click to call", "click-to-call", "call between two numbers", "bridge two numbers"),
    ("forward", "divert", "redirect a call", "redirect calls", "call forwarding"),
    ("answer", "pick up", "picked up", "pick it up"),
    ("hang up", "hangup", "terminate", "end a call"),
    ("recording", "audio", "recorded call", "sound file", "wav"),
    ("listen", "play", "hear", "playback"),
    ("link", "url", "address", "uri"),
    ("caller id", "callerid", "clip", "displayed number"),
    ("emergency", "911", "112", "999"),
    ("premium", "premium rate", "premium-rate", "cost extra"),
    ("gateway", "trunk", "carrier", "sip trunk", "provider"),
    ("cdr", "call detail record", "record of a call", "records of calls", "call record"),
    ("freeswitch", "the switch", "pbx"),
    ("end", "ended", "dropped", "disconnected", "cut off"),
    # running it
    ("turn on", "switch on", "enable", "activate"),
    ("turn off", "switch off"),
    ("import", "upload", "bulk", "fill the pool"),
    ("csv", "spreadsheet", "excel"),
    ("back up", "backup", "restore"),
    ("environment variable", "env var", "setting", "configuration", "config", "environment"),
    ("set up", "setup", "setting up", "install", "deploy", "connect", "point", "configure", "configured", "attach", "hook up"),
    ("get", "obtain", "assign", "receive", "acquire"),
    ("laptop", "own machine", "local", "locally", "localhost", "my machine", "my computer"),
    (
        "downtime",
        "outage",
        "interruption",
        "is down",
        "being away",
        "is away",
        "are away",
        "unavailable",
        "unreachable",
        "offline",
    ),
    ("read-only", "read only", "maintenance mode"),
    ("health", "healthy", "liveness", "readiness", "alive", "monitoring"),
    ("limit", "rate limit", "throttle", "throttled", "how often", "quota", "too many requests"),
    ("minute", "per minute", "a minute"),
    ("twice", "duplicate", "repeat", "retry", "idempotent", "idempotency", "a second time", "again"),
    ("valid", "expire", "expires", "lifetime", "good for", "validity", "valid for", "how long"),
    ("delete", "remove", "erase", "purge"),
    ("audit", "who did what", "audit log", "audit trail"),
    ("filter", "search", "narrow", "query"),
    ("log", "logfile", "log file", "logging"),
    ("error", "problem", "failure"),
)
