import json
import re

import plotly.graph_objects as go
import pytest

from qamro.figures.page import figure_place, html_page, slug, write_page
from qamro.figures.style import INK, PREDICTORS, SYMBOLS, escape, predictor_marker, shorten


@pytest.mark.parametrize(
    ("parts", "expected"),
    [(("systems", "MI~quality"), "systems-MI-quality"), (("a", "", "b/c.wav"), "a-b-c-wav"), (("…",), "")],
)
def test_identifiers_hold_letters_digits_and_hyphens(parts, expected):
    assert slug(*parts) == expected


def test_data_of_a_figure_cannot_end_its_script_and_reads_back():
    figure = go.Figure().add_scatter(x=[1], y=[2], text=["</script><!-- x"])
    place = figure_place("key", figure, 'says "so"')
    assert 'aria-label="says &quot;so&quot;"' in place
    assert f'data-grey="{INK}"' in place
    (data,) = re.findall(r'<script type="application/json" id="key-data">(.*?)</script>', place)
    assert json.loads(data)["data"][0]["text"] == ["</script><!-- x"]


def test_plotly_is_in_the_page_once_and_file_names_that_are_no_text_do_no_harm(tmp_path):
    figures = "".join(figure_place(f"f{i}", go.Figure(), "") for i in range(3))
    page = html_page("a < b", figures)
    assert page.count("plotly.js v") == 1
    assert "<title>a &lt; b</title>" in page
    write_page(tmp_path / "new" / "p.html", "t", "bad \udcff name")
    assert "bad \\udcff name" in (tmp_path / "new" / "p.html").read_text("utf-8")


def test_predictors_are_told_apart_by_more_than_colour():
    looks = {(m["color"], m["symbol"]) for m in map(predictor_marker, range(8))}
    assert len(looks) == 8
    assert len({look[1] for look in looks}) == len(SYMBOLS)
    assert predictor_marker(len(PREDICTORS))["color"] == PREDICTORS[0]


def test_names_are_shown_as_typed():
    assert escape("<b>&") == "&lt;b&gt;&amp;"
    assert shorten("x" * 40, 10) == "x" * 9 + "…"
