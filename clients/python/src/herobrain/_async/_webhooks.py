"""Calls for webhook endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .. import types
from .._encoding import Time, fields, query, segment
from .._envelope import Envelope
from .._model import parse
from .._omit import OMIT, Omit
from .._pagination import listing
from .._request import Request, conditions, write_headers
from .._webhook_signature import DEFAULT_TOLERANCE, verified_payload
from ._paginate import AsyncPager, paginate
from ._resource import AsyncResource

_PATH = "/api/v1/webhooks"


class AsyncWebhooks(AsyncResource):
    """Webhook endpoints, and what they receive."""

    def list(self) -> AsyncPager[types.WebhookList, types.Webhook]:
        """Lists the endpoints."""
        source = listing(Request("GET", _PATH), types.WebhookList, lambda data: data.webhooks)
        return paginate(self._transport, source)

    async def create(
        self,
        *,
        name: str,
        url: str,
        events: Sequence[types.EventPattern],
        secret: str | Omit = OMIT,
        status: types.WebhookStatus | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> Envelope[types.WebhookWithSecret]:
        """Creates an endpoint. `secret` is in this response only."""
        body = fields(name=name, url=url, events=events, secret=secret, status=status)
        request = Request("POST", _PATH, body=body, headers=write_headers(idempotency_key=idempotency_key))
        return await self._transport.call(request, types.WebhookWithSecret)

    async def get(self, id: str, *, if_none_match: str | None = None) -> Envelope[types.Webhook]:
        """Reads an endpoint. Raises NotModifiedError if it still has the version `if_none_match`."""
        request = Request("GET", f"{_PATH}/{segment(id)}", headers=conditions(if_none_match=if_none_match))
        return await self._transport.call(request, types.Webhook)

    async def update(
        self,
        id: str,
        *,
        name: str | Omit = OMIT,
        url: str | Omit = OMIT,
        events: Sequence[types.EventPattern] | Omit = OMIT,
        status: types.WebhookStatus | Omit = OMIT,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.Webhook]:
        """Changes the given fields of an endpoint."""
        body = fields(name=name, url=url, events=events, status=status)
        headers = write_headers(idempotency_key=idempotency_key, if_match=if_match)
        request = Request("PATCH", f"{_PATH}/{segment(id)}", body=body, headers=headers)
        return await self._transport.call(request, types.Webhook)

    async def delete(self, id: str, *, if_match: str | None = None) -> Envelope[types.DeletedWebhook]:
        """Deletes an endpoint, and discards what waits for it."""
        request = Request("DELETE", f"{_PATH}/{segment(id)}", headers=conditions(if_match=if_match))
        return await self._transport.call(request, types.DeletedWebhook)

    async def test(self, id: str, *, idempotency_key: str | None = None) -> Envelope[types.WebhookTestResult]:
        """Sends a signed sample to an endpoint, and waits up to 15 s for its response."""
        headers = write_headers(idempotency_key=idempotency_key)
        request = Request("POST", f"{_PATH}/{segment(id)}/test", body={}, headers=headers)
        return await self._transport.call(request, types.WebhookTestResult)

    async def rotate_secret(
        self,
        id: str,
        *,
        grace_period_seconds: int | Omit = OMIT,
        secret: str | Omit = OMIT,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.RotatedWebhookSecret]:
        """Gives an endpoint a new secret, which only this response has. Both sign until the grace period has passed."""
        body = fields(grace_period_seconds=grace_period_seconds, secret=secret)
        headers = write_headers(idempotency_key=idempotency_key, if_match=if_match)
        request = Request("POST", f"{_PATH}/{segment(id)}/rotate-secret", body=body, headers=headers)
        return await self._transport.call(request, types.RotatedWebhookSecret)

    async def recover(
        self, id: str, *, since: Time, idempotency_key: str | None = None
    ) -> Envelope[types.WebhookRecovery]:
        """Sends all events since a time again."""
        headers = write_headers(idempotency_key=idempotency_key)
        request = Request("POST", f"{_PATH}/{segment(id)}/recover", body=fields(since=since), headers=headers)
        return await self._transport.call(request, types.WebhookRecovery)

    def deliveries(
        self,
        id: str,
        *,
        status: types.DeliveryStatus | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPager[types.DeliveryLog, types.DeliveryAttempt]:
        """Lists the attempts of the last 30 days, the newest first, and then what waits for its first attempt."""
        source = listing(
            Request("GET", f"{_PATH}/{segment(id)}/deliveries", query(status=status, limit=limit, cursor=cursor)),
            types.DeliveryLog,
            lambda data: data.deliveries,
            lambda data: data.next_cursor,
        )
        return paginate(self._transport, source)

    async def resend(
        self, id: str, event_id: str, *, idempotency_key: str | None = None
    ) -> Envelope[types.ResentEvent]:
        """Sends an event again."""
        path = f"{_PATH}/{segment(id)}/deliveries/{segment(event_id)}/resend"
        request = Request("POST", path, body={}, headers=write_headers(idempotency_key=idempotency_key))
        return await self._transport.call(request, types.ResentEvent)

    @staticmethod
    def verify(
        body: bytes | str,
        headers: Mapping[str, str],
        secret: str | Iterable[str],
        *,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> types.Event:
        """Returns the event that an endpoint has received, if one of the secrets has signed it.

        `body` is the raw body: JSON that was parsed and written again has another signature. An event that was sent more than
        `tolerance` seconds ago, or is not signed, raises WebhookVerificationError. It makes no request.
        """
        return parse(types.Event, verified_payload(body, headers, secret, tolerance=tolerance))
