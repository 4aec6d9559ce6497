#!/usr/bin/env python3
"""A smoke test of a deployed HeroBrain over HTTPS:

    API_URL=https://….execute-api.us-east-1.amazonaws.com API_KEY=hb_prod_… tests/deploy/smoke.py

The key needs every scope. Use a separate tenant on the free plan: the test exceeds the rate limit, which takes as
many requests as the plan's burst, at most 620. It deletes what it creates.

With RECEIVER_URL it also waits for a signed event. It is a public https URL whose requests reach port RECEIVER_PORT (8000) of
this machine, for example through a tunnel.
"""

import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

MOST_REQUESTS = 620
# A new event source mapping may need a minute before it reads its stream.
EVENT_SECONDS = 180


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


def docs(client):
    """The OpenAPI document and the files of its viewer are served to everybody."""
    def get(path):
        with urllib.request.urlopen(client.url + path, timeout=30) as answer:
            return answer.read().decode()

    assert json.loads(get("/openapi.json"))["openapi"].startswith("3.1.")
    files = [text for text in get("/docs").split('"') if text.startswith("/docs/")]
    assert files and all(map(get, files)), files


def dashboard(client):
    """The dashboard asks visitors to sign in, and its files are served to everybody."""
    with urllib.request.urlopen(client.url + "/dashboard/sign-in", timeout=30) as answer:
        page = answer.read().decode()
        assert "Sign in" in page and "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], page
    files = [text for text in page.split('"') if text.startswith("/dashboard/static/")]
    for file in files:
        with urllib.request.urlopen(client.url + file, timeout=30) as answer:
            assert "immutable" in answer.headers["Cache-Control"], file
    assert files, page


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


def events(client):
    """A change of a memory arrives in the feed, once, with the memory as it is."""
    url = f"https://example.com/smoke-test/{time.time_ns()}"
    # An inactive endpoint gets nothing, and is how to have the feed alone.
    endpoint = {"name": "smoke test", "url": url, "events": ["memory.*"], "status": "inactive"}
    made = client.expect(201, "POST", "/api/v1/webhooks", endpoint)
    try:
        cursor = client.expect(200, "GET", "/api/v1/events?cursor=latest")["nextCursor"]
        memory = client.expect(201, "POST", "/api/v1/memories", {"content": "An event", "type": "semantic"})
        created, cursor, seconds = follow(client, cursor, memory["id"])
        assert created["event"] == "memory.created", created
        assert created["data"]["content"] == "An event", created
        client.expect(200, "DELETE", f"/api/v1/memories/{memory['id']}")
        deleted, _, _ = follow(client, cursor, memory["id"])
        assert (deleted["event"], deleted["data"]["reason"]) == ("memory.deleted", "deleted"), deleted
        assert "content" not in deleted["data"], deleted
    finally:
        client.expect(200, "DELETE", f"/api/v1/webhooks/{made['id']}")
    print(f"    memory.created was in the feed {seconds:.1f} s after the response")


def follow(client, cursor, memory):
    """Waits for the next event of a memory. Returns it, the cursor after its page, and the seconds it took."""
    began = time.monotonic()
    while time.monotonic() - began < EVENT_SECONDS:
        query = urllib.parse.urlencode({"cursor": cursor, "types": "memory.*"})
        page = client.expect(200, "GET", f"/api/v1/events?{query}")
        cursor = page["nextCursor"]
        found = [event for event in page["events"] if event["data"]["id"] == memory]
        if found:
            assert len(found) == 1, found
            return found[0], cursor, time.monotonic() - began
        if not page["hasMore"]:
            time.sleep(1)
    sys.exit(f"no event of {memory} in the feed after {EVENT_SECONDS} s: see IteratorAgeAlarm in infra/OPERATIONS.md")


@contextlib.contextmanager
def receiver(port):
    """Receives webhooks: a queue of their headers and bodies."""
    received = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.put((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield received
        finally:
            server.shutdown()


def check_signatures(secret, headers, body):
    """Checks both signatures of a request."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    assert abs(time.time() - int(timestamp)) < 300, timestamp
    signed = hmac.digest(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}", headers
    signed = hmac.digest(key, f"{timestamp}.".encode() + body, hashlib.sha256).hex()
    assert headers["x-herobrain-signature"] == f"t={timestamp},v1={signed}", headers


def webhooks(client):
    """A change of a memory is sent to an endpoint, signed, and the attempt is in its log."""
    with receiver(int(os.environ.get("RECEIVER_PORT", "8000"))) as received:
        endpoint = {"name": "smoke test", "url": os.environ["RECEIVER_URL"], "events": ["memory.created"]}
        made = client.expect(201, "POST", "/api/v1/webhooks", endpoint)
        path = f"/api/v1/webhooks/{made['id']}"
        try:
            memory = client.expect(201, "POST", "/api/v1/memories", {"content": "An event", "type": "semantic"})
            began = time.monotonic()
            try:
                headers, body = received.get(timeout=EVENT_SECONDS)
            except queue.Empty:
                log = client.expect(200, "GET", f"{path}/deliveries")["deliveries"]
                sys.exit(f"no webhook at RECEIVER_PORT after {EVENT_SECONDS} s; the log of attempts: {json.dumps(log)}")
            seconds = time.monotonic() - began
            check_signatures(made["secret"], headers, body)
            event = json.loads(body)
            assert (event["event"], event["data"]["id"]) == ("memory.created", memory["id"]), event
            assert event["id"] == headers["webhook-id"], event
            while not (log := client.expect(200, "GET", f"{path}/deliveries?status=succeeded")["deliveries"]):
                assert time.monotonic() - began < EVENT_SECONDS, "the attempt is not in the log"
                time.sleep(1)
            assert (log[0]["eventId"], log[0]["statusCode"]) == (event["id"], 204), log
            client.expect(200, "DELETE", f"/api/v1/memories/{memory['id']}")
        finally:
            client.expect(200, "DELETE", path)
    print(f"    the event arrived {seconds:.1f} s after the response")


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
    delivered = [webhooks] if os.environ.get("RECEIVER_URL") else []
    for test in (docs, dashboard, keys, memories, memory_keys, events, *delivered, rate_limit):
        test(client)
        print(f"ok  {test.__doc__}", flush=True)


if __name__ == "__main__":
    main()
