"""What each tool that runs tests installs for them, read from its configuration; nothing is run."""
