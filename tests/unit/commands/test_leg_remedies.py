"""What to do where a suite does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.commands.leg import remedies
from covlane.config import settings

if TYPE_CHECKING:
    from pathlib import Path

INSTALLED = "installed was -r requirements.txt, groups unit (pyproject.toml [tool.covlane])"
TABLE = '[tool.covlane]\ninstall = ["-r", "requirements.txt"]\ngroups = ["unit"]\n'


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        (
            "conftest.py cannot be imported: ModuleNotFoundError: No module named 'a.b'",
            f"add what provides a to `install` or `groups` in [tool.covlane]; {INSTALLED}",
        ),
        (
            "ModuleNotFoundError: No module named 'inner'",
            (
                'inner is in src, which the tests do not import from: set `pytest-args = ["-o", "pythonpath=src"]` '
                "in [tool.covlane]"
            ),
        ),
        (
            "ModuleNotFoundError: No module named 'top'",
            (
                "top is in this folder, which the tests do not import from: "
                'set `pytest-args = ["-o", "pythonpath=."]` in [tool.covlane]'
            ),
        ),
        (
            (
                "t.py cannot be imported: django.core.exceptions.ImproperlyConfigured: Requested setting INSTALLED_APPS, "
                "but settings are not configured."
            ),
            (
                'name Django\'s settings: `pytest-args = ["-o", "DJANGO_SETTINGS_MODULE=NAME"]` in [tool.covlane], '
                "with pytest-django in `install`"
            ),
        ),
        (
            "unrecognized arguments: --cov-branch --x",
            f"add pytest-cov to `install` or `groups` in [tool.covlane]; {INSTALLED}",
        ),
        (
            "unrecognized arguments: --covers",
            f"add the plugin that has --covers to `install` or `groups` in [tool.covlane]; {INSTALLED}",
        ),
        (
            "Missing required plugins: pytest-x>=1, pytest-y",
            f"add pytest-x>=1, pytest-y to `install` or `groups` in [tool.covlane]; {INSTALLED}",
        ),
        ("pytest stopped at an internal error", ""),
    ],
)
def test_what_pytest_says_has_one_remedy(tmp_path: Path, reason: str, remedy: str) -> None:
    (tmp_path / "pyproject.toml").write_text(TABLE, "utf-8")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "inner.py").touch()
    (tmp_path / "top").mkdir()
    configured = settings.load(tmp_path, {})
    assert remedies.of(["pytest did not start", reason], configured) == remedy
