"""A bound on this process's memory, where the system has one, while it reads what others wrote."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

try:
    import resource
except ImportError:  # pragma: no cover - Windows has none
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def limited(most: int) -> Iterator[None]:
    """Let what runs inside have at most so many bytes of address space; beyond that Python raises MemoryError.

    A lower limit that is set already stays, and a system that has no such limit sets none.
    """
    if resource is None:
        yield
        return
    before = soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [one for one in (soft, hard, most) if one != resource.RLIM_INFINITY]
    # macOS knows the limit and refuses to set it.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)
