"""What is talked about: lines, files, legs and the report. Frozen, and without any input or output."""
