"""What to do where a suite does not start: one remedy for what pytest said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covlane.config.settings import Configured

#: pytest's options of the plugins that suites ask for most.
OPTIONS = {
    "--cov": "pytest-cov",
    "--numprocesses": "pytest-xdist",
    "-n": "pytest-xdist",
    "--dist": "pytest-xdist",
    "--timeout": "pytest-timeout",
    "--asyncio-mode": "pytest-asyncio",
    "--ds": "pytest-django",
    "--reruns": "pytest-rerunfailures",
    "--benchmark": "pytest-benchmark",
    "--random-order": "pytest-random-order",
    "--randomly": "pytest-randomly",
    "--mypy": "pytest-mypy",
    "--forked": "pytest-forked",
    "--html": "pytest-html",
    "--snapshot": "syrupy",
    "--nbval": "nbval",
}


def of(reasons: Iterable[str], configured: Configured) -> str:
    """Return the remedy for the first reason that has one, an empty string if none has.

    Args:
        reasons: why a leg is incomplete.
        configured: the project.
    """
    makers: tuple[tuple[str, Callable[[re.Match[str], Configured], str]], ...] = (
        (r"No module named '([\w.]+)'", _module),
        (r"import filter module '([\w.]+)'", _module),
        (r"DJANGO_SETTINGS_MODULE|settings are not configured", _django),
        (r"unrecognized arguments: (\S+)", _option),
        (r"Missing required plugins: (.+)", _plugins),
        (r"pytest found no tests", _nothing),
    )
    for pattern, make in makers:
        for reason in reasons:
            if found := re.search(pattern, reason):
                return make(found, configured)
    return ""


def _module(found: re.Match[str], configured: Configured) -> str:
    name = found[1].partition(".")[0]
    for folder in ("src", "lib", "tests", "."):
        place = configured.root / folder / name
        if place.is_dir() or place.with_suffix(".py").is_file():
            return (
                f"{name} is in {'this folder' if folder == '.' else folder}, which the tests do not import from: "
                f'set `pytest-args = ["-o", "pythonpath={folder}"]` in [tool.covlane]'
            )
    return f"add what provides {name} to `install` or `groups` in [tool.covlane]; {_installed(configured)}"


def _installed(configured: Configured) -> str:
    """Say what was installed, and who said so."""
    settings, origins = configured.settings, configured.origins
    groups = f", groups {' '.join(settings.groups)}" if settings.groups else ""
    return f"installed was {' '.join(settings.install) or 'nothing'}{groups} ({origins['install']})"


def _django(_: re.Match[str], configured: Configured) -> str:  # noqa: ARG001 - as the others
    return (
        'name Django\'s settings: `pytest-args = ["-o", "DJANGO_SETTINGS_MODULE=NAME"]` in [tool.covlane], '
        "with pytest-django in `install`"
    )


def _option(found: re.Match[str], configured: Configured) -> str:
    option = found[1].partition("=")[0]
    plugin = next((OPTIONS[name] for name in OPTIONS if option == name or option.startswith(f"{name}-")), "")
    asked = plugin or f"the plugin that has {option}"
    return f"add {asked} to `install` or `groups` in [tool.covlane]; {_installed(configured)}"


def _plugins(found: re.Match[str], configured: Configured) -> str:
    return f"add {found[1].strip()} to `install` or `groups` in [tool.covlane]; {_installed(configured)}"


def _nothing(_: re.Match[str], configured: Configured) -> str:  # noqa: ARG001 - as the others
    return 'name the folder of the tests: `pytest-args = ["-o", "testpaths=FOLDER"]` in [tool.covlane]'
