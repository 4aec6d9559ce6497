"""The client of the HeroBrain API.

from herobrain import HeroBrain

with HeroBrain(api_key="hb_…") as hb:
    hb.memories.create(content="Prefers the window seat", type="semantic")
"""

from . import types
from ._async._client import AsyncHeroBrain
from ._async._events import AsyncEventFeed
from ._async._page import AsyncPage
from ._async._paginate import AsyncPager
from ._envelope import Envelope
from ._errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    ErrorDetail,
    HeroBrainConnectionError,
    HeroBrainError,
    HeroBrainTimeoutError,
    InvalidResponseError,
    NotFoundError,
    NotModifiedError,
    PermissionDeniedError,
    PreconditionFailedError,
    QuotaExceededError,
    RateLimitError,
    WebhookVerificationError,
)
from ._omit import OMIT
from ._sync._client import HeroBrain
from ._sync._events import EventFeed
from ._sync._page import Page
from ._version import __version__

__all__ = [
    "OMIT",
    "AsyncEventFeed",
    "AsyncHeroBrain",
    "AsyncPage",
    "AsyncPager",
    "AuthenticationError",
    "ConfigurationError",
    "ConflictError",
    "Envelope",
    "ErrorDetail",
    "EventFeed",
    "HeroBrain",
    "HeroBrainConnectionError",
    "HeroBrainError",
    "HeroBrainTimeoutError",
    "InvalidResponseError",
    "NotFoundError",
    "NotModifiedError",
    "Page",
    "PermissionDeniedError",
    "PreconditionFailedError",
    "QuotaExceededError",
    "RateLimitError",
    "WebhookVerificationError",
    "__version__",
    "types",
]
