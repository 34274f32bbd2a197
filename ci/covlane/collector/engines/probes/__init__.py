"""Python 3.11 and earlier: probes in the bytecode. All of it goes with Python 3.11."""
