"""The Margin page by hand: every widget is moved, and what the page then says is what Python says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from margin import reference

from qamro.losses import margin_ranking_loss, qamro_loss
from qamro.ui.margin.distributions import bundled_file
from tests.ui.visits import SCREENSHOTS, Visits

from . import page as on

pytestmark = pytest.mark.browser
HUMAN = [4.7, 4.4, 4.1, 3.6, 3.6, 3.3, 3.0, 2.8, 2.5, 2.0, 1.7, 1.4]
SIMULATED = json.loads(bundled_file().read_text(encoding="utf-8"))["studies"]


@pytest.fixture
def open_margin(address: str, browser: Any) -> Iterator[on.OpenMargin]:
    """Opens the page; at the end it has not erred and asked nobody else for anything."""
    visits = Visits(browser, lambda: address, "[data-ready=true]")

    def open_one(query: str = "", width: int = 1100, **options: Any) -> Any:
        page = visits(f"?{query}", width=width, **options)
        on.wait_ready(page)
        return page

    yield open_one
    visits.leave()


def expected_losses(p: list[float], y: list[float], m: float, alpha: float, beta: float, scale: Any = None) -> Any:
    def ours(predictions: Any, targets: Any) -> Any:
        how = {"normalize": "scale", "scale": scale} if scale else {}
        return qamro_loss(predictions, targets, alpha=alpha, beta=beta, **how)

    def theirs(predictions: Any, targets: Any) -> Any:
        return margin_ranking_loss(predictions, targets, margin=m)

    return {"mr": reference.value_and_gradient(theirs, p, y), "qamro": reference.value_and_gradient(ours, p, y)}


def check_pair(page: Any, m: float, alpha: float, beta: float) -> None:
    y = [on.now(page, "yA"), on.now(page, "yB")]
    p = [on.now(page, "pA"), on.now(page, "pB")]
    for name, (loss, gradient) in expected_losses(p, y, m, alpha, beta, (1.0, 5.0)).items():
        assert on.number(page, "pair", f"{name} loss") == pytest.approx(loss, abs=6e-4)
        for clip, slope in zip("AB", gradient, strict=True):
            assert on.number(page, "pair", f"{name} gradient {clip}") == pytest.approx(slope, abs=6e-4)
    assert on.number(page, "pair", "mr margin") == pytest.approx(m, abs=6e-4)
    assert on.number(page, "pair", "qamro margin") == pytest.approx(alpha * abs(y[0] - y[1]), abs=6e-4)
    assert on.number(page, "pair", "qamro q") == pytest.approx(1 + (beta - 1) * (max(y) - 1) / 4, abs=6e-4)


def test_pair_follows_the_mouse(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    check_pair(page, 0.1, 0.2, 7)
    before = on.now(page, "yA")
    on.drag(page, "yA", -110, 0)
    assert on.now(page, "yA") < before - 0.4
    check_pair(page, 0.1, 0.2, 7)
    on.drag(page, "pA", 200, 30)
    on.drag(page, "pB", -160, 0)
    check_pair(page, 0.1, 0.2, 7)
    assert on.value(page, "pair", "mr gradient A") == "0.000"
    on.drag(page, "yB", 900, 0)
    assert on.now(page, "yB") == 5
    check_pair(page, 0.1, 0.2, 7)
    on.slide(page, "pair", "margin", 0.6)
    on.slide(page, "pair", "alpha", 0.75)
    on.slide(page, "pair", "beta", 11.5)
    check_pair(page, 0.6, 0.75, 11.5)


def test_pair_follows_the_keys_and_vanishes_when_equal(open_margin: on.OpenMargin) -> None:
    page = open_margin("m.pair=3_2.9_3.5_3")
    knob = on.handle(page, "yA")
    knob.focus()
    for key, lands in (("ArrowRight", 3.05), ("ArrowUp", 3.1), ("ArrowLeft", 3.05), ("PageUp", 3.3), ("Home", 1.0)):
        page.keyboard.press(key)
        on.settle(page)
        assert on.now(page, "yA") == pytest.approx(lands)
        assert f"{lands:.2f}" in knob.get_attribute("aria-valuetext")
    page.keyboard.press("End")
    on.settle(page)
    check_pair(page, 0.1, 0.2, 7)
    on.handle(page, "yB").focus()
    page.keyboard.press("End")
    on.settle(page)
    assert on.now(page, "yA") == on.now(page, "yB") == 5
    assert on.value(page, "pair", "qamro gradient A") == "none"
    story = page.locator("[data-figure=pair] .story").text_content()
    assert "The pair is gone" in story
    assert "left out of the mean" in story
    assert page.locator("[data-figure=pair] .curve").count() == 0
    page.keyboard.press("ArrowLeft")
    on.settle(page)
    assert page.locator("[data-figure=pair] .curve").count() == 2


def test_pair_follows_a_finger_on_a_phone(open_margin: on.OpenMargin) -> None:
    page = open_margin(width=400, has_touch=True, is_mobile=True, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    knob = on.handle(page, "pA")
    knob.scroll_into_view_if_needed()
    box = knob.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before, top = on.now(page, "pA"), page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    finger("touchStart", (x, y))
    for k in range(1, 6):
        finger("touchMove", (x + 16 * k, y + 2 * k))
    finger("touchEnd")
    on.settle(page)
    assert on.now(page, "pA") > before + 0.5
    assert page.evaluate("scrollY") == top
    check_pair(page, 0.1, 0.2, 7)


def check_batch(page: Any, m: float, alpha: float, beta: float, scale: Any = None) -> None:
    p = [on.now(page, f"batch{name}") for name in "ABCDEFGHIJKL"]
    wrong = reference.wrong_pairs(p, HUMAN)[0]
    for name, (loss, _) in expected_losses(p, HUMAN, m, alpha, beta, scale).items():
        assert on.number(page, "batch", f"{name} loss") == pytest.approx(loss, abs=6e-5)
        assert on.number(page, "batch", f"{name} wrong") == wrong
        assert on.number(page, "batch", f"{name} pairs") == 65
    pairs = [(p[i] - p[j], HUMAN[i] - HUMAN[j]) for i in range(12) for j in range(12) if HUMAN[i] > HUMAN[j]]
    for name, short in (
        ("mr", sum(lead < m - 1e-12 for lead, _ in pairs)),
        ("qamro", sum(lead < alpha * gap - 1e-12 for lead, gap in pairs)),
    ):
        assert abs(on.number(page, "batch", f"{name} active") - short) <= _on_the_line(pairs, name, m, alpha)


def _on_the_line(pairs: list[tuple[float, float]], name: str, m: float, alpha: float) -> int:
    """Pairs that lie on the boundary to the last digit, where rounding decides."""
    return sum(abs(lead - (m if name == "mr" else alpha * gap)) < 1e-12 for lead, gap in pairs)


def test_batch_follows_and_counts(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    check_batch(page, 0.1, 0.2, 7)
    on.drag(page, "batchL", 0, -140)
    check_batch(page, 0.1, 0.2, 7)
    on.handle(page, "batchA").focus()
    page.keyboard.press("PageDown")
    on.settle(page)
    check_batch(page, 0.1, 0.2, 7)
    on.slide(page, "batch", "margin", 0.35)
    on.slide(page, "batch", "alpha", 0.5)
    on.slide(page, "batch", "beta", 12)
    check_batch(page, 0.35, 0.5, 12)
    page.locator("[data-figure=batch] input[data-field=unit][value=scale]").check()
    on.settle(page)
    check_batch(page, 0.35, 0.5, 12, (1.0, 5.0))


def test_a_swap_costs_the_same_at_both_ends_unless_weighted(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    losses = {}
    for beta in (1, 7):
        on.slide(page, "batch", "beta", beta)
        for where in ("top", "bottom"):
            page.get_by_role("button", name=f"One swap at the {where}").click()
            on.settle(page)
            check_batch(page, 0.1, 0.2, beta)
            losses[beta, where] = [on.number(page, "batch", f"{name} loss") for name in ("mr", "qamro")]
    assert losses[1, "top"] == losses[1, "bottom"]
    assert losses[7, "top"][0] == losses[7, "bottom"][0]
    assert losses[7, "top"][1] > 3 * losses[7, "bottom"][1]


def test_a_mark_and_its_two_clips_belong_together(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    mark = page.locator("[data-pair=AL]")
    mark.scroll_into_view_if_needed()
    mark.hover()
    on.settle(page)
    story = page.locator("[data-figure=batch] .story")
    assert story.text_content().startswith("A over L. People put A 3.3 above L; the model puts it 0.85 ahead.")
    assert page.locator(".batch-clips .bead.lit").count() == 2
    page.mouse.move(5, 5)
    page.locator(".batch-plot svg.focusable").focus()
    page.keyboard.press("ArrowRight")
    on.settle(page)
    first = story.text_content()
    page.keyboard.press("ArrowRight")
    on.settle(page)
    assert " over " in first
    assert story.text_content() != first
    page.keyboard.press("Escape")
    on.handle(page, "batchF").focus()
    on.settle(page)
    assert page.locator(".batch-plot .pair.lit").count() == 11
    assert "is in 11 pairs" in story.text_content()


def check_shares(page: Any, axis: str, beta: float, scale: tuple[float, float] | None) -> None:
    scores = next(study["scores"] for study in SIMULATED if study["axis"] == axis)
    now, plain = (reference.share_of_top(scores, b, scale) for b in (beta, 1.0))
    assert on.number(page, "who", "qamro share") == pytest.approx(100 * now["share"], abs=6e-3)
    assert on.number(page, "who", "plain share") == pytest.approx(100 * plain["share"], abs=6e-3)
    assert on.number(page, "who", "qamro q") == pytest.approx(now["meanWeight"], abs=6e-4)
    far = reference.share_of_top(scores, 1e9, scale)["share"]
    assert on.number(page, "who", "limit share") == pytest.approx(100 * far, abs=6e-3)


def test_who_matters_follows_beta_and_study(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    check_shares(page, "MI", 7, None)
    on.drag(page, "beta", 0, -60)
    beta = on.now(page, "beta")
    assert beta > 9
    check_shares(page, "MI", beta, None)
    assert page.locator("[data-figure=pair] input[data-field=beta]").input_value() == f"{beta:g}"
    on.handle(page, "beta").focus()
    page.keyboard.press("Home")
    on.settle(page)
    check_shares(page, "MI", 1, None)
    on.slide(page, "who", "beta", 4)
    page.locator("[data-figure=who] select").select_option("simulated-TA")
    page.locator("[data-figure=who] input[data-field=unit3][value=scale]").check()
    on.settle(page)
    check_shares(page, "TA", 4, (1.0, 5.0))
    assert "No person rated these clips" in page.locator("[data-figure=who] .source").text_content()


def check_training(page: Any, step: int, **settings: Any) -> None:
    task = reference.make_task(settings["clips"], settings["model"], settings["seed"])
    for name in reference.LOSSES:
        p = reference.train(task, reference.objective(name, **settings), settings["rate"])[step]
        expected = reference.metrics(p.tolist(), task["y"])
        assert on.number(page, "train", f"{name} srcc") == pytest.approx(expected["srcc"], abs=6e-4)
        assert on.number(page, "train", f"{name} mse") == pytest.approx(expected["mse"], abs=6e-4)
        assert on.value(page, "train", f"{name} top1") == ("yes" if expected["top1"] else "no")
        assert on.number(page, "train", f"{name} wrong") == expected["wrong"]
        assert on.number(page, "train", f"{name} wrongTop") == expected["wrongTop"]


def test_training_is_the_one_of_torch(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    settings: dict[str, Any] = {"clips": 24, "model": "linear", "seed": 16, "rate": 0.05, "beta": 7}
    check_training(page, 240, **settings)
    page.locator("[data-figure=train] input[aria-label='Training step']").fill("37")
    on.settle(page)
    check_training(page, 37, **settings)
    page.get_by_role("button", name="One step on").click()
    page.get_by_role("button", name="One step on").click()
    page.get_by_role("button", name="One step back").click()
    on.settle(page)
    check_training(page, 38, **settings)
    page.locator("[data-figure=train] input[value=free]").check()
    page.locator("[data-figure=train] input[data-field=huber]").check()
    page.get_by_role("button", name="Another seed").click()
    on.slide(page, "train", "clips", 13)
    on.slide(page, "train", "beta", 15)
    changed = settings | {"clips": 13, "model": "free", "seed": 17, "huber": True, "beta": 15}
    check_training(page, 38, **changed)


def test_play_runs_to_the_end_and_pauses(open_margin: on.OpenMargin) -> None:
    page = open_margin("m.step=100")
    scrub = page.locator("[data-figure=train] input[aria-label='Training step']")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("(scrub) => Number(scrub.value) > 110", arg=scrub.element_handle())
    page.get_by_role("button", name="Pause").click()
    stopped = scrub.input_value()
    page.wait_for_timeout(120)
    assert scrub.input_value() == stopped
    assert page.get_by_role("button", name="Play").is_visible()


def test_less_motion_means_a_few_still_pictures(open_margin: on.OpenMargin) -> None:
    page = open_margin(reduced_motion="reduce")
    page.evaluate(
        """() => {
          window.seen = new Set();
          const table = document.querySelector('#page').shadowRoot.querySelector('[data-figure=train] table');
          new MutationObserver(() => window.seen.add(table.querySelector('thead td').textContent))
            .observe(table, { childList: true });
        }"""
    )
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.seen.has('step 15')")
    page.get_by_role("button", name="Pause").click()
    steps = page.evaluate("[...window.seen]")
    assert {int(step.split()[1]) for step in steps} <= {round(240 * (k / 12) ** 2) for k in range(13)}


def test_a_hundred_seeds_say_how_much_to_believe(open_margin: on.OpenMargin) -> None:
    page = open_margin("m.at=seeds")
    page.evaluate(
        """() => {
          window.drawn = new Set();
          const seeds = document.querySelector('#page').shadowRoot.querySelector('.seeds');
          new MutationObserver(() => window.drawn.add(seeds.querySelectorAll('.speck.qamro').length))
            .observe(seeds, { attributeFilter: ['data-seeds'] });
        }"""
    )
    page.locator("[data-figure=train]").get_by_role("button", name="Another seed").click()
    page.wait_for_selector(".seeds[data-seeds='100']")
    counts = page.evaluate("[...window.drawn]")
    assert len([count for count in counts if 0 < count < 300]) >= 3, "they are drawn as they come"
    assert max(counts) == 300, "each in three strips"
    story = page.locator(".seeds .story").text_content()
    assert "Pairs out of order at the top: −" in story
    assert "95 % interval" in story
    means = page.evaluate(
        """async () => {
          const { runSeed } = await import('./experiment.js');
          const state = { clips: 24, model: 'linear', huber: false, rate: .05, margin: .1, alpha: .2, beta: 7 };
          const ends = Array.from({ length: 100 }, (_, k) => runSeed(state, k + 1));
          return ends.reduce((sum, end) => sum + end.qamro.srcc / 100, 0);
        }"""
    )
    assert on.number(page, "train", "qamro seeds srcc") == pytest.approx(means, abs=6e-4)


def test_questions_hide_the_outcome_until_the_vote(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    table = page.locator("[data-figure=train] table")
    page.get_by_role("button", name="Ask the class").click()
    on.settle(page)
    assert not table.is_visible()
    assert not page.locator(".seeds").is_visible()
    assert on.query(page)["ask"] == "scores"
    for right in ("huber", "all", "start", "top"):
        on.settle(page)
        wrong = page.locator(f".questions [data-answer]:not([data-answer={right}])").first
        wrong.click()
        assert page.locator(".questions .answer").text_content().startswith("No: ")
        assert page.locator(".questions .right").get_attribute("data-answer") == right
        assert table.is_visible()
        page.locator(".questions .row").last.get_by_role("button").first.click()
    assert page.get_by_role("button", name="Ask the class").is_visible()
    assert "ask" not in on.query(page)


def test_a_linked_question_opens_set_up(open_margin: on.OpenMargin) -> None:
    page = open_margin("m.ask=mean&m.at=train&m.seed=5")
    assert page.locator("[data-figure=train] input[value=free]").is_checked()
    page.locator("[data-answer=start]").click()
    answer = page.locator(".questions .answer").text_content()
    assert answer.startswith("Yes: exactly where it started.")
    task = reference.make_task(24, "free", 16)
    assert f"Average before {sum(task['start']) / 24:.3f}" in answer
    page.get_by_role("button", name="Leave the questions").click()
    assert on.query(page).get("ask") is None


def test_the_address_holds_what_was_set(open_margin: on.OpenMargin) -> None:
    page = open_margin("__theme=dark")
    assert on.query(page) == {}
    on.drag(page, "pA", 150, 0)
    on.slide(page, "who", "beta", 9.5)
    on.handle(page, "batchC").focus()
    page.keyboard.press("PageUp")
    state = on.query(page)
    assert state.keys() == {"pair", "beta", "batch"}
    pair, batch = on.value(page, "pair", "qamro loss"), on.value(page, "batch", "qamro loss")
    page.reload()
    on.wait_ready(page)
    assert on.value(page, "pair", "qamro loss") == pair
    assert on.value(page, "batch", "qamro loss") == batch
    assert on.query(page) == state
    assert page.locator(".page").get_attribute("data-theme") == "dark"
    page.locator("[data-figure=pair]").get_by_role("button", name="Reset").click()
    assert on.query(page).keys() == {"batch"}


def test_a_copied_link_leads_to_the_figure(open_margin: on.OpenMargin) -> None:
    page = open_margin(permissions=["clipboard-read", "clipboard-write"])
    on.slide(page, "who", "beta", 3)
    page.locator("[data-figure=who]").get_by_role("button", name="Copy a link to this").click()
    page.get_by_role("button", name="Copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert "tab=margin" in link
    page.goto(link)
    on.wait_ready(page)
    on.settle(page)
    assert page.evaluate("scrollY") > 1000
    assert on.now(page, "beta") == 3


@pytest.mark.parametrize(
    ("name", "width", "theme"), [("light", 1100, "light"), ("dark", 1100, "dark"), ("phone", 400, "light")]
)
def test_seen_in_both_themes_and_on_a_phone(open_margin: on.OpenMargin, name: str, width: int, theme: str) -> None:
    page = open_margin(f"__theme={theme}", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".page").get_attribute("data-theme") == theme
    page.locator(".seeds").scroll_into_view_if_needed()
    page.wait_for_selector(".seeds[data-seeds='100']")
    assert page.locator("[data-figure]").count() == 4
    for figure in page.locator("[data-figure]").all():
        box = figure.bounding_box()
        assert box["height"] > 500
        assert box["width"] <= width
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"margin-{name}.png", full_page=True)


def test_colours_follow_the_theme_at_once(open_margin: on.OpenMargin) -> None:
    page = open_margin("__theme=light")
    pixel = """() => {
      const canvas = document.querySelector('#page').shadowRoot.querySelector('[data-loss=qamro] canvas');
      return [...canvas.getContext('2d').getImageData(2, 2, 1, 1).data].slice(0, 3);
    }"""
    light = page.evaluate(pixel)
    page.evaluate("document.body.classList.add('dark')")
    page.wait_for_function(f"({pixel})()[0] < 60")
    assert light[0] > 200


def test_every_knob_says_what_it_is(open_margin: on.OpenMargin) -> None:
    page = open_margin()
    for slider in page.get_by_role("slider").all():
        assert slider.get_attribute("aria-label") or slider.evaluate("(e) => e.labels.length") > 0
        if slider.get_attribute("aria-valuenow"):
            low, high = (float(slider.get_attribute(f"aria-value{end}")) for end in ("min", "max"))
            assert low <= float(slider.get_attribute("aria-valuenow")) <= high
