"""What the owner of a study gets, and how a study is taken off the server."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.studies.listening import store as identity
from qamro.studies.listening.design import PREFERENCE, Design, ListeningError
from qamro.studies.listening.methods import Given
from qamro.studies.listening.session import completion
from qamro.studies.listening.steering import BY_OWNER, REACHED, ended
from qamro.studies.listening.store import RatingStore
from qamro.studies.study import Study
from qamro.studies.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

# Taking a study off the server: its ratings, its raters and the copies of its clips, all or nothing.

_OF_THE_STUDY = (
    "DELETE FROM predictions WHERE clip IN (SELECT id FROM clips WHERE study = :study)",
    "DELETE FROM ratings WHERE task IN"
    " (SELECT tasks.id FROM tasks JOIN raters ON raters.id = tasks.rater WHERE study = :study)",
    "DELETE FROM stimuli WHERE clip IN (SELECT id FROM clips WHERE study = :study)",
    "DELETE FROM tasks WHERE rater IN (SELECT id FROM raters WHERE study = :study)",
    "DELETE FROM raters WHERE study = :study",
    "DELETE FROM items WHERE study = :study",
    "DELETE FROM clips WHERE study = :study",
    "DELETE FROM meta WHERE key = 'ended:' || :study",
    "DELETE FROM studies WHERE id = :study",
)


def delete_study(store: RatingStore, study: str, token: str) -> int:
    """Deletes a study for good; for the owner only. Links for its raters lead nowhere afterwards.

    A backup on the hub follows with its next commit; older commits there keep what they hold.

    Args:
        store: Where the study is.
        study: Its id.
        token: The owner's.

    Returns:
        How many ratings went with it.

    Raises:
        ListeningError: Not the owner's token, or there is no such study.
    """
    owner_only(token)
    store.design(study)
    with store.transaction() as db:
        files = [row["file"] for row in db.execute("SELECT file FROM clips WHERE study = ?", (study,))]
        counts = [db.execute(statement, {"study": study}).rowcount for statement in _OF_THE_STUDY]
    for file in files:  # a kill in between leaves sound that nothing names any more, and no rating without its clip
        (store.folder / "audio" / file).unlink(missing_ok=True)
    return counts[1]


# How carefully raters worked: attention checks, and what they said when a clip came back.

_RATED = """
SELECT raters.id AS rater, kind, tasks.position, a, b, tasks.answer, axis, score
FROM ratings JOIN tasks ON tasks.id = ratings.task JOIN raters ON raters.id = tasks.rater
WHERE raters.study = ? AND withdrawn_at IS NULL ORDER BY raters.joined_at, raters.id, position, ratings.id
"""

_COLUMNS = [
    *("rater", "joined", "finished", "tasks", "rated"),
    *("checks", "checks_passed", "repeats", "repeat_difference"),
    *("participant", "session", "headphones", "completion_code"),
]


def label(rater: str) -> str:
    """Returns what a rater is called in exports: the start of the salted hash."""
    return f"r-{rater[:10]}"


def checks(store: RatingStore, study: str) -> pd.DataFrame:
    """Returns every answer to an attention check.

    Returns:
        Columns ``rater``, ``position``, ``axis``, ``answer`` (what was right), ``score`` (what was given), ``passed``.
    """
    import pandas as pd

    design = store.design(study)
    counted = {s.key for s in design.scales if any(s.accepts(n) for n in design.answers)} | {PREFERENCE}
    rows = [
        (label(row["rater"]), row["position"], row["axis"], row["answer"], row["score"], row["score"] == row["answer"])
        for row in store.all(_RATED, study)
        if row["kind"] == "check" and row["axis"] in counted
    ]
    return pd.DataFrame(rows, columns=["rater", "position", "axis", "answer", "score", "passed"])


def repeats(store: RatingStore, study: str) -> pd.DataFrame:
    """Returns what raters said the first and the second time.

    Returns:
        Columns ``rater``, ``clip``, ``against`` (the other clip of a pair, else empty), ``axis``, ``first``,
        ``second``; preferences are those for ``clip``.
    """
    import pandas as pd

    names = {row["id"]: row["name"] for row in store.all("SELECT id, name FROM clips WHERE study = ?", study)}
    rows = store.all(_RATED, study)
    first = {(row["rater"], _pair(row), row["axis"]): _for_lower(row) for row in rows if row["kind"] == "first"}
    found = []
    for row in rows:
        key = row["rater"], _pair(row), row["axis"]
        if row["kind"] == "repeat" and key in first:
            clip, against = [*(names[clip] for clip in _pair(row)), ""][:2]
            found.append((label(row["rater"]), clip, against, row["axis"], first[key], _for_lower(row)))
    return pd.DataFrame(found, columns=["rater", "clip", "against", "axis", "first", "second"])


def raters(store: RatingStore, study: str) -> pd.DataFrame:
    """Returns a line for every rater, without anything that tells who it is.

    Returns:
        Columns ``rater``, ``joined`` (day, UTC), ``finished`` (bool), ``tasks``, ``rated``, ``checks``,
        ``checks_passed``, ``repeats``, ``repeat_difference`` (mean absolute difference between the two times as a
        share of the scale; NaN without repeats), ``participant`` and ``session`` (start of the salted hashes of a
        crowd's ids, see ``crowd_label``), ``headphones`` (most right answers of their test) and ``completion_code``.
    """
    import pandas as pd

    people = store.all(
        "SELECT raters.*, count(tasks.id) AS n, count(rated_at) AS rated"
        " FROM raters LEFT JOIN tasks ON rater = raters.id WHERE study = ?"
        " GROUP BY raters.id ORDER BY joined_at, raters.id",
        study,
    )
    asked, again = checks(store, study), repeats(store, study)
    design = store.design(study)
    widths = {scale.key: scale.high - scale.low for scale in design.scales} | {PREFERENCE: 1.0}
    again["difference"] = (again["first"] - again["second"]).abs() / again["axis"].map(widths)
    rows = []
    for person in people:
        name = label(person["id"])
        answers, twice = asked[asked["rater"] == name], again[again["rater"] == name]
        passed = answers.groupby("position")["passed"].all()
        rows.append({
            "rater": name,
            "joined": str(pd.Timestamp(person["joined_at"], unit="s", tz="UTC").date()),
            "finished": person["finished_at"] is not None,
            "tasks": person["n"],
            "rated": person["rated"],
            "checks": len(passed),
            "checks_passed": int(passed.sum()),
            "repeats": int(twice.groupby(["clip", "against"]).ngroups),
            "repeat_difference": float(twice["difference"].mean()) if len(twice) else float("nan"),
            "participant": (person["participant"] or "")[:16],
            "session": (person["session"] or "")[:16],
            "headphones": person["headphones"],
            "completion_code": (completion(store, design, person) or {}).get("code", "")
            if person["finished_at"] is not None
            else "",
        })  # fmt: skip
    return pd.DataFrame(rows, columns=_COLUMNS)


def crowd_label(store: RatingStore, study: str, given: str) -> str:
    """Returns what exports call a participant's or a session's id, so that an owner who has the ids can join them."""
    return identity.hashed(f"{study}/{given}", store.salt)[:16]


def _pair(row: Any) -> tuple[int, ...]:
    return tuple(sorted(clip for clip in (row["a"], row["b"]) if clip is not None))


def _for_lower(row: Any) -> float:
    """A score as it is; a preference as one for the clip that was added first, whatever side it stood on."""
    swapped = row["b"] is not None and row["b"] < row["a"]
    return 1 - row["score"] if swapped else row["score"]


_TABLES: dict[str, Callable[[RatingStore, str], pd.DataFrame]] = {
    "raters.csv": raters,
    "checks.csv": checks,
    "repeats.csv": repeats,
}

_README = """# {name}
clips.csv and ratings.csv are the study: `qamro evaluate --ratings` reads this folder. Ratings are first ratings; what
raters said when a clip came back is in repeats.csv (preferences are those for `clip`), answers to attention checks are
in checks.csv, and raters.csv has a line for each rater: how much was rated, how many checks were passed, and the mean
difference between the two times as a share of the scale. Raters are called by the start of a salted hash.
"""
_PAIRS = """
votes.csv has a row a comparison: a is the clip that stood on the left, and `winner` is a, b or tie. `qamro rank
--votes` ranks the systems by it. In a CMOS test `score` says how much better a is, from -3 to 3.
"""
_ANALYSED = """
`qamro analyse --ratings` reads this folder and analyses the test; study.json says what kind it is.
"""


def owner_only(token: str) -> None:
    """Lets the owner pass.

    Raises:
        ListeningError: Not the owner's token, or this server has none.
    """
    if not identity.has_owner():
        raise ListeningError(f"this server has no owner; start it with {identity.OWNER} set to a secret of your own")
    if not identity.is_owner(token):
        raise identity.WrongTokenError("this is not the owner's token")


def overview(store: RatingStore, token: str) -> list[dict[str, Any]]:
    """Lists the studies of this server with their progress, newest first; for the owner only.

    Raises:
        ListeningError: Not the owner's token.
    """
    owner_only(token)
    rows = store.all(
        "SELECT studies.id, created_at, count(DISTINCT raters.id) AS raters, count(rated_at) AS rated,"
        " count(DISTINCT CASE WHEN finished_at IS NOT NULL THEN raters.id END) AS finished"
        " FROM studies LEFT JOIN raters ON raters.study = studies.id LEFT JOIN tasks ON tasks.rater = raters.id"
        " GROUP BY studies.id ORDER BY created_at DESC"
    )
    designs = {row["id"]: store.design(row["id"]) for row in rows}
    return [dict(row) | {"name": designs[row["id"]].name, "goal": designs[row["id"]].goal} for row in rows]


def to_study(store: RatingStore, study: str) -> Study:
    """Returns a study with all first ratings that were confirmed and not taken back.

    Ratings have the further columns ``position`` (in the rater's order) and ``heard`` (seconds). Preferences are votes:
    a is the left clip. Attention checks and repeats are left out (see ``checks`` and ``repeats``).

    Raises:
        ListeningError: There is no such study.
    """
    import pandas as pd

    design = store.design(study)
    clips = store.all("SELECT * FROM clips WHERE study = ? AND beeps IS NULL ORDER BY id", study)
    names = {row["id"]: row["name"] for row in clips}
    rows = store.all(
        "SELECT rater, axis, score, position, a, b, heard_a, heard_b, answer, clip, heard, stimulus, tasks.id AS task"
        " FROM ratings JOIN tasks ON tasks.id = ratings.task JOIN raters ON raters.id = rater"
        " LEFT JOIN stimuli ON stimuli.task = tasks.id AND place = CASE WHEN ?2 THEN stimulus ELSE 1 END"
        " WHERE raters.study = ?1 AND kind = 'first' AND withdrawn_at IS NULL"
        " ORDER BY joined_at, rater, position, ratings.id",
        study,
        int(design.method.rates_stimuli),
    )
    systems = {row["name"]: row["system"] for row in clips}
    parts: dict[str, list[dict[str, Any]]] = {"ratings": [], "votes": []}
    for row in rows:
        a, b, stimulus = (names.get(row[key], "") for key in ("a", "b", "clip"))
        given = Given(row["axis"], row["score"], a, b, stimulus, systems, design.reference, row["answer"])
        kind, own = design.method.stored(given)
        heard = {f"heard_{side}": round(row[f"heard_{side}"], 2) for side in "ab"}
        if kind == "ratings":
            heard = {"heard": round(row["heard_a"] if row["heard"] is None else row["heard"], 2)}
        parts[kind].append(
            {"rater": label(row["rater"]), "axis": row["axis"], "position": row["position"]} | own | heard
        )
    votes = pd.DataFrame(parts["votes"]) if parts["votes"] else None
    ratings = pd.DataFrame(parts["ratings"])
    first = ["clip", "rater", "axis", "score", "position", "heard"]
    ratings = ratings.reindex(columns=[*first, *(name for name in ratings.columns if name not in first)])
    table = [(c["name"], f"audio/{c['file']}", c["system"], c["prompt"], c["source"]) for c in clips]
    return Study(
        pd.DataFrame(table, columns=["clip", "path", "system", "prompt", "source"]),
        ratings,
        name=design.name,
        root=store.folder,
        about={"source": "a listening study run with qamro", "design": design.to_json()}
        | _test(design)
        | _raced(store, study),
        votes=votes,
    )


def _test(design: Design) -> dict[str, Any]:
    """What the analysis of a test has to know of its design."""
    if design.method.analysis is None:
        return {}
    return {"test": {"method": design.mode, "reference": design.reference, "anchors": list(design.anchors)}}


def _raced(store: RatingStore, study: str) -> dict[str, Any]:
    """What a study says of itself where its ratings were not spread evenly: how they were, for reports to go by."""
    design, over = store.design(study), ended(store, study)
    scale = design.raced
    if scale is None:
        return {}
    why = {REACHED: "which has ended it", BY_OWNER: "until its owner stopped it"}
    how = f"clips were handed out by a race ({design.goal} on {scale.key}), {why[over['why']] if over else 'still on'}"
    told = {"axis": scale.key, "goal": design.goal, "equal_within": design.equal_within}
    told |= {"scale": [scale.low, scale.high], "ended": over["why"] if over else ""}
    return {"race": told, "notes": [f"{how}: systems that were out of it have fewer ratings than the others"]}


def write_folder(store: RatingStore, study: str, folder: Path, *, audio: bool = False) -> Path:
    """Writes a study as a folder that ``Study.load`` reads, with tables about raters beside it.

    Args:
        store: The store.
        study: Id of the study.
        folder: Where to write.
        audio: Copy the sound, too; else the paths are empty.
    """
    made, design = to_study(store, study), store.design(study)
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    for path in made.clips["path"] if audio else ():
        shutil.copyfile(store.folder / path, folder / path)
    if not audio:
        (folder / "audio").rmdir()
        made.clips["path"] = ""
    made.root = folder
    made.save(folder)
    for name, make in _TABLES.items():
        write_table(make(store, study), folder / name)
    told = _PAIRS if made.votes is not None else ""
    told += _ANALYSED if design.method.analysis is not None else ""
    text = _README.format(name=design.name) + told
    (folder / "README.md").write_text(text, encoding="utf-8")
    return folder


def write_zip(
    store: RatingStore,
    study: str,
    token: str,
    target: Path,
    *,
    audio: bool = False,
    more: Mapping[str, str] | None = None,
) -> Path:
    """Writes what ``write_folder`` does as one zip; for the owner only.

    Args:
        store: The store.
        study: Id of the study.
        token: The owner's token.
        target: The zip to write.
        audio: Whether the clips' sound goes in, too.
        more: Further texts, by the name of their file.

    Returns:
        ``target``.

    Raises:
        ListeningError: Not the owner's token, or no such study.
    """
    owner_only(token)
    with tempfile.TemporaryDirectory() as work:
        folder = write_folder(store, study, Path(work) / "study", audio=audio)
        for name, text in (more or {}).items():
            (folder / name).write_text(text, encoding="utf-8")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
    return target
