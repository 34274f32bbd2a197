"""Whether a commit is the release that its tag says."""

from __future__ import annotations

import re

#: Stands in README.md until the first release.
UNRELEASED = "not on the package index yet"


def problems(tag: str, version: str, changelog: str, readme: str) -> list[str]:
    """Return a sentence for each thing that is to change before the tag is pushed.

    Args:
        tag: such as v1.2.0.
        version: the package's.
        changelog: CHANGELOG.md.
        readme: README.md.
    """
    found = []
    if tag != f"v{version}":
        found.append(
            f"the tag {tag} is not v{version}: set __version__ in ci/covlane/__init__.py, or tag another"
        )
    if ".dev" in version:
        found.append(f"{version} is a development version: remove .dev from __version__")
    dated = rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)\n+- "
    if not re.search(dated, changelog, re.MULTILINE):
        found.append(f"CHANGELOG.md has no section `## {version} (YYYY-MM-DD)` with entries: write it")
    if UNRELEASED in readme:
        found.append(f"README.md says {UNRELEASED!r}: remove that paragraph")
    return found
