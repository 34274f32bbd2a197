"""The Pythons of this machine."""

from __future__ import annotations

import functools
import subprocess
import sys

HOST = f"{sys.version_info.major}.{sys.version_info.minor}"
#: The Pythons that legs are tried on, where this machine has them.
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def uv(*arguments: str) -> str:
    from uv import find_uv_bin

    done = subprocess.run([find_uv_bin(), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@functools.cache
def find_python(version: str) -> str | None:
    """Return the program of a Python, or nothing where this machine has none; it is never downloaded."""
    if version == HOST:
        return sys.executable
    try:
        return uv("python", "find", "--no-project", "--no-python-downloads", version)
    except subprocess.CalledProcessError:
        return None


def other_python() -> str:
    """Return the newest Python of this machine apart from the one that runs the tests, or else that one."""
    return next((one for one in reversed(PYTHONS) if one != HOST and find_python(one)), HOST)
