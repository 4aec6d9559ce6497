#!/usr/bin/env python3
"""A smoke test of a deployed HeroBrain over HTTPS:

    API_URL=https://….execute-api.us-east-1.amazonaws.com API_KEY=hb_prod_… tests/deploy/smoke.py

The key needs every scope. Use a separate tenant on the free plan: the test exceeds the rate limit, which takes as
many requests as the plan's burst, and it sends at most 620. It deletes what it creates.
"""

import concurrent.futures
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MOST_REQUESTS = 620


class Client:
    """Requests with one key."""

    def __init__(self, url, key):
        self.url, self.key = url.rstrip("/"), key

    def send(self, method, path, body=None):
        """Returns the status, the headers and the envelope of the response."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.headers, json.load(refusal)

    def expect(self, status, method, path, body=None):
        """Checks the status and returns the data, or the first error. Waits and retries after a 429."""
        got, headers, envelope = self.send(method, path, body)
        while got == 429:
            time.sleep(int(headers["Retry-After"]))
            got, headers, envelope = self.send(method, path, body)
        if got != status:
            sys.exit(f"{method} {path}: {got} instead of {status}: {json.dumps(envelope)}")
        return envelope["data"] if envelope["success"] else envelope["errors"][0]


def keys(client):
    """A key works once it is created and is refused once it is revoked."""
    made = client.expect(201, "POST", "/api/v1/api-keys", {"name": "smoke test", "environment": "development"})
    other = Client(client.url, made["plainKey"])
    other.expect(200, "GET", "/api/v1/memories?limit=1")
    client.expect(200, "POST", "/api/v1/api-keys/revoke", {"keyId": made["id"]})
    refusal = other.expect(401, "GET", "/api/v1/memories?limit=1")
    assert refusal["code"].startswith("AUTH_"), refusal


def memories(client):
    """A memory can be read, found, changed and deleted."""
    content = "The smoke test keeps a marmalade jar on the windowsill"
    made = client.expect(201, "POST", "/api/v1/memories", {"content": content, "type": "semantic"})
    path = f"/api/v1/memories/{made['id']}"
    assert client.expect(200, "GET", path)["content"] == content
    found = client.expect(200, "POST", "/api/v1/memories/search", {"query": "marmalade windowsill"})
    assert made["id"] in [result["id"] for result in found["results"]], found
    changed = client.expect(200, "PATCH", path, {"content": "The jar is empty"})
    assert changed["content"] == "The jar is empty", changed
    client.expect(200, "DELETE", path)
    client.expect(404, "GET", path)


def memory_keys(client):
    """A memory is written, replaced, read and deleted by a key of any characters."""
    query = urllib.parse.urlencode({"key": "notes/2026?draft=%2F&..#1 +~🦀", "namespace": "smoke test/a~1b/../?#%"})
    path = f"/api/v1/memories/by-key?{query}"
    made = client.expect(201, "PUT", path, {"content": "The first version", "type": "semantic"})
    assert made["namespace"] == ["smoke test", "a/b", "..", "?#%"], made
    replaced = client.expect(200, "PUT", path, {"content": "The second version", "type": "semantic"})
    assert (replaced["id"], replaced["key"]) == (made["id"], "notes/2026?draft=%2F&..#1 +~🦀"), replaced
    assert client.expect(200, "GET", path)["content"] == "The second version"
    client.expect(200, "DELETE", path)
    client.expect(404, "GET", path)


def rate_limit(client):
    """Requests beyond the burst are refused with Retry-After."""
    burst = client.expect(200, "GET", "/api/v1/rate-limit")["burst"]["limit"]
    count = 3 * burst + 20
    if count > MOST_REQUESTS:
        sys.exit(f"the burst of {burst} is too large for this test: use a key of a tenant on the free plan")
    with concurrent.futures.ThreadPoolExecutor(max_workers=20) as pool:
        answers = list(pool.map(lambda _: client.send("GET", "/api/v1/memories?limit=1"), range(count)))
    refused = [headers for status, headers, _ in answers if status == 429]
    others = {status for status, _, _ in answers} - {200, 429}
    assert not others, f"unexpected statuses {others}"
    assert refused, f"all of {count} concurrent requests were admitted, with a burst of {burst}"
    assert all(int(headers["Retry-After"]) >= 1 for headers in refused)


def main():
    try:
        client = Client(os.environ["API_URL"], os.environ["API_KEY"])
    except KeyError as missing:
        sys.exit(f"{missing.args[0]} is not set\n\n{__doc__}")
    client.expect(200, "GET", "/health")
    client.expect(404, "GET", "/no/such/route")
    for test in (keys, memories, memory_keys, rate_limit):
        test(client)
        print(f"ok  {test.__doc__}", flush=True)


if __name__ == "__main__":
    main()
