"""Writes docs/python-api.md from the docstrings of the names that ``qamro`` exports: ``python docs/python_api.py``."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import qamro

PAGE = Path(__file__).resolve().parent / "python-api.md"
HEAD = """# The Python API

What `import qamro` gives; each name is loaded when it is first asked for. This page is made from the docstrings by
`python docs/python_api.py`.
"""
SECTIONS = ("Args", "Returns", "Raises", "Attributes", "Yields", "Example", "Examples", "References", "Source")
METHODS = ("__init__",)
"""Methods with an underscore that are shown all the same."""


def names() -> list[str]:
    """The exported names that are there, in the order of ``qamro.__all__``."""
    return [name for name in qamro.__all__ if not name.startswith("__") and hasattr(qamro, name)]


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(entry(name, getattr(qamro, name)) for name in names())]).rstrip() + "\n"


def entry(name: str, what: Any) -> str:
    """One name: its signature, its docstring, and for a class its own methods that have one."""
    lines = [f"## {name}", "", *signature(name, what), "", body(inspect.getdoc(what) or "")]
    if inspect.isclass(what):
        for method, found in vars(what).items():
            function = getattr(found, "__func__", found)
            if inspect.isfunction(function) and (method[0] != "_" or method in METHODS) and function.__doc__:
                call = [] if method == "__init__" else [*signature(f"{name}.{method}", function), ""]
                lines += [f"### {name}.{method}", "", *call]
                lines.append(body(inspect.getdoc(function) or ""))
    return "\n".join(lines)


def signature(name: str, what: Any) -> list[str]:
    """The call as a block of Python; long ones take a line for each parameter."""
    try:
        found = inspect.signature(what)
    except (TypeError, ValueError):
        return []
    parts, starred = [], False
    for one in found.parameters.values():
        if one.kind is one.KEYWORD_ONLY and not starred:
            parts.append("*")
        starred |= one.kind in (one.KEYWORD_ONLY, one.VAR_POSITIONAL)
        if one.name != "self":
            parts.append(parameter(one))
    returns = found.return_annotation
    end = ")" if returns in (found.empty, None, "None") else f") -> {annotation(returns)}"
    plain = f"{name}({', '.join(parts)}{end}"
    if len(plain) > 100:
        plain = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + end
    return ["```python", plain, "```"]


def parameter(one: inspect.Parameter) -> str:
    """One parameter as it stands in a signature."""
    stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    typed = one.annotation is not one.empty
    default = "" if one.default is one.empty else f"{' = ' if typed else '='}{one.default!r}"
    return f"{stars}{one.name}" + (f": {annotation(one.annotation)}" if typed else "") + default


def annotation(what: Any) -> str:
    """An annotation as it was written."""
    return what if isinstance(what, str) else inspect.formatannotation(what)


def body(text: str) -> str:
    """A Google docstring as Markdown: sections become bold words, their entries a list, examples blocks of Python."""
    out: list[str] = []
    section, code = "", False
    for line in text.splitlines():
        if code and not line.strip():
            out.append("```")
            code = False
        if line.strip().startswith(">>>") and not code:
            out += ["```python"]
            code = True
        if code:
            out.append(line.strip())
            continue
        if (match := re.fullmatch(r"(\w+):", line)) and match[1] in SECTIONS:
            section = match[1]
            out += [f"**{section}**", ""]
        elif section and re.match(r"    \S", line):
            item = re.match(r"    (\*{0,2}[\w, .]+): (.*)", line) if section not in {"Returns", "Yields"} else None
            lead = "- " if new_item(out) else "  "
            out.append(f"- `{item[1]}`: {item[2]}" if item else lead + line.strip())
        elif section and line.strip():
            out.append(f"  {line.strip()}")
        else:
            section = section if not line.strip() else ""
            out.append(line)
    return re.sub(r"(?<!`)``(?!`)", "`", "\n".join([*out, "```"] if code else out)) + "\n"


def new_item(out: list[str]) -> bool:
    """Whether the line before ends a paragraph, so that the next one begins an item."""
    return not out or not out[-1].strip() or out[-1].startswith("**")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
