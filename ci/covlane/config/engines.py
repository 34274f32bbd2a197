"""What measures a leg, by the name that the setting `engine` has for it, and what is installed for it."""

from __future__ import annotations

#: The release of SlipCover whose lines and branches `collector/engines/slipcover_compat.py` works out.
MODEL = "1.1.0"
#: The requirements of each engine. SlipCover itself is none: no function of it runs in a leg.
ENGINES: dict[str, tuple[str, ...]] = {"slipcover": (), "coverage": ("coverage>=7.6",)}
