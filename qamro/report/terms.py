"""The words of the field that a reader may not know, each explained once: About, reports and views link to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes:
        name: What the page of terms calls it.
        text: What it is, in sentences of at most twenty words.
        words: How texts write it, each spelling once; a text links the first of them to the page of terms. None for
            words that everybody knows, whose meaning here is worth a line.
    """

    name: str
    text: str
    words: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its id in a page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


TERMS: tuple[Term, ...] = (
    # Words that stand everywhere
    Term("Clip", "One sound file."),
    Term("Prompt", "The text that a clip was generated from."),
    Term("System", "What generated a clip: a model, or a person."),
    Term("Axis", "One quality that is judged, with a scale of its own; the table above has them."),
    Term("Rating", "One number that one rater gave one clip on one axis."),
    Term("Study", "Clips with their prompts, systems and ratings."),
    Term("Predictor", "A program that says how people would rate a clip."),
    Term("Encoder", "A large network that turns sound into numbers, which heads read.", ("encoder", "encoders")),
    Term("Head", "A small network that turns an encoder's numbers into a score; this is what is trained."),
    Term("MOS", "Mean opinion score: the mean of all ratings of a clip.", ("MOS", "mos")),
    Term(
        "Zero-shot",
        "A score by a model that was never trained on ratings.",
        ("zero-shot",),
    ),
    # How well a predictor agrees
    Term(
        "SRCC",
        "Spearman's rank correlation: whether two lists have the same order. 1 is the same order, 0 none, −1 reversed.",
        ("SRCC", "Spearman", "rank correlation", "rank correlations"),
    ),
    Term(
        "LCC",
        "Pearson's linear correlation: how close points lie to a straight line. 1 is on a rising line.",
        ("LCC", "Pearson"),
    ),
    Term(
        "KTAU",
        "Kendall's tau: the share of pairs in the same order, less the share in the opposite one.",
        ("KTAU", "Kendall", "tau-b", "tau"),
    ),
    Term(
        "ACC",
        "The share of pairs that a predictor puts in the right order. ACC_EQ counts ties as well.",
        ("ACC", "ACC_EQ"),
    ),
    Term("MSE", "Mean squared error: the mean of the squared distances, in squared points.", ("MSE",)),
    Term("TOP1", "Whether the best one is found.", ("TOP1",)),
    Term(
        "System level and utterance level",
        "At system level, means of systems are compared; at utterance level, single clips.",
        ("system level", "system-level", "utterance level", "utterance-level", "utterance"),
    ),
    Term(
        "Ceiling",
        "How well one half of the raters predicts the other half. No predictor can be expected to do much better.",
        ("ceiling", "ceilings", "split-half"),
    ),
    Term(
        "Identity line",
        "Where a prediction equals the rating.",
        ("identity line",),
    ),
    # How sure a number is
    Term(
        "Interval",
        "The range that the true number lies in with the stated probability, were everything drawn anew.",
        ("confidence interval", "confidence intervals", "t-interval"),
    ),
    Term(
        "Bootstrap",
        "Drawing systems, clips and raters anew from those that there are, to see how a number varies.",
        ("bootstrap", "paired bootstrap"),
    ),
    Term(
        "p value",
        "The chance of such a difference where there is none. Small ones speak for a difference.",
        ("p value", "p values", "p_holm", "Holm", "Bonferroni"),
    ),
    Term(
        "Williams' test",
        "A test of two correlations with the same ratings. It takes clips for independent.",
        ("Williams", "p_williams"),
    ),
    Term(
        "Critical difference",
        "How far two average ranks must lie apart to differ, by Friedman's and Nemenyi's tests.",
        ("critical difference", "critical-difference", "Friedman", "Nemenyi", "chi-square"),
    ),
    Term(
        "Standard error",
        "How far an estimate lies from the truth in a typical repetition.",
        ("standard error", "standard errors"),
    ),
    Term(
        "Standard deviation",
        "How far values typically lie from their mean.",
        ("standard deviation", "standard deviations", "SD"),
    ),
    Term(
        "Half-width",
        "Half the length of an interval: how far the true number may be to either side.",
        ("half-width", "half-widths"),
    ),
    Term(
        "Split conformal calibration",
        "Intervals made from errors on clips that the predictor had not seen. Nine of ten like clips fall inside.",
        ("split conformal", "split-conformal", "conformal"),
    ),
    Term(
        "Confidence sequence",
        "An interval that holds whenever one looks, so that one may stop early.",
        ("confidence sequence", "confidence sequences", "anytime-valid"),
    ),
    Term(
        "Domain",
        "Whether a clip is like those of training: inside, at the edge, or outside, where a score is a guess.",
    ),
    # Raters
    Term(
        "Krippendorff's alpha",
        "How far raters agree about clips: 1 always, 0 as by chance.",
        ("Krippendorff's alpha", "Krippendorff", "alpha ="),
    ),
    Term(
        "ICC",
        "Intraclass correlation: how far a rating, or the mean of k ratings, can be relied on.",
        ("ICC(2,1)", "ICC(2,k)", "ICC(1,1)", "ICC(1,k)", "ICC", "intraclass correlation"),
    ),
    Term(
        "P.910, P.913 and BT.500",
        "Rules of the ITU for who stands apart among raters, and for the quality behind their ratings.",
        ("P.910", "P.913", "BT.500"),
    ),
    Term("Bias", "How far a rater scores above or below all raters."),
    Term(
        "Inconsistency",
        "How far a rater's scores scatter about bias and quality.",
        ("inconsistency", "inconsistent"),
    ),
    Term("Recovered quality", "A clip's mean after raters' biases are set right.", ("recovered quality",)),
    Term(
        "Maximum likelihood",
        "The numbers under which the data would be most likely.",
        ("maximum likelihood", "REML"),
    ),
    # Kinds of tests, votes, planning
    Term(
        "MUSHRA",
        "A test in which raters score several versions of one piece beside a hidden reference.",
        ("MUSHRA", "webMUSHRA", "anchor", "anchors"),
    ),
    Term("CMOS", "A test in which raters say how much better one clip is than another.", ("CMOS",)),
    Term("DMOS", "A test in which raters say how much worse a clip is than its reference.", ("DMOS",)),
    Term("ABX", "A test in which raters say whether X is A or B: whether a difference can be heard.", ("ABX",)),
    Term(
        "Post-screening",
        "Leaving out raters who miss what everybody hears, by the rule of the test.",
        ("post-screening",),
    ),
    Term(
        "Log-odds",
        "The scale of scores by votes. A difference of 1 wins 73 % of the votes that decide.",
        ("log-odds", "Bradley", "Davidson"),
    ),
    Term(
        "Prediction-powered",
        "Means from a few rated and many predicted clips, with intervals that stay honest.",
        ("prediction-powered", "PPI"),
    ),
    # Training
    Term(
        "Objective",
        "What training makes small: a sum of errors of scores, orders or distributions.",
        ("hinge", "Huber", "listwise", "MAE"),
    ),
    Term(
        "Epoch",
        "One pass over the clips of training.",
        ("epoch", "epochs", "early stop", "early stopping"),
    ),
    Term("Seed", "The number from which random numbers start; another seed gives other heads.", ("seed", "seeds")),
    Term(
        "Optimiser",
        "The rule by which training changes a network's numbers.",
        ("AdamW", "SGD", "optimiser", "optimisers", "dropout", "learning rate"),
    ),
    Term(
        "Embedding",
        "The numbers that an encoder makes of a clip.",
        ("embedding", "embeddings", "log-mel"),
    ),
    Term(
        "Ridge regression",
        "The plainest predictor on the same numbers: a straight line, fitted with care.",
        ("ridge regression",),
    ),
)
"""In the order of the page of terms."""

LINKED: dict[str, Term] = {word: term for term in TERMS for word in term.words}
"""Terms by how texts write them."""

PATTERN = r"(?<![\w.])(?:" + "|".join(map(re.escape, sorted(LINKED, key=len, reverse=True))) + r")(?![\w]|\.\d)"
"""Finds a spelling in a text; the same in Python and in JavaScript."""

_FIND = re.compile(PATTERN)


def jargon(text: str) -> list[str]:
    """The spellings of terms in a text, in their order.

    Example:
        >>> jargon("SRCC 0.9 by the bootstrap, and SRCC again")
        ['SRCC', 'bootstrap', 'SRCC']
    """
    return _FIND.findall(text)


def linked(text: str, seen: set[str], write: Callable[[str], str] = escape) -> str:
    """Writes a text as HTML; each term becomes a link to its explanation where it first stands.

    Args:
        text: Plain text.
        seen: Ids of the terms that were linked before; the new ones join them.
        write: Escapes the rest.

    Example:
        >>> linked("SRCC <1, SRCC", set())
        '<a class="term" href="#term-srcc">SRCC</a> &lt;1, SRCC'
    """
    parts, at = [], 0
    for found in _FIND.finditer(text):
        term = LINKED[found[0]]
        if term.id in seen:
            continue
        seen.add(term.id)
        link = f'<a class="term" href="#{term.id}">{write(found[0])}</a>'
        parts += [write(text[at : found.start()]), link]
        at = found.end()
    return "".join([*parts, write(text[at:])])


def explained(ids: set[str] | None = None) -> str:
    """The terms as an HTML list.

    Args:
        ids: Which of them; all unless given.
    """
    rows = [
        f'<dt id="{term.id}">{escape(term.name)}</dt><dd>{escape(term.text)}</dd>'
        for term in TERMS
        if ids is None or term.id in ids
    ]
    return f'<dl class="terms">{"".join(rows)}</dl>'
