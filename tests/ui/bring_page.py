"""A page of nothing but study choosers, one for each need, each with a line that says what a tab would get.

Usage: python bring_page.py (GRADIO_SERVER_PORT says where to serve).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build():
    import gradio as gr

    from qamro.ui.app import _HEAD
    from qamro.ui.bring import study_chooser

    def tell(study):
        if study is None:
            return "nothing chosen"
        return f"got {study.name}: {len(study.clips)} clips, {len(study.ratings)} ratings, {study.kind}"

    with gr.Blocks(analytics_enabled=False) as page:
        for prefix in ("compare", "train"):
            with gr.Column(elem_classes="q-card"):
                chooser = study_chooser(prefix, audio=prefix == "train")
                got = gr.Textbox("", elem_id=f"{prefix}-got", container=False)
                chooser.on_change(tell, None, [got])
    return page, _HEAD


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    from qamro.ui.static import routes
    from qamro.ui.theme import theme

    blocks, head = build()
    blocks.queue().launch(
        server_port=int(os.environ["GRADIO_SERVER_PORT"]),
        quiet=True,
        ssr_mode=False,
        app_kwargs={"routes": routes()},
        theme=theme(),
        head=head,
    )
