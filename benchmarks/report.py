"""Keeps ``benchmarks/RESULTS.md``: one section a benchmark, each written by the code that measured it."""

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
_TITLE = "# Measurements\n\nEach section is written by the program that it names.\n"


def write_section(title: str, text: str, path: Path = RESULTS) -> None:
    """Puts a section of the second level into the file in place of an older one of the same title, or at the end."""
    old = path.read_text() if path.exists() else _TITLE
    head, *sections = old.split("\n## ")
    own = f"{title}\n\n{text.strip()}\n"
    titles = [section.split("\n", 1)[0] for section in sections]
    if title in titles:
        sections[titles.index(title)] = own
    else:
        sections.append(own)
    path.write_text("\n\n## ".join(part.strip() for part in (head, *sections)) + "\n")
