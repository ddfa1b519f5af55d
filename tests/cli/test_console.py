"""Nothing that is printed can act on the terminal."""

from __future__ import annotations

import pytest
import typer
from rich.progress import Progress

from qamro.cli.console import fail, progress, safe, say, warn, wrong_use


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain, été, 音楽 🎵", "plain, été, 音楽 🎵"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("\u202egpj", r"\u202egpj"),
        ("\udcff", r"\udcff"),
        (3.5, "3.5"),
    ],
)
def test_control_characters_are_escaped(text, printed):
    assert safe(text) == printed


def test_nothing_is_markup(capsys):
    say("[red]not red[/red] [/] [bold")
    warn("[b]x[/b]")
    with pytest.raises(typer.Exit) as left:
        fail("[/nonsense] :smile:", 7)
    assert left.value.exit_code == 7
    printed = capsys.readouterr()
    assert printed.out == "[red]not red[/red] [/] [bold\n"
    assert printed.err == "Warning: [b]x[/b]\nError: [/nonsense] :smile:\n"


def test_long_lines_are_not_broken(capsys):
    say("x" * 300)
    assert capsys.readouterr().out == "x" * 300 + "\n"


def test_only_the_named_problems_are_wrong_use():
    with pytest.raises(typer.Exit) as left, wrong_use(ValueError):
        raise ValueError("no")
    assert left.value.exit_code == 2
    with pytest.raises(KeyError), wrong_use(ValueError):
        raise KeyError("a fault of ours")


def test_the_bar_counts_what_it_is_told_a_second():
    now = [0.0]
    bar = Progress(*progress("clips").columns, get_time=lambda: now[0], disable=True)
    task = bar.add_task("Embedding", total=100)
    for second in range(5):
        now[0] = float(second)
        bar.update(task, completed=20 * second)
    rates = [column for column in bar.columns if type(column).__name__ == "_Rate"]
    assert [str(column.render(bar.tasks[0])) for column in rates] == ["20.0 clips/s"]
    assert not [column for column in progress().columns if type(column).__name__ == "_Rate"]
    assert progress(show=False).disable
