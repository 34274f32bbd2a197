"""`python <this folder> run|measure|finish LEG …`: the collector's command line."""

import importlib
import sys

if __name__ == "__main__":
    # This folder is the first entry of sys.path, and leaves it as soon as the collector has its private name.
    processes = importlib.import_module("leg.processes")
    processes.load()
    del sys.modules["leg.processes"], sys.modules["leg"]
    command = importlib.import_module(processes.PACKAGE + ".start.command")
    done = command.main(sys.argv[1:])
    if not isinstance(done, int):
        try:
            # Called from here, pytest leaves its tests as much of the stack as under `python -m pytest`.
            code = done.main(plugins=done.plugins)
        except BrokenPipeError:
            code = None
        done = done.end(code)
    sys.exit(done)
