"""The code objects of a source: a module's, and those of all that is defined in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types


def codes(code: types.CodeType) -> list[types.CodeType]:
    """Return code and the code in it that runs by itself; from Python 3.14 on annotations run where they are asked for."""
    kind, found = type(code), [code]
    for each in found:  # which grows
        found += [one for one in each.co_consts if type(one) is kind and one.co_name != "__annotate__"]
    return found
