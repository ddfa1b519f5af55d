"""Column names, compared by words: ``listener_name``, ``IDListener``, ``filename_deg``, ``Höreralter``, ``评分``.

Words stand for concepts (see ``words``), and concepts decide what a column means.
"""

from __future__ import annotations

import re
from functools import lru_cache

from qamro.audio import AUDIO_ENDINGS
from qamro.axes import AXES
from qamro.studies.importers.words import CONCEPT_OF, GIVEN, QUALITY, words_of

_RATES = {"frame", "sample", "sampling", "bit", "speech", "speaking", "approval", "error", "word"}

_QUALITY_END = re.compile(r"(?:ness|ity|ance|ence|ism|heit|keit|ité|ite|idad|度|性)$")
_FULL_NAMES = {axis.name.replace(" ", "").lower(): key for key, axis in AXES.items()}
_SOUND = re.compile(rf"\.(?:{'|'.join(ending[1:] for ending in AUDIO_ENDINGS)}|mp2|ac3|amr|m4b|wv)$", re.IGNORECASE)
_RATER = re.compile(
    r"^(?:r|l|p|s|u|rater|listener|participant|subject|subj|user|expert|judge|annotator|worker|evaluator|vote|score"
    r"|rating|h[oö]e?rer|proband|teilnehmer|auditeur|sujet|oyente|sujeto|participante|evaluador|听者|评分者|评委)?"
    r"[ _.#-]?\d+$"
)
_CODE = re.compile(r"^(?=.*\d)(?=.*[a-z])[a-z0-9]{3,24}$", re.IGNORECASE)
SEPARATORS = ("_", "-", ".", ":", "/", "|", " ")


@lru_cache(maxsize=65536)
def role_of(name: str) -> str:
    """Returns what a column's name says that it means: a role of the layout, or ``never`` for what is no rating.

    ``private`` columns tell who a person is; ``prediction`` comes from a model; empty where the name says nothing.
    """
    words = words_of(name)
    found = [CONCEPT_OF.get(word, set()) for word in words]
    every = set().union(*found) if found else set()
    if not words:
        return ""
    if _is_count(name, words):
        return "mean_of"
    if "private" in every or (words[0] == "e" and "mail" in words):
        return "private"
    if every & {"name"} and every <= {"name", "id", "count"} and not _names_a_thing(words):
        return "private"
    if words in {("ip",), ("country",)} or any(pair <= set(words) for pair in _PERSONAL):
        return "private"
    if "predicted" in every:
        return "prediction" if "mos" not in words[:1] or len(words) > 1 else "rating"
    if known_axis(name):
        return ""
    if words[-1] == "by" and words[0] in ("completed", "annotated", "rated", "submitted", "judged"):
        return "rater"
    if words[0] in ("question", "frage", "pregunta") and words[-1] in ("id", "ids", "nr", "no"):
        return "source"  # what was asked about, not which quality
    last = next((kinds for kinds in reversed(found) if kinds - {"name"}), set())
    if "about" in last:
        return "about"
    if "never" in every or ("rate" in words and set(words) & _RATES):
        return "never"
    if "note" in every and "rating" not in last:
        return "" if words == ("note",) else "note"
    named = [kinds - {"name", "id", "count", "mean", "about"} for kinds in found]
    named = [kinds for kinds in named if kinds]
    if not named:
        plain = {"mean"} & every and len(words) <= 2
        return "rating" if plain else "id" if "id" in every else "about" if "about" in every else ""
    return _head(words, named)


def _head(words: tuple[str, ...], named: list[set[str]]) -> str:
    """What the last word that means something says; who or what was rated is told by what stands beside it."""
    flat = set().union(*named)
    last = named[-1]
    if (
        "rating" in last
        and len(words) > 1
        and {"rater"} & flat
        and "id" in {c for w in words for c in CONCEPT_OF.get(w, ())}
    ):
        return "rater"  # answer_id, response id: an id is no score
    if words[-2:] in {("response", "id"), ("session", "uuid"), ("session", "id")}:
        return "rater"
    if "rating" in last and len(words) > 1 and words[-1] in ("id", "ids", "uuid", "guid"):  # the answer's own
        return "id"
    if words == ("response",) or words[-1] == "response":
        return "rating"
    if "clip" in last and "path" in flat:
        return "clip"
    if "source" in last and "clip" in flat:  # filename_ref: the reference of the clip
        return "note" if words[-1] in ("ref", "reference") else "source"
    if "path" in last and "clip" in flat:
        return "clip" if "url" in words or "link" in words else "path"
    for role in ("rating", "rater", "system", "axis", "clip", "path", "prompt", "source", "note"):
        if role in last:
            return role
    return ""


_PAIRS = (
    "user agent,mother tongue,native language,code postal,postal code,zip code,codigo postal,student id,birth year,"
    "how old,wie alt,year born,hearing loss,mac addr,remote addr,social security,qq id,we chat,langue maternelle,"
    "first name,last name"
)
_PERSONAL = tuple(set(pair.split()) for pair in _PAIRS.split(","))
"""Words that tell who a person is only together."""
_OF_A_PERSON = {
    "first",
    "last",
    "full",
    "your",
    "family",
    "given",
    "middle",
    "real",
    "own",
    "vor",
    "nach",
    "sur",
    "nick",
}


def _names_a_thing(words: tuple[str, ...]) -> bool:
    """Whether a name is that of something else than a person: ``Spreadsheet Name``."""
    return any(not CONCEPT_OF.get(word) and word not in _OF_A_PERSON and not word.isdigit() for word in words)


def _is_count(name: str, words: tuple[str, ...]) -> bool:
    """Whether a name says how many ratings there are: ``n``, ``num_ratings``, ``# Votes``, ``votes``, ``mean_of``."""
    if words in {("n",), ("count",), ("votes",), ("mean", "of"), ("ratings",)} or name.strip().startswith("#"):
        return True
    counted = {
        "responses",
        "votes",
        "ratings",
        "raters",
        "listeners",
        "vote",
        "rating",
        "judgments",
        "answers",
        "scores",
    } & set(words)
    return bool(counted) and bool(
        {"n", "num", "count", "nb", "no", "number", "anzahl", "nombre", "numero"} & set(words)
    )


def known_axis(name: str) -> str:
    """Returns the known axis that a header names, by key or in full; empty when none."""
    if name.strip().upper() in AXES:
        return name.strip().upper()
    return _FULL_NAMES.get(re.sub(r"[^a-z0-9]", "", name.lower()), "")


_TRUTH = ("gt", "truth", "true", "label", "labels", "target", "human", "subjective", "actual", "real")


def is_truth(name: str) -> bool:
    """Whether a column beside a model's says by its name that it is what listeners said: ``gt``, ``true_mos``."""
    return bool(set(_TRUTH) & set(words_of(name))) and role_of(name) != "prediction"


_ASKS = {"q", "question", "frage", "score", "rating", "answer", "response", "mos", "mean", "avg", "axis", "how"}


def axis_token(name: str) -> str:
    """Returns the known axis that stands in capitals in a header, beside words for a question: ``q_MI``; else empty."""
    parts = re.findall(r"[^\W_]+", name)
    found = [part for part in parts if part in AXES]
    others = {part.lower() for part in parts if part not in AXES}
    return found[0] if len(found) == 1 and others <= _ASKS else ""


def is_quality(name: str) -> bool:
    """Whether a header names a quality that is rated: a known axis, ``naturalness``, ``SIG``, ``Overall Coherence``."""
    if known_axis(name) or axis_token(name):
        return True
    words = [word for word in words_of(name) if not word.isdigit()]
    return any(word in QUALITY or (_QUALITY_END.search(word) and not _else(word)) for word in words)


def _else(word: str) -> bool:
    """Whether a word that ends like a quality is something else: ``confidence``, ``sentence``, ``reference``."""
    return bool({"never", "private", "source"} & CONCEPT_OF.get(word, set()))


def is_plainly_quality(name: str) -> bool:
    """Whether a header holds a word for a quality that stands for nothing else: ``Clarity of Song Structure``."""
    words = words_of(name)
    return any((word in QUALITY or _QUALITY_END.search(word)) and word not in CONCEPT_OF for word in words)


def is_rater(name: str) -> bool:
    """Whether a header looks like the name of a rater: ``r1``, ``listener_07``, ``3``, ``anna``."""
    plain = name.strip().lower()
    return bool(_RATER.match(plain)) or plain in GIVEN or bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", plain))


def is_numbered(name: str) -> bool:
    """Whether a header is a rater's number, with or without a word before it."""
    return bool(_RATER.match(name.strip().lower()))


def is_code(name: str) -> bool:
    """Whether a header could be a pseudonym: letters and digits that are no word (``Lq1xA``)."""
    return bool(_CODE.match(name.strip())) and not re.fullmatch(r"[^\W\d_]+\d+", name.strip())  # q10 is a question


def is_sound(name: str) -> bool:
    """Whether a text ends like the name of a sound file."""
    return bool(_SOUND.search(name.strip()))


def sound_in(text: str) -> str:
    """Returns the name of a sound file that stands in a text, empty when none does."""
    match = re.search(rf"[^\s\"'\[\](){{}}<>|;,]+{_SOUND.pattern.removesuffix('$')}(?![\w])", text, re.IGNORECASE)
    return match[0] if match else ""


def _is_nothing_else(axis: str) -> bool:
    """Whether all words of a header are of a quality."""
    return bool(known_axis(axis)) or all(word in QUALITY or bool(_QUALITY_END.search(word)) for word in words_of(axis))


def split_headers(names: list[str]) -> dict[str, tuple[str, str]]:
    """Splits headers that hold an axis and a rater, in either order: ``MI_r1``, ``anna.naturalness``.

    Returns:
        For each header its axis and its rater; empty when the headers do not divide into a grid of at least two
        raters in which most fields are there.
    """
    spare: dict[str, tuple[str, str]] = {}
    for separator in SEPARATORS:
        for cut in (str.partition, str.rpartition):
            pairs = {name: cut(name.strip(), separator) for name in names}
            if not all(before and after for before, _, after in pairs.values()):
                continue
            heads = list(dict.fromkeys(before for before, _, _ in pairs.values()))
            tails = list(dict.fromkeys(after for _, _, after in pairs.values()))
            if len(heads) * len(tails) > 1.5 * len(names):
                continue
            axis_first = _axes_first(heads, tails)
            if axis_first is None:
                continue
            split = {
                name: (before, after) if axis_first else (after, before) for name, (before, _, after) in pairs.items()
            }
            made = {name: (known_axis(axis) or axis, rater) for name, (axis, rater) in split.items()}
            if all(map(_is_nothing_else, {axis for axis, _ in made.values()})):
                return made
            spare = spare or made
    return spare


def _axes_first(heads: list[str], tails: list[str]) -> bool | None:
    """Whether the first parts are the axes; None when the parts look like neither."""
    for told in (lambda parts: all(map(known_axis, parts)), lambda parts: any(map(known_axis, parts))):
        if told(heads) != told(tails):
            first = bool(told(heads))
            people = tails if first else heads
            return first if len(people) > 1 or all(map(is_rater, people)) else None
    if all(map(is_rater, tails)) != all(map(is_rater, heads)):
        raters_last = all(map(is_rater, tails))
        others, people = (heads, tails) if raters_last else (tails, heads)
        if all(is_quality(other) for other in others):
            return raters_last
        named = all(re.search(r"[^\W\d_]", other) for other in others)  # dates are no axes
        return raters_last if named and len(others) > 1 and len(people) > 1 else None
    if len(heads) < 2 or len(tails) < 2:
        return None
    if all(map(is_quality, heads)) != all(map(is_quality, tails)):
        return all(map(is_quality, heads))
    return None
