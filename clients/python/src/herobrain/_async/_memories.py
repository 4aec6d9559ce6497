"""All calls for memories."""

from __future__ import annotations

from ._memory_batches import AsyncMemoryBatches
from ._memory_items import AsyncMemoryItems
from ._memory_keys import AsyncMemoryKeys
from ._memory_lists import AsyncMemoryLists


class AsyncMemories(AsyncMemoryItems, AsyncMemoryKeys, AsyncMemoryLists, AsyncMemoryBatches):
    """Memories."""
