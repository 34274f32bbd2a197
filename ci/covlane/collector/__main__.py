"""`python <this folder> run|measure|finish LEG …`: load the collector without leaving a trace on sys.path."""

import importlib.util
import os
import sys

PACKAGE = "_covlane_collector"


def _load() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None  # noqa: S101 - a file with a location has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    _load()
    command = importlib.import_module(PACKAGE + ".command")
    sys.exit(command.main(sys.argv[1:]))
