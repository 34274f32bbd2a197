"""What measures a leg, by the name that the setting `engine` has for it, as a requirement."""

from __future__ import annotations

#: The release whose internals `collector/engines/slipcover_compat.py` knows.
SLIPCOVER = "slipcover==1.1.0"
ENGINES = {"slipcover": SLIPCOVER, "coverage": "coverage>=7.6"}
