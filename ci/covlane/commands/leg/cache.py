"""The folder of what holds as long as a source, the engine and this package stay the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import covlane
from covlane.adapters import files
from covlane.config import engines

if TYPE_CHECKING:
    import nox

    from covlane.config.settings import Configured

#: What runs in the leg; it is started by its path and never imported here.
COLLECTOR = Path(covlane.__file__).parent / "collector"
#: Files that tell git and backup programs to skip the cache (https://bford.info/cachedir/).
CACHE_FILES = {
    ".gitignore": "# Written by covlane.\n*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# Written by covlane.\n",
}


def folder(session: nox.Session, configured: Configured) -> str:
    """Return the folder, and make it: one for each engine and version of covlane, below the one that is set.

    Empty where none is set, where it cannot be made, or where others can write into it: code that runs is kept there.
    """
    chosen = configured.settings
    digest = hashlib.blake2b(repr(engines.ENGINES[chosen.engine]).encode(), digest_size=8)
    for path in sorted(COLLECTOR.rglob("*.py")):
        digest.update(path.read_bytes())
    place = configured.root / chosen.cache
    if not chosen.cache:
        return ""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        inside = place / f"{chosen.engine}-{digest.hexdigest()}"
        if shared := next(filter(files.shared, (place, inside)), None):
            session.warn(
                f"{shared} is not used as the cache: other users can write to it, and code in it is run; "
                f"remove it, or make it yours: `chmod go-w`, and `chown` if it is another user's"
            )
            return ""
        inside.mkdir(mode=0o700, exist_ok=True)
        for name, text in CACHE_FILES.items():
            if not (place / name).exists():
                (place / name).write_text(text, "utf-8")
    except OSError:
        return ""
    return str(inside)
