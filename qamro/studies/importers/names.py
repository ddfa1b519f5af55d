"""Column names, compared by words: ``listener_name``, ``IDListener``, ``filename_deg``, ``Höreralter``, ``评分``.

A name is cut into words (CamelCase, snake_case, accents away), words stand for concepts, and concepts decide what a
column means. Words of English, German, French, Spanish and Chinese are known.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from qamro.audio import AUDIO_ENDINGS
from qamro.axes import AXES

_CONCEPTS: dict[str, str] = {
    "clip": "clip file wav audio sample stimulus stimuli stim item utterance utt track song recording sound snippet "
    "excerpt segment deg degraded distorted processed datei audiodatei klang hoerbeispiel horbeispiel beispiel "
    "aufnahme stueck stuck fichier extrait echantillon enregistrement morceau archivo fichero muestra grabacion "
    "pista cancion "
    "文件 文件名 音频 样本 样本名 片段 语音 歌曲 音频文件",
    "path": "path filepath url uri link pfad chemin ruta 路径",
    "system": "system model method condition con codec algorithm generator vocoder engine systeme modele methode "
    "sistema modelo metodo verfahren modell bedingung condicion 系统 模型 方法 条件",
    "prompt": "prompt text caption description instruction transcript transcription beschreibung eingabe texte texto "
    "descripcion 提示 提示词 文本 描述",
    "source": "source content sentence trial reference ref screen satz inhalt phrase contenu frase contenido 句子 内容",
    "rater": "rater listener participant subject subj user worker annotator evaluator judge assessor expert session "
    "respondent response uid juror tester hoerer horer proband probandin teilnehmer teilnehmerin versuchsperson "
    "bewerter "
    "auditeur evaluateur sujet juge oyente participante evaluador usuario sujeto juez prolific pid "
    "听众 听者 评分者 评分人 评价者 参与者 被试 用户 评委",
    "axis": "axis dimension attribute metric criterion criteria aspect question category scale achse merkmal kriterium "
    "frage critere aspecto criterio pregunta atributo 维度 指标 问题 方面",
    "rating": "score rating opinion grade vote mark mos dmos cmos value judgment judgement answer choice bewertung "
    "wertung punkte punktzahl urteil puntuacion nota calificacion valoracion evaluation antwort 评分 "
    "得分 分数 打分 评价",
    "note": "note comment remark feedback kommentar bemerkung anmerkung commentaire comentario observacion 备注 评论",
    "private": "email mail courriel correo age alter edad gender sex sexo sexe geschlecht genero phone telephone "
    "telefon telefono ip ipaddress address adresse direccion nationality nationalitat nationalite nacionalidad "
    "birth birthday "
    "birthdate geburtsdatum occupation education latitude longitude firstname lastname surname vorname nachname prenom "
    "apellido apellidos 姓名 年龄 性别 邮箱 电话 地址 国籍",
    "name": "name nom nombre",
    "id": "id ids uuid guid code key pseudonym nickname alias kennung identifiant identificador nr number num no 编号",
    "count": "count n nb anzahl votes ratings 数量 人数",
    "never": "submit submitdate startdate enddate datestamp lastpage startlanguage start end last created "
    "updated index idx order position pos rank ranking rang seed time times timestamp date datetime datum duration "
    "dauer duree duracion seconds second sec secs minutes ms millis rt latency length year month day samplerate hz "
    "bpm size bytes std stdev sd sem stderr se ci var variance low high lower upper min max row rows unnamed progress "
    "finished status speed rtf attempt round block page step epoch cost price reward approval lifetime assignments "
    "version elapsed trials played plays listened experience years hours organization organisation licence license "
    "zeit zeitstempel fecha tiempo temps temporal horodateur reihenfolge 时间 时长 序号 日期 顺序 排名",
    "predicted": "pred predicted prediction predictions estimated estimate utmos utmosv2 dnsmos nisqa wvmos squim "
    "scoreq hubert mosnet ssl",
    "mean": "mean avg average mittel mittelwert moyenne promedio media mos dmos 平均 平均分",
    "about": "group genre language lang split set corpus dataset db instrument sprache langue idioma",
}
_CONCEPT_OF: dict[str, set[str]] = {}
for _concept, _list in _CONCEPTS.items():
    for _word in _list.split():
        _CONCEPT_OF.setdefault(_word, set()).add(_concept)

_RATES = {"frame", "sample", "sampling", "bit", "speech", "speaking", "approval", "error", "word"}

_QUALITY = frozenset(
    [
        "sig",
        "bak",
        "ovr",
        "ovl",
        "ovrl",
        "signal",
        "background",
        "overall",
        "mos",
        "noi",
        "col",
        "dis",
        "loud",
        "noise",
        "noisy",
        "noisiness",
        "coloration",
        "discontinuity",
        "loudness",
        "quality",
        "warmth",
        "brightness",
        "clarity",
        "musicality",
        "coherence",
        "memorability",
        "naturalness",
        "intelligibility",
        "similarity",
        "enjoyment",
        "pleasantness",
        "expressiveness",
        "harmony",
        "melody",
        "rhythm",
        "timbre",
        "structure",
        "creativity",
        "originality",
        "emotion",
        "emotional",
        "fidelity",
        "reverb",
        "reverberation",
        "echo",
        "distortion",
        "prosody",
        "fluency",
        "pronunciation",
        "accent",
        "speaker",
        "sound",
        "spatial",
        "bass",
        "treble",
        "balance",
        "depth",
        "realism",
        "preference",
        "liking",
        "appeal",
        "valence",
        "arousal",
        "relevance",
        "alignment",
        "adherence",
        "impression",
        "aesthetics",
        "interference",
        "artifacts",
        "artefacts",
        "artifact",
        "target",
        "usability",
        "usefulness",
        "complexity",
        "production",
        "content",
        "vocals",
        "vocal",
        "lyrics",
        "tempo",
        "natural",
        "clean",
        "wärme",
        "waerme",
        "klang",
        "qualitaet",
        "qualitat",
        "naturlichkeit",
        "natuerlichkeit",
        "klarheit",
        "verstandlichkeit",
        "verstaendlichkeit",
        "rauschen",
        "qualite",
        "naturel",
        "clarte",
        "bruit",
        "calidad",
        "naturalidad",
        "claridad",
        "ruido",
        "自然度",
        "相似度",
        "清晰度",
        "质量",
        "音质",
        "音乐性",
        "连贯性",
    ]
)
_QUALITY_END = re.compile(r"(?:ness|ity|ance|ence|ism|heit|keit|ité|ite|idad|度|性)$")
_GIVEN = frozenset(
    [
        "anna",
        "ann",
        "anne",
        "anton",
        "alex",
        "alexander",
        "alice",
        "amelie",
        "amy",
        "andrea",
        "andreas",
        "andrew",
        "angela",
        "antonio",
        "arthur",
        "barbara",
        "bart",
        "ben",
        "benjamin",
        "bernd",
        "bert",
        "bill",
        "bob",
        "bernard",
        "carl",
        "carla",
        "carlos",
        "carmen",
        "carol",
        "carolin",
        "caroline",
        "chen",
        "chloe",
        "chris",
        "christian",
        "christina",
        "claire",
        "clara",
        "claudia",
        "cy",
        "daniel",
        "david",
        "diana",
        "dieter",
        "dora",
        "eva",
        "eve",
        "elena",
        "elias",
        "elisa",
        "ella",
        "emil",
        "emily",
        "emma",
        "eric",
        "erik",
        "ernst",
        "felix",
        "fiona",
        "florian",
        "frank",
        "franz",
        "fred",
        "frieda",
        "gabi",
        "gabriel",
        "georg",
        "george",
        "gerd",
        "giulia",
        "grace",
        "greta",
        "hanna",
        "hannah",
        "hans",
        "harry",
        "heidi",
        "heike",
        "helen",
        "helena",
        "henri",
        "henry",
        "ian",
        "ida",
        "ines",
        "ingrid",
        "isabel",
        "isabella",
        "jack",
        "jakob",
        "james",
        "jan",
        "jana",
        "jane",
        "javier",
        "jean",
        "jens",
        "jim",
        "joan",
        "joe",
        "johann",
        "john",
        "jonas",
        "jose",
        "joseph",
        "juan",
        "judith",
        "julia",
        "julian",
        "karin",
        "karl",
        "kate",
        "katharina",
        "kevin",
        "klara",
        "klaus",
        "lara",
        "laura",
        "lea",
        "lena",
        "leo",
        "leon",
        "li",
        "lisa",
        "liu",
        "louis",
        "louise",
        "luca",
        "lucas",
        "lucia",
        "lucy",
        "luis",
        "luisa",
        "lukas",
        "maja",
        "marc",
        "marco",
        "maria",
        "marie",
        "mario",
        "marion",
        "mark",
        "markus",
        "marta",
        "martha",
        "martin",
        "mary",
        "matt",
        "max",
        "maya",
        "mei",
        "mia",
        "michael",
        "michel",
        "miguel",
        "mike",
        "mila",
        "nadia",
        "nick",
        "nicolas",
        "nicole",
        "nina",
        "noah",
        "nora",
        "olga",
        "oliver",
        "olivia",
        "otto",
        "pablo",
        "pat",
        "patrick",
        "paul",
        "paula",
        "pedro",
        "peter",
        "petra",
        "phil",
        "philip",
        "pierre",
        "rachel",
        "ralf",
        "richard",
        "rita",
        "robert",
        "rosa",
        "rob",
        "roman",
        "ruth",
        "sam",
        "samuel",
        "sara",
        "sarah",
        "sebastian",
        "simon",
        "sofia",
        "sophia",
        "sophie",
        "stefan",
        "stella",
        "steve",
        "susan",
        "susanne",
        "sven",
        "tanja",
        "theo",
        "thomas",
        "tim",
        "tina",
        "tobias",
        "tom",
        "tony",
        "ute",
        "uwe",
        "vera",
        "victor",
        "wang",
        "wei",
        "werner",
        "will",
        "wolfgang",
        "xin",
        "yan",
        "yang",
        "ying",
        "yuki",
        "zhang",
        "zoe",
    ]
)
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
def words_of(name: str) -> tuple[str, ...]:
    """Cuts a name into words in lower case: at other signs, at CamelCase, without accents; known compounds in two.

    Example:
        >>> words_of("IDListener"), words_of("filename_deg")
        (('id', 'listener'), ('file', 'name', 'deg'))
    """
    text = unicodedata.normalize("NFKD", name.strip())
    text = "".join(c for c in text if not unicodedata.combining(c)).replace("ß", "ss")
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    found: list[str] = []
    for word in re.findall(r"[^\W_]+", text.lower()):
        found += _compound(word)
    return tuple(found)


def _compound(word: str) -> list[str]:
    if word in _CONCEPT_OF or word in _QUALITY or len(word) > 40:
        return [word]
    for cut in range(len(word) - 2, 2, -1):
        if word[:cut] in _CONCEPT_OF and word[cut:] in _CONCEPT_OF:
            return [word[:cut], word[cut:]]
    head = re.fullmatch(r"([a-z]{2,})(\d+)", word)  # clip1, score2
    return [head[1], head[2]] if head and head[1] in _CONCEPT_OF else [word]


def concepts_of(name: str) -> list[str]:
    """Returns the concepts of a name's words, in order; a word that stands for several adds each."""
    return [concept for word in words_of(name) for concept in sorted(_CONCEPT_OF.get(word, ()))]


@lru_cache(maxsize=65536)
def role_of(name: str) -> str:
    """Returns what a column's name says that it means: a role of the layout, or ``never`` for what is no rating.

    ``private`` columns tell who a person is; ``prediction`` comes from a model; empty where the name says nothing.
    """
    words = words_of(name)
    found = [_CONCEPT_OF.get(word, set()) for word in words]
    every = set().union(*found) if found else set()
    if not words:
        return ""
    if _is_count(name, words):
        return "mean_of"
    if "private" in every or (words[0] == "e" and "mail" in words):
        return "private"
    if (every & {"name"} and every <= {"name", "id", "count"}) or words in {("first", "name"), ("last", "name")}:
        return "private"
    if words in {("ip",), ("your", "name"), ("full", "name"), ("country",)}:
        return "private"
    if "predicted" in every:
        return "prediction" if "mos" not in words[:1] or len(words) > 1 else "rating"
    if known_axis(name):
        return ""
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
        and "id" in {c for w in words for c in _CONCEPT_OF.get(w, ())}
    ):
        return "rater"  # answer_id, response id: an id is no score
    if words[-2:] in {("response", "id"), ("session", "uuid"), ("session", "id")}:
        return "rater"
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


def _is_count(name: str, words: tuple[str, ...]) -> bool:
    """Whether a name says how many ratings there are: ``n``, ``num_ratings``, ``# Votes``, ``votes``, ``mean_of``."""
    if words in {("n",), ("count",), ("votes",), ("mean", "of"), ("ratings",)} or name.strip().startswith("#"):
        return True
    counted = {"votes", "ratings", "raters", "listeners", "vote", "rating", "judgments", "answers", "scores"} & set(
        words
    )
    return bool(counted) and bool(
        {"n", "num", "count", "nb", "no", "number", "anzahl", "nombre", "numero"} & set(words)
    )


def known_axis(name: str) -> str:
    """Returns the known axis that a header names, by key or in full; empty when none."""
    if name.strip().upper() in AXES:
        return name.strip().upper()
    return _FULL_NAMES.get(re.sub(r"[^a-z0-9]", "", name.lower()), "")


def is_quality(name: str) -> bool:
    """Whether a header names a quality that is rated: a known axis, ``naturalness``, ``SIG``, ``Overall Coherence``."""
    if known_axis(name):
        return True
    words = [word for word in words_of(name) if not word.isdigit()]
    return bool(words) and any(word in _QUALITY or _QUALITY_END.search(word) for word in words)


def is_plainly_quality(name: str) -> bool:
    """Whether a header holds a word for a quality that stands for nothing else: ``Clarity of Song Structure``."""
    words = words_of(name)
    return any((word in _QUALITY or _QUALITY_END.search(word)) and word not in _CONCEPT_OF for word in words)


def is_rater(name: str) -> bool:
    """Whether a header looks like the name of a rater: ``r1``, ``listener_07``, ``3``, ``anna``."""
    plain = name.strip().lower()
    return bool(_RATER.match(plain)) or plain in _GIVEN


def is_numbered(name: str) -> bool:
    """Whether a header is a rater's number, with or without a word before it."""
    return bool(_RATER.match(name.strip().lower()))


def is_code(name: str) -> bool:
    """Whether a header could be a pseudonym: letters and digits that are no word (``Lq1xA``)."""
    return bool(_CODE.match(name.strip()))


def is_sound(name: str) -> bool:
    """Whether a text ends like the name of a sound file."""
    return bool(_SOUND.search(name.strip()))


def sound_in(text: str) -> str:
    """Returns the name of a sound file that stands in a text, empty when none does."""
    match = re.search(rf"[^\s\"'\[\](){{}}<>|;,]+{_SOUND.pattern.removesuffix('$')}(?![\w])", text, re.IGNORECASE)
    return match[0] if match else ""


def _is_nothing_else(axis: str) -> bool:
    """Whether all words of a header are of a quality."""
    return bool(known_axis(axis)) or all(word in _QUALITY or bool(_QUALITY_END.search(word)) for word in words_of(axis))


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
            return bool(told(heads))
    if all(map(is_rater, tails)) != all(map(is_rater, heads)):
        raters_last = all(map(is_rater, tails))
        others = heads if raters_last else tails
        return raters_last if all(is_quality(other) for other in others) or len(others) > 1 else None
    if len(heads) < 2 or len(tails) < 2:
        return None
    if all(map(is_quality, heads)) != all(map(is_quality, tails)):
        return all(map(is_quality, heads))
    return None
