"""What a call raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import ImportedMemories


@dataclass(frozen=True)
class ErrorDetail:
    """One entry of `errors` in an error response."""

    code: str
    message: str
    field: str | None = None


class HeroBrainError(Exception):
    """A call has failed.

    `code` is the API's error code, as RESOURCE_NOT_FOUND. Without one it is a code of this client: CONNECTION_ERROR, TIMEOUT,
    INVALID_RESPONSE, UNEXPECTED_REDIRECT, NOT_MODIFIED, NO_CREDENTIAL, CONFIGURATION_ERROR or WEBHOOK_VERIFICATION_FAILED.
    `retry_after` is in seconds. After an import that failed, `imported` has the results of the requests before.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        errors: Sequence[ErrorDetail] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.errors = tuple(errors)
        self.imported: ImportedMemories | None = None

    def __str__(self) -> str:
        answer = [] if self.status is None else [f"status {self.status}"]
        if self.request_id is not None:
            answer.append(f"request {self.request_id}")
        return f"{self.code}: {self.message}" + (f" ({', '.join(answer)})" if answer else "")

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are pickled with their positional arguments alone, which these do not accept.
        return _restore, (type(self), self.__dict__)


def _restore(kind: type[HeroBrainError], state: dict[str, object]) -> HeroBrainError:
    error = kind.__new__(kind, state["message"])
    error.__dict__.update(state)
    return error


class HeroBrainConnectionError(HeroBrainError):
    """No answer was received."""


class HeroBrainTimeoutError(HeroBrainConnectionError):
    """No answer was received within the timeout."""


class InvalidResponseError(HeroBrainError):
    """The answer is not one of the API, as the error page of a proxy."""


class NotModifiedError(HeroBrainError):
    """The resource still has the version given as `if_none_match`."""


class AuthenticationError(HeroBrainError):
    """The credential is missing, unknown, revoked or expired (401)."""


class QuotaExceededError(HeroBrainError):
    """The quota of the plan is used up (402)."""


class PermissionDeniedError(HeroBrainError):
    """The credential does not permit the call (403)."""


class NotFoundError(HeroBrainError):
    """The resource does not exist (404)."""


class ConflictError(HeroBrainError):
    """The resource exists already, or the request is in progress (409)."""


class PreconditionFailedError(HeroBrainError):
    """The resource has changed since the version given as `if_match`, or exists already (412)."""


class RateLimitError(HeroBrainError):
    """Too many requests (429)."""


class ConfigurationError(HeroBrainError, ValueError):
    """The client was given unusable settings, or an unusable secret of a webhook."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="CONFIGURATION_ERROR")


class WebhookVerificationError(HeroBrainError):
    """A webhook was not sent by HeroBrain, or too long ago."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="WEBHOOK_VERIFICATION_FAILED")


_KINDS: dict[int, type[HeroBrainError]] = {
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    412: PreconditionFailedError,
    429: RateLimitError,
}


def error_class(status: int) -> type[HeroBrainError]:
    """The class of errors with this status."""
    return _KINDS.get(status, HeroBrainError)
