"""Encryption at rest for identity numbers, with key rotation: the first key encrypts, all of them decrypt."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def cipher() -> MultiFernet:
    """The cipher of the configured keys (ENCRYPTION_KEYS, newest first)."""
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in settings.ENCRYPTION_KEYS]
    )


def encrypt(text: str) -> str:
    """The text as a token that only this installation's keys can read."""
    return cipher().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text of a token. Raises cryptography.fernet.InvalidToken for one that no configured key made."""
    return cipher().decrypt(token.encode()).decode()
