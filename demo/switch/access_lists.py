"""The switch's access lists, as `acl.conf` of the portal has them: the node with most bits in common decides.

Source: switch_core.c of FreeSWITCH 1.11.1.
"""

import ipaddress

from demo.switch.portal import Portal

_Lists = dict[str, tuple[bool, list[tuple[bool, str]]]]


class AccessLists:
    """The lists that were loaded last; `loads` counts how often. One that is not there lets nobody in."""

    def __init__(self) -> None:
        self._lists: _Lists = {}
        self.loads = 0

    def load(self, portal: Portal | None, name: str) -> None:
        """Ask the portal for the lists; where it has none, those that were loaded before are gone."""
        self._lists = (portal.access_lists(name) if portal else None) or {}
        self.loads += 1

    def lets_in(self, address: str, name: str) -> bool:
        """Tell whether a list lets an address in."""
        default, nodes = self._lists.get(name, (False, []))
        try:
            party = ipaddress.ip_address(address)
        except ValueError:
            return False
        matching = [
            (network.prefixlen, allows)
            for allows, text in nodes
            if party in (network := ipaddress.ip_network(text, strict=False))
        ]
        return max(matching)[1] if matching else default
