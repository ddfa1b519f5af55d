"""Whether a clip is like those that heads were trained on, in one word and in a sentence.

``qamro.heads.domain`` measures it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qamro.counts import count

INSIDE, EDGE, OUTSIDE, UNKNOWN = "inside", "edge", "outside", "unknown"
"""What a clip can be: like the training clips; at their edge; unlike them; or nobody kept what they were like."""


def worst(domains: Sequence[str]) -> str:
    """Returns what a clip is for several heads at once: the worst that is known; ``UNKNOWN`` for none."""
    return max(domains, key=(UNKNOWN, INSIDE, EDGE, OUTSIDE).index, default=UNKNOWN)


def in_words(domains: Iterable[object]) -> str:
    """Says how many clips are like those that heads were trained on; empty where nothing is known.

    Args:
        domains: For each clip one of the four words; anything else is passed over.

    Example:
        >>> in_words(["inside", "outside", "inside"])
        'of 3 clips 2 are like those that the heads were trained on. 1 is unlike them (outside): its score is a guess'
    """
    words = [str(word) for word in domains]
    counts = {word: words.count(word) for word in (INSIDE, EDGE, OUTSIDE, UNKNOWN)}
    if not counts[INSIDE] + counts[EDGE] + counts[OUTSIDE]:
        return ""

    def are(n: int) -> str:
        return f"{n} {'is' if n == 1 else 'are'}"

    total = sum(counts.values())
    alike = are(counts[INSIDE]) if counts[INSIDE] else "none is"
    parts = [f"{alike} like those that the heads were trained on"]
    if counts[EDGE]:
        parts.append(f"{are(counts[EDGE])} at their edge")
    if counts[UNKNOWN]:
        parts.append(f"{are(counts[UNKNOWN])} unknown")
    told = f"of {count(total, 'clip')} {', '.join(parts)}"
    if not counts[OUTSIDE]:
        return told
    guess = "its score is a guess" if counts[OUTSIDE] == 1 else "their scores are guesses"
    return f"{told}. {are(counts[OUTSIDE])} unlike them (outside): {guess}"


def known(domains: Iterable[object]) -> list[str]:
    """Keeps what a column of a score table says in one of the four words; empty for anything else.

    Args:
        domains: One entry a clip; a foreign table may call something else ``domain``.

    Returns:
        One entry a clip; nothing at all where no clip is known to be inside, at the edge or outside.
    """
    words = [str(word) if str(word) in (INSIDE, EDGE, OUTSIDE, UNKNOWN) else "" for word in domains]
    return words if {INSIDE, EDGE, OUTSIDE} & set(words) else []
