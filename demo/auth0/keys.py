"""The keys that tokens are signed with: one that signs, one that was just replaced, both published."""

import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from demo.auth0.state import StateFile

KEY_BITS = 2048


def new_private_key() -> RSAPrivateKey:
    """Make a key that nobody has published."""
    return generate_private_key(public_exponent=65537, key_size=KEY_BITS)


@dataclass(frozen=True)
class SigningKey:
    """A private key and the name that tokens refer to it by."""

    kid: str
    private: RSAPrivateKey

    @property
    def public(self) -> RSAPublicKey:
        """What verifies this key's signatures."""
        return self.private.public_key()

    @property
    def public_pem(self) -> bytes:
        """The public key as text: what an attacker signs with when he hopes for HS256."""
        return self.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def jwk(self) -> dict[str, Any]:
        """Return the public half as it stands in the JWKS."""
        numbers = RSAAlgorithm.to_jwk(self.public, as_dict=True)
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": numbers["n"], "e": numbers["e"]}

    def kept(self) -> dict[str, str]:
        """Return what goes to disk."""
        pem = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {"kid": self.kid, "pem": pem.decode()}

    @classmethod
    def restored(cls, kept: dict[str, str]) -> "SigningKey":
        """Return the key that was kept. Raises KeyError, TypeError, ValueError where it is none."""
        private = serialization.load_pem_private_key(kept["pem"].encode(), password=None)
        if not isinstance(private, RSAPrivateKey):
            raise TypeError("no RSA key")
        return cls(kept["kid"], private)

    @classmethod
    def new(cls) -> "SigningKey":
        """Make a key with a name that no other has."""
        return cls(secrets.token_urlsafe(16), new_private_key())


class KeyRing:
    """The published keys, the one that signs first."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = StateFile(folder, "keys.json")
        self._lock = threading.Lock()
        self._keys = self._file.read(lambda kept: [SigningKey.restored(each) for each in kept.get("keys", [])])
        if not self._keys:
            self.rotate()

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._keys[0]

    def rotate(self) -> SigningKey:
        """Sign with a new key from now on; the last one stays published until the next rotation."""
        fresh = SigningKey.new()
        with self._lock:
            self._keys = [fresh, *self._keys[:1]]
            self._file.write({"keys": [each.kept() for each in self._keys]})
        return fresh

    def jwks(self) -> dict[str, Any]:
        """Return the key set as it is published."""
        return {"keys": [each.jwk() for each in self._keys]}

    def public(self, kid: Any) -> RSAPublicKey | None:
        """Return the published key of this name."""
        return next((each.public for each in self._keys if each.kid == kid), None)
