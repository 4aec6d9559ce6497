"""Only what HeroBrain has sent a moment ago is accepted: https://www.standardwebhooks.com"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from conftest import KEY

from herobrain import AsyncHeroBrain, ConfigurationError, HeroBrain, WebhookVerificationError
from herobrain._webhook_signature import verified_payload

# The example of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SENT = 1614265330
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
SIGNATURE = HEADERS["webhook-signature"]


def verify(body: bytes | str = BODY, secret: Any = SECRET, now: float = SENT, **headers: str) -> Any:
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return verified_payload(body, {**HEADERS, **changed}, secret, now=now)


def test_the_vector_is_accepted() -> None:
    assert verify() == verify(BODY.decode()) == {"test": 2432232314}


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": f"v1,{'A' * 43}= {SIGNATURE}"},
        {"webhook-signature": f"v1a,x {SIGNATURE} v2,y"},
    ],
)
def test_one_of_several_signatures_has_to_match(headers: dict[str, str]) -> None:
    assert verify(**headers)


def test_one_of_several_secrets_has_to_match() -> None:
    other = "whsec_" + base64.b64encode(b"x" * 24).decode()
    assert verify(secret=[other, SECRET])
    assert verify(secret=iter([SECRET, other]))
    with pytest.raises(WebhookVerificationError):
        verify(secret=[other])


def test_names_of_headers_have_no_case() -> None:
    headers = {name.title(): value for name, value in HEADERS.items()}
    assert verified_payload(BODY, headers, SECRET, now=SENT)


def test_a_secret_without_a_prefix_is_its_bytes() -> None:
    plain = "a plain secret of thirty-two char"
    mac = hmac.digest(plain.encode(), f"{HEADERS['webhook-id']}.{SENT}.".encode() + BODY, hashlib.sha256)
    signature = f"v1,{base64.b64encode(mac).decode()}"
    assert verify(secret=plain, webhook_signature=signature)
    with pytest.raises(WebhookVerificationError):
        verify(secret="whsec_" + base64.b64encode(b"x" * 24).decode(), webhook_signature=signature)


@pytest.mark.parametrize(("now", "accepted"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_the_tolerance_is_five_minutes_in_both_directions(now: int, accepted: bool) -> None:
    if accepted:
        assert verify(now=SENT + now)
    else:
        with pytest.raises(WebhookVerificationError, match="too far"):
            verify(now=SENT + now)


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY + b" "},
        {"webhook_id": "msg_other"},
        {"webhook_timestamp": str(SENT + 1)},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "9" * 5000},
        {"webhook_timestamp": ""},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,"},
        {"webhook_signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook_signature": SIGNATURE.removeprefix("v1,")},
        {"webhook_signature": SIGNATURE.replace("=", "")},
        {"webhook_signature": "v1,é"},
        {"webhook_id": ""},
    ],
    ids=str,
)
def test_everything_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WebhookVerificationError):
        verify(**change)


@pytest.mark.parametrize("secret", ["", [], [SECRET, ""], "whsec_", "whsec_not base64!", None, [None]], ids=str)
def test_an_unusable_secret_is_a_mistake_of_the_receiver(secret: Any) -> None:
    with pytest.raises(ConfigurationError, match="CONFIGURATION_ERROR"):
        verify(secret=secret)


@pytest.mark.parametrize(("body", "problem"), [(b"[1]", "not a JSON object"), (b"{", "not JSON")])
def test_what_is_signed_has_to_be_an_object(body: bytes, problem: str) -> None:
    signed = f"{HEADERS['webhook-id']}.{SENT}.".encode() + body
    mac = base64.b64encode(hmac.digest(b"secret", signed, hashlib.sha256)).decode()
    with pytest.raises(WebhookVerificationError, match=problem):
        verify(body, "secret", **{"webhook-signature": f"v1,{mac}"})


def test_the_event_is_returned() -> None:
    event = {"id": "evt_1", "event": "memory.merged", "data": {"id": "mem_1"}, "metadata": {}, "added": 1}
    body, sent = json.dumps(event).encode(), str(int(time.time()))
    mac = hmac.digest(base64.b64decode(SECRET[6:]), f"evt_1.{sent}.".encode() + body, hashlib.sha256)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
    with HeroBrain(api_key=KEY) as hb:
        for client in (hb, AsyncHeroBrain(api_key=KEY)):
            verified = client.webhooks.verify(body, headers, SECRET)
            assert (verified.id, verified.event, verified.data.id) == ("evt_1", "memory.merged", "mem_1")
        late = {**headers, "webhook-timestamp": str(int(sent) - 400)}
        with pytest.raises(WebhookVerificationError, match="no signature"):
            hb.webhooks.verify(body, late, SECRET, tolerance=500)
