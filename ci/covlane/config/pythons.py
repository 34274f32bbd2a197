"""The Pythons that a lane measures, and until when each is kept."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone

#: Each release's last day: the first of the month that the Python developer's guide gives as its end of life
#: (https://devguide.python.org/versions/, "Supported versions"; read in December 2026).
END_OF_LIFE = {
    "3.10": date(2026, 10, 1),
    "3.11": date(2027, 10, 1),
    "3.12": date(2028, 10, 1),
    "3.13": date(2029, 10, 1),
    "3.14": date(2030, 10, 1),
    "3.15": date(2031, 10, 1),
}
#: The oldest Python that legs run on.
OLDEST = next(iter(END_OF_LIFE))
#: The day on which the newest release of the table came out; the next comes a year later (PEP 602).
NEWEST_SINCE = date(2026, 10, 1)
#: What the setting `pythons` takes: CPython, its free-threaded build, PyPy, by their names in nox and in setup-python.
NAME = re.compile(r"3\.\d+t?|pypy3\.\d+")


def today() -> date:
    """Return the day that decides which releases are kept."""
    return datetime.now(timezone.utc).date()


def current(day: date) -> tuple[str, ...]:
    """Return the releases that are kept on a day, oldest first."""
    return tuple(name for name, end in END_OF_LIFE.items() if day < end)


def minor(name: str) -> int:
    """Return the second number of a release's name: 12 for `3.12`."""
    return int(name.rpartition(".")[2].rstrip("t"))


def has_contexts(name: str) -> bool:
    """Say whether a Python can tell which test each line runs for: `sys.monitoring` restarts its events from 3.12 on."""
    return not is_pypy(name) and minor(name) >= 12  # noqa: PLR2004


def is_pypy(name: str) -> bool:
    """Say whether a name of the setting `pythons` is PyPy's."""
    return name.startswith("pypy")
