"""The settings of a client."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import httpx

from ._errors import ConfigurationError, HeroBrainError
from ._retry import RetryPolicy

DEFAULT_BASE_URL = "https://api.herobrain.ai"
DEFAULT_TIMEOUT = 30.0
API_KEY_VARIABLE = "HEROBRAIN_API_KEY"

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What applies to every call of a client."""

    base_url: str = DEFAULT_BASE_URL
    tenant_id: str | None = None
    timeout: float = DEFAULT_TIMEOUT
    retry: RetryPolicy = field(default_factory=RetryPolicy)


class Credential(Generic[T]):
    """An API key or token, or a function that returns one. It has no representation that shows it."""

    __slots__ = ("_source",)

    def __init__(self, source: str | Callable[[], T]) -> None:
        self._source = source

    def current(self) -> str | T:
        """The credential for one attempt, or what the function returns."""
        return self._source() if callable(self._source) else self._source

    def __repr__(self) -> str:
        return "Credential(***)"

    def __reduce__(self) -> str:
        raise TypeError("a credential cannot be pickled")


def credential_of(api_key: str | Callable[[], T] | None, token: str | Callable[[], T] | None) -> Credential[T]:
    """The credential that the caller has given, or the one in the environment."""
    if api_key is not None and token is not None:
        raise ConfigurationError("give either api_key or token, not both")
    source = token if api_key is None else api_key
    if source is None:
        source = os.environ.get(API_KEY_VARIABLE)
    if not source:
        raise ConfigurationError(f"give api_key or token, or set the environment variable {API_KEY_VARIABLE}")
    if not callable(source):
        authorization(source)
    return Credential(source)


def authorization(credential: object) -> str:
    """The header for a credential. An error does not show it."""
    if credential is None or credential == "":
        # As while nobody is signed in.
        raise HeroBrainError("the function that was given for the credential has returned none", code="NO_CREDENTIAL")
    text = credential.strip() if isinstance(credential, str) else ""
    if not text or not all("!" <= character <= "~" for character in text):
        raise ConfigurationError("the credential must be a text of visible ASCII characters without spaces")
    return f"Bearer {text}"


def settings_of(base_url: str | None, tenant_id: str | None, timeout: float, retry: RetryPolicy) -> Settings:
    """Checks settings, so that a mistake is reported where it was made."""
    url = (DEFAULT_BASE_URL if base_url is None else base_url).rstrip("/")
    try:
        # It refuses what only a request would find, as an unusable port.
        httpx.URL(url)
        parts = urlsplit(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ConfigurationError(f"base_url is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError("base_url must begin with https:// or http:// and a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        # A user name in the URL would replace the credential.
        raise ConfigurationError("base_url must have no user name, query and fragment")
    if not isinstance(timeout, (int, float)) or not timeout > 0:
        raise ConfigurationError("timeout must be more than 0 seconds")
    numbers = (retry.attempts, retry.delay, retry.max_wait)
    if not all(isinstance(number, (int, float)) and number >= 0 for number in numbers):
        raise ConfigurationError("retry_attempts, retry_delay and max_retry_wait must be numbers, and not negative")
    return Settings(url, tenant_id, timeout, retry)
