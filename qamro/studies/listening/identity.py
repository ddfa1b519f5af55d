"""Who may do what: random links for raters, kept as salted hashes, and the owner's token."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets

OWNER = "QAMRO_OWNER_TOKEN"
"""Environment variable that holds the owner's token."""

SPACE = "SPACE_ID"
"""Environment variable that a Hugging Face Space sets: there, strangers visit."""

_BYTES = 24


def new_token() -> str:
    """Returns a token of 192 random bits, fit for an address."""
    return secrets.token_urlsafe(_BYTES)


def new_salt() -> str:
    """Returns 128 random bits as hexadecimal digits."""
    return secrets.token_hex(16)


def hashed(token: str, salt: str) -> str:
    """Returns what is stored instead of a token.

    A plain keyed hash is enough: nobody guesses 192 random bits, however fast each try is.
    """
    return hmac.new(bytes.fromhex(salt), token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def has_owner() -> bool:
    """Whether this server has an owner's token."""
    return bool(os.environ.get(OWNER))


def is_owner(token: str) -> bool:
    """Whether this is the owner's token, found out in constant time; never where no token is set."""
    expected = os.environ.get(OWNER, "")
    same = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))
    return bool(expected) and same


def may_set_up(token: str) -> bool:
    """Whether a visitor may set up a study: the owner, or anybody on a machine that has none and is no Space."""
    return is_owner(token) if has_owner() else not os.environ.get(SPACE)
