"""Verifies what a webhook endpoint receives: https://www.standardwebhooks.com"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

from ._errors import ConfigurationError, WebhookVerificationError

DEFAULT_TOLERANCE = 300.0


def verified_payload(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    now: float | None = None,
) -> dict[str, Any]:
    """The JSON object of a body that one of the secrets has signed within `tolerance` seconds before or after `now`."""
    values = {name.lower(): value for name, value in headers.items()}
    identifier, sent = values.get("webhook-id", ""), values.get("webhook-timestamp", "")
    given = values.get("webhook-signature", "")
    if not (identifier and sent and given):
        raise WebhookVerificationError("the headers webhook-id, webhook-timestamp and webhook-signature are required")
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 12):
        raise WebhookVerificationError("webhook-timestamp is not a number of seconds")
    if abs((time.time() if now is None else now) - int(sent)) > tolerance:
        raise WebhookVerificationError("webhook-timestamp is too far from the current time")
    raw = body.encode() if isinstance(body, str) else bytes(body)
    signed = f"{identifier}.{sent}.".encode() + raw
    keys = [_key(each) for each in ([secret] if isinstance(secret, str) else secret or ())]
    if not keys:
        raise ConfigurationError("no secret of the webhook was given")
    if not any(_matches(key, signed, given) for key in keys):
        raise WebhookVerificationError("no signature matches")
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        raise WebhookVerificationError("the body is not JSON") from None
    if not isinstance(payload, dict):
        raise WebhookVerificationError("the body is not a JSON object")
    return cast("dict[str, Any]", payload)


def _key(secret: str) -> bytes:
    if not isinstance(secret, str):
        raise ConfigurationError("the secret of a webhook must be a text")
    if not secret.startswith("whsec_"):
        key = secret.encode()
    else:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raise ConfigurationError("the secret of a webhook is not base64 after whsec_") from None
    if not key:
        # Anybody could sign with an empty key.
        raise ConfigurationError("the secret of a webhook is empty")
    return key


def _matches(key: bytes, signed: bytes, given: str) -> bool:
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    matches = [hmac.compare_digest(expected, signature) for signature in given.encode().split(b" ")]
    return any(matches)
