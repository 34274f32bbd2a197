"""One process of a leg: its imports, forks, launches, signals and ends."""
