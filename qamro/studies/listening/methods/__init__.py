"""Kinds of listening test, in one table: a new one is a file here and a row of ``METHODS``.

A file says what is asked (which clips stand together), what a rater hears and sees, what an answer may be, how answers
are stored in a study, and how they are analysed. The table of what can be said of it is ``Method``.
"""

from __future__ import annotations

from qamro.studies.listening.methods import abx, cmos, dmos, mushra, preference, scores
from qamro.studies.listening.methods.method import Analysis, Given, Method, Screening

METHODS: dict[str, Method] = {
    method.key: method
    for method in (scores.METHOD, preference.METHOD, mushra.METHOD, cmos.METHOD, dmos.METHOD, abx.METHOD)
}
"""The kinds of test, in the order in which the set-up offers them."""

__all__ = ["METHODS", "Analysis", "Given", "Method", "Screening"]
