"""Who sent a delivery: signatures of WooCommerce, the client state of Business Central. Everything compares in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["client_state", "fingerprint", "is_signed", "same_text", "signature"]


def signature(body: bytes, secret: str) -> str:
    """What WooCommerce sends as X-WC-Webhook-Signature: base64 of the HMAC-SHA256 of the body, byte for byte."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def is_signed(body: bytes, claimed: str, secret: str) -> bool:
    """Whether whoever sent the body knows the secret."""
    return same_text(signature(body, secret), claimed)


def client_state(secret: str, webstore_code: str) -> str:
    """What Business Central repeats in every notification.

    It travels readable inside of the body, so it is not the secret that WooCommerce signs with, but made of it.
    """
    return hmac.new(secret.encode(), f"client state of {webstore_code}".encode(), hashlib.sha256).hexdigest()


def same_text(known: str, claimed: str) -> bool:
    """Whether two texts are the same; how long that takes tells nothing about where they differ."""
    return hmac.compare_digest(known.encode(), claimed.encode("utf-8", "surrogateescape"))


def fingerprint(*parts: str | bytes) -> str:
    """32 hex digits for some parts; where one ends and the next begins counts."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
