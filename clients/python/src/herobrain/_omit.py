"""The default of parameters that are not sent, which is not the same as None: None is JSON null."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal


class Omit(Enum):
    """The type of OMIT."""

    OMIT = "OMIT"

    def __repr__(self) -> str:
        return "OMIT"

    def __bool__(self) -> Literal[False]:
        return False


OMIT: Final = Omit.OMIT
"""The value of a parameter that is not sent."""
