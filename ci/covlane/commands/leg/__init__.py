"""One leg: its environment is made, pytest runs under the collector, and its report is judged."""
