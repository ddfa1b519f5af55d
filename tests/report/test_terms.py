"""Words of the field lead to their explanation where they first stand; other pages do without them."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
from html.parser import HTMLParser

import pytest

from qamro.domains import in_words
from qamro.report import Options, compare, write_html
from qamro.report.terms import LINKED, PATTERN, TERMS, explained, jargon, linked
from qamro.report.views import VIEWS

from .data import predictor, small_study

JARGON = [
    word.strip()
    for word in """
alpha = 0.8, ICC, ICC(2,1), ICC(2,k), Krippendorff, split conformal, split-conformal, LCC, KTAU, SRCC, ACC,
ACC_EQ, TOP1, MSE, MAE, MOS, CMOS, DMOS, ABX, MUSHRA, bootstrap, Holm, Bonferroni, Williams, Nemenyi, Friedman,
chi-square, critical difference, P.910, P.913, BT.500, REML, maximum likelihood, Spearman, Pearson, Kendall,
tau, rank correlation, utterance level, system level, ceiling, split-half, standard error, standard deviation,
half-width, log-odds, Bradley, Davidson, PPI, prediction-powered, confidence sequence, anytime-valid,
post-screening, inconsistency, recovered quality, embedding, log-mel, ridge regression, zero-shot, encoder, seed,
epoch, dropout, AdamW, SGD, Huber, hinge, listwise, early stopping, t-interval
""".replace("\n", " ").split(", ")
]
"""What no reader can be expected to know."""

MACHINERY = re.compile(r"\b(encoders?|seeds?|hash(es)?|LogMel|CLAP|WavLM|MuQ|RoBERTa|Audiobox)\b", re.IGNORECASE)
"""What made a number: told under "What made these numbers?" alone."""


def sentences(text):
    return [part for part in re.split(r"(?<=[.!?])\s+", text) if part]


def words(sentence):
    """The words of a sentence, without numbers and what stands for some."""
    return [word for word in re.sub(r"\{\w+\}", "", sentence).split() if re.search(r"[A-Za-z]", word)]


def texts_of(module):
    """Every text of a module of texts, with where it stands."""
    found = []

    def walk(value, name):
        if isinstance(value, str):
            found.append((name, value))
        elif isinstance(value, dict):
            for key, part in value.items():
                walk(part, f"{name}[{key}]")
        elif isinstance(value, tuple | list):
            for part in value:
                walk(part, name)
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for key, part in vars(value).items():
                if not key.startswith("__"):
                    walk(part, f"{name}.{key}")

    for key, value in vars(module).items():
        if not key.startswith("_"):
            walk(value, key)
    return found


def every_module_of_texts():
    import qamro.ui

    names = [name for _, name, _ in pkgutil.walk_packages(qamro.ui.__path__, "qamro.ui.") if name.endswith(".texts")]
    return {name: importlib.import_module(name) for name in names}


@pytest.mark.parametrize("word", JARGON)
def test_jargon_is_found_and_explained(word):
    (first, *_) = jargon(f"Its {word} says so.")
    term = LINKED[first]
    assert f'id="{term.id}"' in explained()
    assert linked(f"Its {word} says so.", set()).count(f'href="#{term.id}"') == 1


def test_there_is_one_term_for_a_word_and_every_one_is_short():
    spellings = [word for term in TERMS for word in term.words]
    assert len(spellings) == len(set(spellings)) == len(LINKED)
    assert len({term.id for term in TERMS}) == len(TERMS)
    assert len(JARGON) >= 60
    for term in TERMS:
        assert all(len(words(sentence)) <= 20 for sentence in sentences(term.text)), term.name
    re.compile(PATTERN)
    assert jargon("P.9100, sICCo, MOSaic, tautology, seedling, P.910.5") == []


class _Page(HTMLParser):
    """For each section of a page, its texts outside headings, tables and figures, and which stand in links to terms."""

    def __init__(self) -> None:
        super().__init__()
        self.path, self.sections, self.ids = [], {}, set()
        self.section = "top"

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given["id"]} if given.get("id") else set()
        if tag in ("meta", "br", "input"):
            return
        if tag == "section":
            self.section = given["id"]
        self.path.append((tag, given))

    def handle_endtag(self, tag):
        while self.path and self.path.pop()[0] != tag:
            pass
        if tag == "section":
            self.section = "top"

    def handle_data(self, data):
        tags = [tag for tag, _ in self.path]
        if {"script", "style", "h1", "h2", "h3", "table", "summary", "title", "noscript", "nav", "dl"} & set(tags):
            return
        term = next((given["href"] for tag, given in self.path if tag == "a" and given.get("class") == "term"), "")
        self.sections.setdefault(self.section, []).append((data, term))


def test_every_term_of_a_report_leads_to_its_explanation_where_it_first_stands(tmp_path):
    study = small_study(systems=5, odd="r5")
    told = predictor(study, 0.2).assign(kind_MI="human", source_MI="human: heads on LogMel, hash abcdef123456")
    told["domain"] = [("inside", "edge", "outside", "outside", "unknown")[i % 5] for i in range(len(told))]
    comparison = compare(
        study, {"good": told, "bad": predictor(study, 2.0)}, Options(draws=40, prediction_powered=True)
    )
    page = _Page()
    page.feed(write_html(comparison, tmp_path / "r.html").read_text("utf-8"))
    assert {"top", "overview", "raters", "systems-MI", "versus-MI", "inspect-MI", "provenance", "terms"} <= page.ids | {
        "top"
    }
    linked_at_all = set()
    for section, parts in page.sections.items():
        if section in ("provenance", "terms"):
            continue
        seen = set()
        for text, href in parts:
            for word in jargon(text):
                term = LINKED[word].id
                if term not in seen:
                    assert href == f"#{term}", f"{word!r} in {section}: {text[:60]}"
                seen.add(term)
            assert not MACHINERY.search(text), f"{section}: {text}"
        linked_at_all |= seen
    assert {"term-srcc", "term-bootstrap", "term-icc", "term-krippendorff-s-alpha", "term-ceiling"} <= linked_at_all
    assert linked_at_all <= page.ids
    for section in comparison.sections():
        texts = [section.answer, *section.about, *section.sentences, *(part.note for part in section)]
        for sentence in (one for text in texts if " stray: " not in text for one in sentences(text)):  # a list of names
            assert len(words(sentence)) <= 20, f"{section.id}: {sentence}"


def plain(text):
    """A text of Markdown or HTML as it is read: without equations, addresses, tags; a paragraph or heading a line."""
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>|\]\([^)]*\)", " ", text)
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n|\n(?=[#|-])", text)]


def test_no_sentence_of_the_app_is_longer_than_twenty_words():
    """Texts of every tab, also those that stand in formats; those for agents (MCP) are no view."""
    for module, texts in every_module_of_texts().items():
        for where, text in texts_of(texts):
            found = [] if where.startswith("Mcp.") else [one for part in plain(text) for one in sentences(part)]
            for sentence in found:
                assert len(words(sentence)) <= 20, f"{module} {where}: {sentence}"


@pytest.mark.parametrize("n", [1, 2])
def test_sentences_of_domains_are_short(n):
    for domains in itertools.product(*[([], [word] * n) for word in ("inside", "edge", "outside", "unknown")]):
        for sentence in sentences(f"name: {in_words(itertools.chain(*domains))}"):
            assert len(words(sentence)) <= 20, sentence


def test_texts_of_compare_are_short_and_say_nothing_of_machinery():
    from qamro.ui.compare import texts

    told = texts_of(texts)
    told += [(f"about {view.key}", text) for view in VIEWS.values() for text in (view.note, *view.about)]
    for name, text in told:
        for sentence in sentences(text):
            assert len(words(sentence)) <= 20, f"{name}: {sentence}"
        assert not MACHINERY.search(text), f"{name}: {text}"


EVERYDAY = {"CSV", "JSON", "HTML", "URL", "POST", "MCP", "UTF", "EUC", "QAMRO", "RATINGS", "PREDICTIONS", "FOLDER"}
"""Abbreviations that need no explanation, or names."""


def test_every_abbreviation_of_the_app_is_explained():
    """Also one that is not on the list of jargon: who adds a text with another one explains it, or says why not."""
    modules = every_module_of_texts()
    assert len(modules) >= 6
    found = {}
    for name, module in modules.items():
        for where, text in texts_of(module):
            for word in re.findall(r"(?<![\w{/.`&?=-])[A-Z][A-Z0-9]{2,}(?![\w}`=])", text):
                found.setdefault(word, f"{name} {where}: {text[:60]}")
    assert {"SRCC", "MOS", "MUSHRA"} <= set(found)
    strange = {word: where for word, where in found.items() if not jargon(word) and word not in EVERYDAY}
    assert not strange


def test_raters_never_see_words_of_the_field():
    from qamro.ui.annotate.languages import LANGUAGES
    from qamro.ui.annotate.languages import words as of_language

    for code in LANGUAGES:
        for name, text in of_language(code).items():
            told = [word for word in jargon(str(text)) if word not in ("anchor", "anchors")]
            assert not told, f"{code} {name}: {text}"
            assert not MACHINERY.search(str(text)), f"{code} {name}: {text}"
