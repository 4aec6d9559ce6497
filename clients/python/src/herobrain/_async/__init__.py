"""The asynchronous client. `_sync` is generated from it, but for the modules that wait."""
