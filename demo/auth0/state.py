"""Files in which the stand-in keeps what outlives a restart, for their owner's eyes only."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from demo.auth0.settings import SettingError
from demo.environment import write_private

T = TypeVar("T")


class StateFile:
    """A JSON object on disk, replaced as a whole; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._path = folder / name if folder else None

    def read(self, restore: Callable[[dict[str, Any]], T]) -> T:
        """Return what `restore` makes of the values kept, of none where there are none. Raises SettingError."""
        if self._path is None or not self._path.exists():
            return restore({})
        try:
            return restore(json.loads(self._path.read_text()))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SettingError(f"{self._path} is damaged: remove it, and everybody signs in anew") from None

    def write(self, values: dict[str, Any]) -> None:
        """Keep these values instead of what was there; a crash leaves the one or the other."""
        if self._path is None:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(f".{os.getpid()}.new")
        write_private(fresh, json.dumps(values))
        fresh.replace(self._path)
