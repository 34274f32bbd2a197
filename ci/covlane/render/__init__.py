"""Render reports and verdicts: terminal, Markdown, HTML, SVG."""
