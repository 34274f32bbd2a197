"""The only owners of side effects: files, processes, git, HTTP and the environment."""
