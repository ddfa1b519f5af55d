"""Words that headers are made of, and what they stand for, in English and a dozen other languages.

A name is cut into words (CamelCase, snake_case, accents away); a word stands for concepts. German, French, Spanish and
Chinese are covered best; Italian, Portuguese, Dutch, Swedish, Polish, Russian, Turkish, Japanese, Korean and Arabic for
what every test has: clip, rater, score, and who a person is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

CONCEPTS: dict[str, str] = {
    "clip": (
        "clip file wav audio sample stimulus stimuli stim item utterance utt track song recording sound snippet "
        "excerpt segment deg degraded distorted processed datei audiodatei klang hoerbeispiel horbeispiel beispiel "
        "aufnahme stueck stuck fichier extrait echantillon enregistrement morceau archivo fichero muestra grabacion "
        "pista cancion 文件 文件名 音频 样本 样本名 片段 语音 歌曲 音频文件 音频名 录音 brano traccia campione "
        "stimolo arquivo amostra faixa estimulo gravacao bestand fragment geluid opname plik probka nagranie ljudfil "
        "ljud dosya ornek файл запись аудио образец стимул трек ملف مقطع ファイル ファイル名 音声 音声ファイル "
        "音声ファイル名 サンプル サンプル名 刺激 音源 曲 曲名 発話 파일 파일명 음성 샘플 자극 음원 곡 곡명"
    ),
    "path": "path filepath url uri link pfad chemin ruta 路径",
    "system": (
        "system model method condition cond con codec algorithm generator vocoder engine systeme modele methode "
        "sistema modelo metodo verfahren modell bedingung condicion 系统 模型 方法 条件 modello systeem metoda "
        "система модель метод условие システム モデル 手法 方式 条件 시스템 모델 방법 조건"
    ),
    "prompt": (
        "prompt text caption description instruction transcript transcription beschreibung eingabe texte texto "
        "descripcion 提示 提示词 文本 描述 текст プロンプト テキスト 프롬프트"
    ),
    "source": "source content sentence trial reference ref screen satz inhalt phrase contenu frase contenido 句子 内容",
    "rater": (
        "rater person listener participant subject subj user worker annotator evaluator judge assessor expert "
        "session respondent response uid juror tester hoerer horer proband probandin teilnehmer teilnehmerin "
        "versuchsperson vp vpn versuchsteilnehmer prufer pruefer bewerter auditeur auditrice evaluateur testeur "
        "sujet juge oyente participante evaluador usuario sujeto juez prolific pid panelist panellist voter turker "
        "crowdworker labeler labeller 听众 听者 评分者 评分人 评价者 参与者 被试 用户 评委 打分人 测听人 "
        "评测人 评测员 评测者 评审 评审员 打分者 受试者 听评人 测试者 测试员 评分员 标注者 标注员 "
        "ascoltatore "
        "valutatore soggetto partecipante utente ouvinte avaliador sujeito luisteraar proefpersoon deelnemer "
        "beoordelaar lyssnare deltagare słuchacz sluchacz uczestnik dinleyici katilimci слушатель участник эксперт "
        "испытуемый оценщик مستمع مقيم 評価者 被験者 聴取者 参加者 回答者 ワーカー 평가자 청취자 참가자 피험자 "
        "응답자"
    ),
    "axis": (
        "axis dimension attribute metric criterion criteria aspect question category scale achse merkmal kriterium "
        "frage critere aspecto criterio pregunta atributo 维度 指标 问题 方面 dimensione domanda attributo pergunta "
        "vraag kenmerk критерий вопрос признак 項目 評価項目 観点 質問 指標 항목 질문 평가항목"
    ),
    "rating": (
        "score scores rating opinion opinions grade grades vote mark marks mos ccr acr dcr resp reponse respuesta "
        "risposta resposta dmos cmos value judgment judgement answer choice bewertung wertung punkte punktzahl "
        "urteil puntuacion nota calificacion valoracion evaluation antwort 评分 得分 分数 打分 评价 打分值 分值 "
        "punteggio voto valutazione giudizio pontuacao avaliacao classificacao beoordeling cijfer betyg ocena wynik "
        "puan оценка балл ответ تقييم درجة 評価 評価値 評点 点数 スコア 得点 回答 점수 평점 평가 응답"
    ),
    "note": "note comment remark feedback kommentar bemerkung anmerkung commentaire comentario observacion 备注 评论 "
    "commento opmerking kommentti комментарий コメント 備考 感想 의견 비고",
    "private": (
        "email mail courriel correo age alter edad gender sex sexo sexe geschlecht genero phone telephone telefon "
        "telefono ip ipaddress address adresse direccion nationality nationalitat nationalite nacionalidad birth "
        "birthday birthdate geburtsdatum occupation education latitude longitude firstname lastname surname vorname "
        "nachname prenom apellido apellidos 姓名 年龄 性别 邮箱 电话 地址 国籍 postcode zipcode zip plz postleitzahl "
        "wohnort beruf muttersprache ethnicity race religion handedness hometown city ciudad ville ssn orcid discord "
        "facebook linkedin twitter instagram wechat whatsapp telegram browser useragent matrikelnummer matriculation "
        "passport income eta cognome sesso indirizzo cellulare idade telefone endereco sobrenome apelido leeftijd "
        "geslacht telefoon adres voornaam achternaam imie nazwisko wiek plec adress efternamn yas cinsiyet soyad "
        "eposta adresi epost 手机 手机号 手机号码 联系电话 微信 微信号 学号 身份证 身份证号 电子邮箱 电子邮件 年纪 "
        "имя фамилия отчество возраст пол почта телефон адрес гражданство اسم العمر الجنس البريد الهاتف 氏名 名前 "
        "お名前 年齢 年代 性別 メール メールアドレス 電話 電話番号 住所 国籍 学籍番号 이름 성명 나이 연령 성별 "
        "이메일 전화 전화번호 주소 국적 학번"
    ),
    "name": "name nom nombre nome naam namn",
    "id": "id ids uuid guid code key pseudonym nickname alias kennung identifiant identificador nr number num no 编号",
    "count": "count n nb anzahl votes ratings 数量 人数",
    "never": (
        "submit submitdate startdate enddate datestamp lastpage startlanguage start end last created updated index "
        "idx order position pos rank ranking rang seed time times timestamp date datetime datum duration dauer duree "
        "duracion seconds second sec secs minutes ms millis rt latency length year month day samplerate hz bpm size "
        "bytes std stdev sd sem stderr se ci var variance low high lower upper min max row rows unnamed confidence "
        "certainty progress finished status speed rtf attempt round block page step epoch cost price reward approval "
        "lifetime assignments version elapsed trials played plays play finish correct accuracy passed catch trap "
        "gold golden listened experience years hours organization organisation licence license zeit zeitstempel "
        "fecha tiempo temps temporal horodateur reihenfolge 时间 时长 序号 日期 顺序 排名 reactietijd durata tempi "
        "duracao время длительность номер 時間 順番 番号 日時 回答時間 시간 순서 번호 날짜"
    ),
    "predicted": (
        "pred predicted prediction predictions estimated estimate utmos utmosv2 dnsmos nisqa wvmos squim scoreq "
        "hubert mosnet ssl pesq stoi estoi sdr sisdr sisnr snr wer cer fad visqol peaq haspi mcd clap clapscore lufs "
        "dbfs f0"
    ),
    "mean": "mean avg average mittel mittelwert moyenne promedio media mos dmos 平均 平均分",
    "about": "group genre language lang split set corpus dataset db instrument sprache langue idioma",
}


def _plain(text: str) -> str:
    """A word without accents and in one spelling of each letter, as headers are compared."""
    text = unicodedata.normalize("NFKD", text)
    return "".join(c for c in text if not unicodedata.combining(c)).replace("ß", "ss").replace("ł", "l")


CONCEPT_OF: dict[str, set[str]] = {}
"""The concepts that a word stands for."""
for _key, _text in CONCEPTS.items():
    for _word in _text.split():
        CONCEPT_OF.setdefault(_plain(_word), set()).add(_key)

_QUALITY = (
    "sig bak ovr ovl ovrl signal background overall mos noi col dis loud noise noisy noisiness coloration "
    "discontinuity loudness quality warmth brightness clarity musicality coherence memorability naturalness "
    "intelligibility similarity enjoyment pleasantness expressiveness harmony melody rhythm timbre structure "
    "creativity originality emotion emotional fidelity reverb reverberation echo distortion prosody fluency "
    "pronunciation accent speaker sound spatial bass treble balance depth realism preference liking appeal valence "
    "arousal relevance alignment adherence impression aesthetics interference artifacts artefacts artifact target "
    "usability usefulness complexity production content vocals vocal lyrics tempo natural clean wärme waerme klang "
    "qualitaet qualitat naturlichkeit natuerlichkeit klarheit verstandlichkeit verstaendlichkeit rauschen qualite "
    "naturel clarte bruit calidad naturalidad claridad ruido 自然度 相似度 清晰度 质量 音质 音乐性 连贯性 smos nmos "
    "qmos clear pleasant intelligible expressive musical enjoyable coherent similar creative realistic authentic "
    "engaging catchy annoying instrumental dominance dominanz naturale qualita chiarezza natuurlijkheid kwaliteit "
    "jakosc naturalnosc kvalitet kalite dogallik qualidade naturalidade clareza inteligibilidade intelligibilita "
    "intelligibilite naturalite качество естественность разборчивость 自然性 自然さ 明瞭性 明瞭さ 品質 類似性 類似度 "
    "音質 了解性 자연성 자연스러움 명료도 품질 음질 유사도"
)
QUALITY = frozenset(map(_plain, _QUALITY.split()))
"""Words for what is rated."""

_GIVEN = (
    "anna ann anne anton alex alexander alice amelie amy andrea andreas andrew angela antonio arthur barbara bart "
    "ben benjamin bernd bert bill bob bernard carl carla carlos carmen carol carolin caroline chen chloe chris "
    "christian christina claire clara claudia cy daniel david diana dieter dora eva eve elena elias elisa ella emil "
    "emily emma eric erik ernst felix fiona florian frank franz fred frieda gabi gabriel georg george gerd giulia "
    "grace greta hanna hannah hans harry heidi heike helen helena henri henry ian ida ines ingrid isabel isabella "
    "jack jakob james jan jana jane javier jean jens jim joan joe johann john jonas jose joseph juan judith julia "
    "julian karin karl kate katharina kevin klara klaus lara laura lea lena leo leon li lisa liu louis louise luca "
    "lucas lucia lucy luis luisa lukas maja marc marco maria marie mario marion mark markus marta martha martin mary "
    "matt max maya mei mia michael michel miguel mike mila nadia nick nicolas nicole nina noah nora olga oliver "
    "olivia otto pablo pat patrick paul paula pedro peter petra phil philip pierre rachel ralf richard rita robert "
    "rosa rob roman ruth sam samuel sara sarah sebastian simon sofia sophia sophie stefan stella steve susan susanne "
    "sven tanja theo thomas tim tina tobias tom tony ute uwe vera victor wang wei werner will wolfgang xin yan yang "
    "ying yuki zhang zoe"
)
GIVEN = frozenset(_GIVEN.split())
"""Given names, of which each may head the column of a rater."""


_LONGEST = 1000
"""Characters of a header that are looked at."""


@lru_cache(maxsize=65536)
def words_of(name: str) -> tuple[str, ...]:
    """Cuts a name into words in lower case: at other signs, at CamelCase, without accents; known compounds in two.

    Example:
        >>> words_of("IDListener"), words_of("filename_deg")
        (('id', 'listener'), ('file', 'name', 'deg'))
    """
    text = _plain(name.strip()[:_LONGEST])
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    found: list[str] = []
    for word in re.findall(r"[^\W_]+", text.lower()):
        found += _compound(word)
    return tuple(found)


def _compound(word: str) -> list[str]:
    if word in CONCEPT_OF or word in QUALITY or len(word) > 40:
        return [word]
    for cut in range(len(word) - 2, 2, -1):
        if word[:cut] in CONCEPT_OF and word[cut:] in CONCEPT_OF:
            return [word[:cut], word[cut:]]
    head = re.fullmatch(r"([a-z]{2,})(\d+)", word)  # clip1, score2
    return [head[1], head[2]] if head and head[1] in CONCEPT_OF else [word]


def concepts_of(name: str) -> list[str]:
    """Returns the concepts of a name's words, in order; a word that stands for several adds each."""
    return [concept for word in words_of(name) for concept in sorted(CONCEPT_OF.get(word, ()))]
