"""What staff keep (domains, providers, gateways): made, changed and deleted, each checked and written down."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.http import Http404

from accounts.models import AuditEntry, User

M = TypeVar("M", bound=models.Model)
Values = Mapping[str, Any]

# Whose talks are recorded is looked up by an action of its own, whatever it was changed with.
_OWN_ACTION: Final = {"recording": "recording_policy.changed", "recording_notice": "recording_policy.changed"}


class GoneError(Http404):
    """Somebody has deleted it meanwhile."""


class InUseError(Exception):
    """It cannot be deleted; the message says what hangs on it."""


@transaction.atomic
def create(kind: type[M], values: Values, *, actor: User | None) -> M:
    """Make one and write down with what. Raises ValidationError by field."""
    thing = kind(**values)
    _store(thing, _fields(kind))
    AuditEntry.objects.record(f"{_noun(thing)}.created", thing, actor=actor, after=_written(thing, values))
    return thing


@transaction.atomic
def change(thing: M, values: Values, *, actor: User | None) -> M:
    """Change some of its values and write down which were others before; return it as it is now.

    Raises ValidationError by field, GoneError.
    """
    kept = held(thing)
    new = {name: value for name, value in values.items() if getattr(kept, name) != value}
    if not new:
        return kept
    before = _written(kept, new)
    for name, value in new.items():
        setattr(kept, name, value)
    _store(kept, frozenset(new))
    record_change(kept, before, _written(kept, new), actor=actor)
    return kept


def record_change(thing: models.Model, before: Values, after: Values, *, actor: User | None) -> None:
    """Write down which values of a thing were others before: its policy of recording by an action of its own."""
    for action in sorted({_action(thing, name) for name in after}):
        names = [name for name in after if _action(thing, name) == action]
        was, now = ({name: values[name] for name in names} for values in (before, after))
        AuditEntry.objects.record(action, thing, actor=actor, before=was, after=now)


@transaction.atomic
def delete(thing: models.Model, *, shown: tuple[str, ...], actor: User | None) -> None:
    """Delete it and write down what it was. Raises InUseError where something hangs on it, GoneError."""
    kept = held(thing)
    before = _written(kept, dict.fromkeys(shown))
    AuditEntry.objects.record(f"{_noun(kept)}.deleted", kept, actor=actor, before=before)
    try:
        kept.delete()
    except models.ProtectedError:
        raise InUseError(f"Something hangs on {kept}: it cannot be deleted.") from None


def held(thing: M) -> M:
    """Return it as the database has it, locked to the end of the transaction. Raises GoneError."""
    kept = type(thing)._default_manager.select_for_update().filter(pk=thing.pk).first()
    if kept is None:
        raise GoneError
    return kept


def _store(thing: models.Model, names: frozenset[str]) -> None:
    """Check and save what is new of it: what somebody once stored otherwise does not stand in the way."""
    wrong = [name for name in names if isinstance(getattr(thing, name), str) and not getattr(thing, name).isprintable()]
    if wrong:
        raise ValidationError(dict.fromkeys(wrong, "Use printable characters only."))
    unchanged = _fields(type(thing)) - names
    thing.full_clean(exclude=unchanged)
    try:
        with transaction.atomic():
            thing.save()
    except IntegrityError:
        # Somebody else took the name between the look and the write: looked at again, it is found.
        thing.full_clean(exclude=unchanged)
        raise


def _fields(kind: type[models.Model]) -> frozenset[str]:
    return frozenset(field.name for field in kind._meta.concrete_fields)


def _noun(thing: models.Model) -> str:
    return str(thing._meta.model_name)


def _action(thing: models.Model, name: str) -> str:
    return _OWN_ACTION.get(name, f"{_noun(thing)}.changed")


def _written(thing: models.Model, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the log has them: what is another thing, by its name."""
    found = {name: getattr(thing, name) for name in names}
    return {name: str(value) if isinstance(value, models.Model) else value for name, value in found.items()}
