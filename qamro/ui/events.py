"""Binds handlers to events: values come in by name, answers go out by component.

A handler's first argument is its tab's components (``p``). It gets the values of components under the names that
``listen`` gives them, besides ``event`` (``gr.EventData``) or ``request`` (``gr.Request``) where it has an argument
of that name, and answers with ``{component: value}``. What it leaves out stays as it is, and it may answer for every
component of its tab, so that no answer can have too few or too many values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import gradio as gr

Answer = dict[Any, Any]
"""Of every handler: components, and what they are to show."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of every event: no overlay on the page, and no entry in an API."""

AT_ONCE: dict[str, Any] = {"queue": False} | QUIET
"""For what is quick and does not wait in line, such as a Cancel button."""

LAST: dict[str, Any] = {"trigger_mode": "always_last"} | QUIET
"""While an answer is under way, only the newest of further events counts."""

_SPECIAL = {"event": gr.EventData, "request": gr.Request}


def listen(
    parts: Any,
    trigger: Callable[..., Any],
    handler: Callable[..., Any],
    options: dict[str, Any] = QUIET,
    /,
    *,
    also: Sequence[Any] = (),
    **inputs: Any,
) -> Any:
    """Calls ``handler(parts, **values)`` whenever an event comes.

    Args:
        parts: A dataclass of components: what the handler may answer for (see ``answerable``).
        trigger: An event of a component (``button.click``), or ``.then`` of what this function returned.
        handler: A function or a generator that answers with ``{component: value}``.
        options: Passed on to Gradio, ``QUIET`` among them.
        also: Further components that it may answer for: states, and what belongs to another tab.
        **inputs: For each argument of the handler, the component whose value it gets.

    Returns:
        Gradio's event, whose ``.then`` may be the next trigger.
    """
    outputs = [*answerable(parts), *also]
    return trigger(_called(handler, parts, inputs, outputs[0]), set(inputs.values()), outputs, **options)


def answerable(parts: Any) -> list[Any]:
    """Returns the components in a dataclass: in its fields, and in lists, dicts and dataclasses there; no states."""
    if isinstance(parts, gr.State):
        return []  # handlers change what is in a state; a page told of a new one would take it for a change
    if isinstance(parts, gr.blocks.Block):
        return [parts]
    if is_dataclass(parts):
        return [one for field in fields(parts) for one in answerable(getattr(parts, field.name))]
    if isinstance(parts, dict):
        return answerable(list(parts.values()))
    return [one for part in parts for one in answerable(part)] if isinstance(parts, list | tuple) else []


def find(elem_id: str) -> Any:
    """Finds a component of the app that is being built, for another tab; None where its tab is not there."""
    app = gr.context.Context.root_block
    blocks = app.blocks.values() if app is not None else ()
    return next((block for block in blocks if getattr(block, "elem_id", None) == elem_id), None)


def _called(handler: Callable[..., Any], parts: Any, inputs: dict[str, Any], first: Any) -> Callable[..., Any]:
    """Makes the function that Gradio calls: with a dictionary of values, and with what is special to Gradio."""
    special = [name for name in inspect.signature(handler).parameters if name in _SPECIAL and name not in inputs]

    def arguments(given: dict[Any, Any], extra: tuple[Any, ...]) -> dict[str, Any]:
        return {name: given[component] for name, component in inputs.items()} | dict(zip(special, extra, strict=True))

    def answer(given: dict[Any, Any], *extra: Any) -> Answer:
        return handler(parts, **arguments(given, extra)) or {first: gr.skip()}  # Gradio wants an answer of every one

    def answers(given: dict[Any, Any], *extra: Any) -> Iterator[Answer]:
        said = False
        for each in handler(parts, **arguments(given, extra)):
            said = True
            yield each or {first: gr.skip()}
        if not said:
            yield {first: gr.skip()}

    call: Any = answers if inspect.isgeneratorfunction(handler) else answer
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    call.__name__, call.__doc__ = handler.__name__, handler.__doc__
    call.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in ("given", *special)])
    call.__annotations__ = {name: _SPECIAL[name] for name in special}
    return call
