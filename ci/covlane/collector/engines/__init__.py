"""What measures, and what counts afterwards: SlipCover's model by `sys.monitoring` or probes, or coverage.py."""
