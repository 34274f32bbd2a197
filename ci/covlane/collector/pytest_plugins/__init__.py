"""pytest as a leg runs it, and the plugins of ours that it may load."""
