"""What the collector calls of the standard library, as it was before the program could put something in its place.

Suites patch `open` and `os`, freeze `time` and run on file systems that they make up. Functions that no module has
as an attribute of its own are found by none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io as io  # noqa: PLC0414 - handed on
    import json as json  # noqa: PLC0414
    import os as os  # noqa: PLC0414
    import time as time  # noqa: PLC0414
else:
    from types import SimpleNamespace

    def _kept(name: str) -> SimpleNamespace:
        return SimpleNamespace(**vars(__import__(name)))

    io, json, os, time = map(_kept, ("io", "json", "os", "time"))
    os.path = SimpleNamespace(**vars(os.path))
