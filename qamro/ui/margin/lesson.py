"""The steps of the lesson in docs/teaching.md: what the Margin page is set to, and what it then says.

They stand in ``assets/margin/lesson.json``, where the page's presentation reads them, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from qamro.paths import assets


@dataclass(frozen=True)
class Step:
    """A step of the lesson: a configuration of the page, and what the page then says.

    Attributes:
        name: File name of its figure, without the ending; what a link to its slide calls it.
        title: What stands on the slide.
        figure: "pair", "batch", "who" or "train".
        query: The page's state, as in a link that a teacher gives to students; with ``m.ask`` it opens covered.
        sees: A sentence, or a part of one, that the page must then say; the lesson plan quotes it.
        shows: CSS selectors of the parts of the figure that go onto the slide, beside a question that is asked.
        at: Where the link lands; the figure where empty.
        covered: Whether what it sees is the question itself, with the answer still covered.
    """

    name: str
    title: str
    figure: str
    query: str
    sees: str
    shows: tuple[str, ...]
    at: str = ""
    covered: bool = False

    @property
    def link(self) -> str:
        """The link's part after the app's address."""
        return f"?tab=margin&m.at={self.at or self.figure}" + (f"&{self.query}" if self.query else "")

    @property
    def slide(self) -> str:
        """The same for its slide in the presentation."""
        return f"?tab=margin&m.slide={self.name}"

    @property
    def asks(self) -> bool:
        """Whether it opens with its answer covered, which is to be revealed."""
        return "m.ask=" in self.query and not self.covered


STEPS: tuple[Step, ...] = tuple(
    Step(**(row | {"shows": tuple(row["shows"])}))
    for row in json.loads((assets() / "margin" / "lesson.json").read_text(encoding="utf-8"))
)
"""The steps, in the order of the lesson."""
