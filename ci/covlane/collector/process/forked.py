"""pytest-forked, mended in this process where its releases fail; nothing that is installed changes.

Both can go once pytest-forked does it itself; docs/forked.md says how to see that.
"""

from __future__ import annotations

import builtins
import sys
from typing import Any

PLUGIN = "pytest_forked"
_MENDED = "_covlane_mended"


def mend_if_loaded() -> None:
    """Mend the plugin if this process has it; called before each fork, which is when it matters."""
    plugin: Any = sys.modules.get(PLUGIN)
    if plugin is not None and hasattr(plugin, "serialize_report") and not hasattr(plugin, _MENDED):
        _mend_serialisation(plugin)
        _mend_open(plugin)
        setattr(plugin, _MENDED, True)


def _mend_serialisation(plugin: Any) -> None:
    """Send a report's node id as a string: pytest 9.2 keeps an object, which marshal refuses."""
    original = plugin.serialize_report

    def serialize_report(report: Any) -> dict[str, Any]:
        values: dict[str, Any] = original(report)
        if values.pop("_id", None) is not None:
            values["nodeid"] = report.nodeid
        return values

    plugin.serialize_report = serialize_report


def _mend_open(plugin: Any) -> None:
    """Keep the child's output files open to its end.

    They are dropped where pytest's capturing replaces sys.stdout, and with warnings as errors each test fails
    by their ResourceWarning. The two are the plugin's only files with a line buffer.
    """
    kept = []

    def open_and_keep(*arguments: Any, **named: Any) -> Any:
        file = builtins.open(*arguments, **named)  # noqa: SIM115 - whoever opens it closes it
        if named.get("buffering") == 1:
            kept.append(file)
        return file

    plugin.open = open_and_keep
