"""The steps of the lesson in docs/teaching.md: what the Margin page is set to, and what it then says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A step of the lesson: a configuration of the page, and what the page then says.

    Attributes:
        name: File name of its figure, without the ending.
        title: What stands on the slide.
        figure: "pair", "batch", "who" or "train".
        query: The page's state, as in a link that a teacher gives to students.
        sees: A sentence, or a part of one, that the page must then say; the lesson plan quotes it.
        shows: CSS selectors of the parts of the figure that go onto the slide.
        vote: The answer that a class votes for, where the step is a question.
    """

    name: str
    title: str
    figure: str
    query: str
    sees: str
    shows: tuple[str, ...]
    vote: str = ""

    @property
    def link(self) -> str:
        """The link's part after the app's address."""
        return f"?tab=margin&m.at={self.figure}" + (f"&{self.query}" if self.query else "")


_PAIR = ("svg[role=group]", ".pair-panels", ".story")
_BATCH = (".batch-grid", ".story")
_WHO = (".two", ".story")
_RUN = (".line-panels", ".curves")
_ASK = (".questions",)
SEEDS = (".seeds",)
_SWAP_TOP = "m.batch=3.55_3.7_3.85_3.3_3.3_3.15_3_2.9_2.75_2.5_2.35_2.2"
_SWAP_BOTTOM = "m.batch=3.85_3.7_3.55_3.3_3.3_3.15_3_2.9_2.75_2.2_2.35_2.5"
_SQUEEZED = "m.batch=3.17_3.14_3.11_3.06_3.06_3.03_3_2.98_2.95_2.9_2.87_2.84"

STEPS: tuple[Step, ...] = (
    Step(
        "1a-wrong-order",
        "Two clips in the wrong order. What does each loss ask for?",
        "pair",
        "",
        "MR wants A ahead by 0.10, misses 0.30. QAMRO wants A ahead by 0.26, misses 0.46 and counts it 5.8 times.",
        _PAIR,
    ),
    Step(
        "1b-hardly-different",
        "People hardly hear a difference. Who still asks for a gap?",
        "pair",
        "m.pair=3_2.9_3.05_3",
        "MR wants A ahead by 0.10, misses 0.05. QAMRO wants A ahead by 0.02 and is content.",
        _PAIR,
    ),
    Step(
        "1c-tied",
        "People score both the same. What is the right order?",
        "pair",
        "m.pair=3.5_3.5_4_3",
        "The pair is gone.",
        _PAIR,
    ),
    Step(
        "1d-at-the-bottom",
        "The same mistake among bad clips. What changes?",
        "pair",
        "m.pair=2.3_1_3_3.2",
        "misses 0.46 and counts it 2.9 times",
        _PAIR,
    ),
    Step(
        "2a-squeezed",
        "Every pair in the right order. Where does each loss see work?",
        "batch",
        _SQUEEZED,
        "The model has 0 out of order. MR asks more of 26 pairs, QAMRO of 65",
        _BATCH,
    ),
    Step(
        "2b-swap-at-the-top",
        "One swap at the top",
        "batch",
        _SWAP_TOP,
        "The model has 3 out of order. MR asks more of 3 pairs, QAMRO of 3",
        _BATCH,
    ),
    Step(
        "2c-swap-at-the-bottom",
        "One swap at the bottom",
        "batch",
        _SWAP_BOTTOM,
        "The model has 3 out of order. MR asks more of 3 pairs, QAMRO of 3",
        _BATCH,
    ),
    Step(
        "3a-seven-times",
        "With β = 7, does the top get seven times the attention?",
        "who",
        "",
        "of all that any β could add",
        _WHO,
    ),
    Step(
        "3b-turned-up",
        "β = 15: more attention for the top, or just louder?",
        "who",
        "m.beta=15",
        "of all that any β could add",
        _WHO,
    ),
    Step(
        "4a-which-scores",
        "Predict: which loss gets the scores right?",
        "train",
        "m.ask=scores",
        "Which one ends with the most accurate scores, the lowest MSE?",
        _ASK,
    ),
    Step(
        "4b-scores-answer",
        "Which loss got the scores right?",
        "train",
        "m.ask=scores",
        "Huber. MSE at the end: Huber 0.000",
        (".questions", *_RUN),
        "huber",
    ),
    Step(
        "4c-mean-answer",
        "MR alone: where did the average go?",
        "train",
        "m.ask=mean",
        "exactly where it started. Average before",
        (".questions", *_RUN),
        "start",
    ),
    Step(
        "4d-small-head",
        "A head that cannot get every pair right",
        "train",
        "",
        "after step 240, 52 of 276 pairs are out of order, SRCC 0.789",
        (*_RUN, "table"),
    ),
    Step(
        "5a-hundred-seeds",
        "The same on a hundred seeds",
        "train",
        "",
        "Pairs out of order at the top: −0.68 points (95 % interval −0.95 to −0.41), fewer.",
        SEEDS,
    ),
    Step(
        "5b-beta-fifteen",
        "A hundred seeds with β = 15",
        "train",
        "m.beta=15",
        "Among all pairs: +0.36 points (95 % interval +0.15 to +0.57), more.",
        SEEDS,
    ),
)
"""The steps, in the order of the lesson."""
