"""The app's theme: warm paper, dark ink, one accent; system fonts, so that nothing is fetched."""

from __future__ import annotations

from gradio.themes import Base
from gradio.themes.utils import colors, sizes

_TEAL = colors.Color(
    name="teal",
    c50="#eef8f9",
    c100="#d5eef1",
    c200="#aedde3",
    c300="#7fc7d1",
    c400="#4cacb9",
    c500="#1f8a99",
    c600="#12717f",
    c700="#0f5c68",
    c800="#0e4a54",
    c900="#0b3a42",
    c950="#072a30",
)
_PAPER = colors.Color(
    name="paper",
    c50="#fbfaf8",
    c100="#f4f2ee",
    c200="#e7e4de",
    c300="#d3cfc7",
    c400="#a19c93",
    c500="#79746c",
    c600="#5f5b54",
    c700="#3f3d39",
    c800="#24262a",
    c900="#191b1f",
    c950="#111316",
)


def theme() -> Base:
    """Returns the theme that ``launch`` gets."""
    made = Base(
        primary_hue=_TEAL,
        secondary_hue=_TEAL,
        neutral_hue=_PAPER,
        text_size=sizes.text_md,
        radius_size=sizes.radius_lg,
        font=("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "sans-serif"),
        font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"),
    )
    made.name = "qamro"
    return made.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="#e9e7e3",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="#a8a49c",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="#2d3035",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#2d3035",
        block_border_width="1px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="#a8a49c",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="#cfccc6",
        block_title_text_weight="600",
        input_border_width="1px",
        input_background_fill="white",
        input_background_fill_dark="*neutral_950",
        input_border_color="*neutral_300",
        input_border_color_dark="#3a3e44",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_300",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_950",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="*primary_950",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="#2d3035",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="#3a3e44",
        button_border_width="1px",
        button_large_radius="*radius_md",
        button_small_radius="*radius_md",
    )
