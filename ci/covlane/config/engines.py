"""What measures a leg, by the name that the setting `engine` has for it, and what is installed for it."""

from __future__ import annotations

#: The release of SlipCover whose lines and branches `collector/engines/slipcover_compat.py` works out.
MODEL = "1.1.0"
#: The requirements of each engine. Nothing of SlipCover runs in a leg but where its own command is the leg.
ENGINES: dict[str, tuple[str, ...]] = {
    "slipcover": (),
    "slipcover-cli": (f"slipcover=={MODEL}",),
    "coverage": ("coverage>=7.6",),
}
#: The first Python for which that release of SlipCover cannot be installed (its `requires-python`).
TOO_NEW = 15
