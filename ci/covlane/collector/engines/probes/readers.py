"""Up to Python 3.11: packages that read the bytecode of functions, which has probes in it."""

from __future__ import annotations

from importlib import metadata

#: They compile bytecode, or make expressions of it.
UP_TO_3_11 = ("numba", "pony", "pyjion", "torch")
#: It compares bytecode with what a source compiles to, for varname, icecream and others; later it looks at columns.
UP_TO_3_10 = ("executing",)


def warning(python: tuple[int, int]) -> str:
    """Return what to say before the tests of this environment's packages, nothing where there is no need."""
    names = [*UP_TO_3_11 * (python <= (3, 11)), *UP_TO_3_10 * (python <= (3, 10))]
    found = [name for name in names if _is_installed(name)]
    if not found:
        return ""
    return (
        f"covlane: up to Python 3.11 measuring changes bytecode, and these packages read it: {', '.join(found)}\n"
        '  -> where their tests fail, set engine = "coverage", or run the leg on Python 3.12 or later\n'
    )


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
