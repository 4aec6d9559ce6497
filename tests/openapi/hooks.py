"""What schemathesis has to know about this API beyond its document."""

import itertools
import json
import os
import re
import unicodedata
from collections.abc import Iterable

import schemathesis

# A run that revoked or rotated its own key would end its own access.
OWN_KEY = "key_" + os.environ["HEROBRAIN_API_KEY"].split("_", 2)[2][:12]
LINES = "application/x-ndjson"
NUMBERS = itertools.count()
# The ids of resources that were created.
CREATED = set()
# Several runs share a server.
RUN = os.getpid()
# Fields whose values no schema describes: a request with one of them may be refused, one without them has to be accepted.
BEYOND_SCHEMA = {
    # Opaque, and of one query.
    "cursor",
    # Times the limit it is bounded, and it is not beside a cursor.
    "page",
    # A grammar, whose fields have operators of their own.
    "filter",
    # In the future, and not beside ttlSeconds.
    "expiresAt",
    # At most so many bytes, levels and values.
    "metadata",
    # Only beside metadata.
    "metadataMode",
    # 24 to 64 bytes, of which UTF-8 or base64 makes characters.
    "secret",
}

# Characters that show nothing, of categories whose others do.
FILLERS = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0}
FILLERS |= set(range(0xE0100, 0xE01F0))
INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}


def is_blank(text):
    """Tells whether a text has characters, none of which is visible: no schema knows which are."""
    return text != "" and all(unicodedata.category(c) in INVISIBLE or ord(c) in FILLERS for c in text)


def has_blank(part):
    """Tells whether a value of a query or a body, or a part of it, is a blank text."""
    if isinstance(part, str):
        return is_blank(part)
    if isinstance(part, dict):
        part = part.values()
    return isinstance(part, Iterable) and any(map(has_blank, part))


def fields_of(part):
    """Returns the names of the fields that a query or a body has a value for."""
    return {name for name, value in part.items() if value is not None} if isinstance(part, dict) else set()


def without_tenant(node):
    """Leaves out tenantId: only the caller's own is accepted, which no schema knows."""
    if isinstance(node, list):
        node[:] = [without_tenant(part) for part in node if not (isinstance(part, dict) and part.get("name") == "tenantId")]
    elif isinstance(node, dict):
        if node.get("additionalProperties") is False:
            node["properties"].pop("tenantId", None)
        for part in node.values():
            without_tenant(part)
    return node


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Presents a body of lines as a list of their values, which can be generated."""
    without_tenant(raw_schema)
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                if media["schema"].get("contentMediaType") == LINES:
                    line = media["schema"]["contentSchema"]
                    # Without examples, which are texts.
                    media.clear()
                    media["schema"] = {"type": "array", "maxItems": 1000, "items": line}


@schemathesis.serializer(LINES, "application/ndjson", "application/jsonl")
def write_lines(context, value):
    """Writes a list as lines, and anything else as one line."""
    lines = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(line) for line in lines).encode()


@schemathesis.deserializer(LINES)
def read_lines(context, response):
    """Reads lines as their text, which is what their schema describes."""
    return response.content.decode()


@schemathesis.hook
def filter_case(context, case):
    """Leaves the key of the run alone, and leaves out an Idempotency-Key that is sent twice, which is that key."""
    keys = str(case.headers.get("Idempotency-Key", "")).split(",")
    if len(keys) > 1 and len({key.strip() for key in keys}) == 1:
        return False
    return OWN_KEY not in json.dumps([case.body, case.query, case.path_parameters], default=str)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sends events nowhere, and lets a request get behind its headers: no other has its Idempotency-Key."""
    url = case.body.get("url") if isinstance(case.body, dict) else None
    if isinstance(url, str) and url.startswith("http") and len(url) < 2048:
        # Nothing listens on the port.
        case.body["url"] = f"http://127.0.0.1:9/{RUN}/{next(NUMBERS)}"
    if re.fullmatch(r"[!-+.-~-]{1,255}", str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = f"request-{RUN}-{next(NUMBERS)}"
    if "If-Match" in case.headers and case.meta.generation.mode.is_positive:
        case.headers["If-Match"] = "*"


@schemathesis.hook
def after_call(context, case, response):
    """Notes what was created."""
    if response.status_code == 201:
        CREATED.add(json.loads(response.content)["data"]["id"])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Leaves out what is no failure: the refusal of what no schema describes, and of single items, which a successful response
    reports; and a key that is not found under an id that was generated in the place of the link's."""
    kind = type(failure).__name__
    if kind == "EnsureResourceAvailability" and isinstance(case.body, dict) and "keyId" in case.body:
        return str(case.body["keyId"]) in CREATED
    if kind == "RejectedPositiveData":
        beyond = (fields_of(case.query) | fields_of(case.body)) & BEYOND_SCHEMA
        # A generated Authorization takes the place of the credential.
        return response.status_code != 401 and not beyond and not has_blank([case.query, case.body])
    if kind != "AcceptedNegativeData":
        return True
    data = json.loads(response.content).get("data")
    return not (isinstance(data, dict) and data.get("failed"))
