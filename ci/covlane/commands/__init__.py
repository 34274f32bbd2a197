"""One module for each thing that a person types: handed settings and clients, it returns a result to print."""
