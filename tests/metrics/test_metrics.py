"""Metrics for training loops: against scipy, loops and the predictor; with and without torchmetrics; on two ranks."""

from __future__ import annotations

import itertools
import json
import math
import pickle
import re
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from qamro.evaluation.metrics import UndefinedMetricWarning
from qamro.metrics import EvaluateStyle, LightevalStyle, PairwiseAccuracy, PredictedMOS, SystemSRCC
from qamro.metrics.alone import AloneMetric
from qamro.predictors import load
from qamro.predictors.base import Predictor, Score
from qamro.predictors.provenance import Provenance

ROOT = Path(__file__).resolve().parents[2]


class Loudness(Predictor):
    """Scores a clip by its peak (MI), and by the length of its prompt (TA)."""

    name, axes, sample_rate, batch_size = "loudness", ("MI", "TA"), 8000, 3
    provenance = dict.fromkeys(("MI", "TA"), Provenance("simulated", "none", "none"))

    def score(self, waveforms, prompts):
        assert len(waveforms) <= self.batch_size
        assert all(wave.sample_rate == 8000 for wave in waveforms)
        return [
            {"MI": Score(float(np.abs(wave.samples).max()), domain="outside" if wave.samples.max() > 0.9 else "inside")}
            | ({"TA": Score(float(len(prompt)))} if prompt else {})
            for wave, prompt in zip(waveforms, prompts, strict=True)
        ]


def batch(n, peaks, frames=800):
    return torch.stack([torch.full((frames,), float(peak)) for peak in peaks[:n]])


# PredictedMOS


def test_the_mean_is_over_all_clips_of_all_batches():
    metric = PredictedMOS(Loudness())
    metric.update(batch(5, [0.1, 0.2, 0.3, 0.4, 0.5]), 8000, ["a", "bbb", "", "cc", ""])
    metric.update(batch(1, [0.95]), 8000)
    found = metric.compute()
    assert float(found["MI"]) == pytest.approx(np.mean([0.1, 0.2, 0.3, 0.4, 0.5, 0.95]))
    assert float(found["TA"]) == pytest.approx(2)
    assert metric.note == "1 clip unlike those of the predictor's training"
    told = metric.summary()["MI"]
    low, high = stats.t.interval(
        0.95, 5, np.mean([0.1, 0.2, 0.3, 0.4, 0.5, 0.95]), stats.sem([0.1, 0.2, 0.3, 0.4, 0.5, 0.95])
    )
    assert (told["low"], told["high"]) == pytest.approx((low, high))
    assert (told["clips"], told["kind"]) == (6, "simulated")
    metric.reset()
    metric.update(batch(1, [0.7]), 8000)
    assert float(metric.compute()["MI"]) == pytest.approx(0.7)
    assert math.isnan(metric.summary()["MI"]["low"])


def test_no_score_is_nan_and_says_why():
    metric = PredictedMOS(Loudness(), "TA")
    metric.update(batch(2, [0.1, 0.2]), 8000)
    with pytest.warns(UndefinedMetricWarning, match="TA: no clip was scored \\(TA needs prompts\\)"):
        assert math.isnan(metric.compute())


def test_one_axis_is_a_number_and_a_batch_has_its_own():
    metric = PredictedMOS(Loudness(), "MI")
    assert float(metric(batch(2, [0.2, 0.4]), 8000)) == pytest.approx(0.3)
    assert float(metric(batch(1, [0.9]), 8000)) == pytest.approx(0.9)
    assert float(metric.compute()) == pytest.approx(0.5)


@pytest.mark.parametrize("form", ["(N, T)", "(N, C, T)", "list", "(T,)", "numpy"])
def test_waveforms_come_in_several_forms(form):
    rng = np.random.default_rng(0)
    stereo = rng.uniform(-0.5, 0.5, (1, 2, 900)).astype(np.float32)
    mono = stereo.mean(axis=1)
    given = {
        "(N, T)": torch.from_numpy(mono),
        "(N, C, T)": torch.from_numpy(stereo),
        "list": [torch.from_numpy(stereo[0])],
        "(T,)": torch.from_numpy(mono[0]),
        "numpy": mono,
    }[form]
    metric = PredictedMOS(Loudness(), "MI")
    metric.update(given, 8000)
    assert float(metric.compute()) == pytest.approx(np.abs(mono).max(), rel=1e-5)


@pytest.mark.parametrize(
    ("waveforms", "rate", "prompts", "says"),
    [
        (torch.zeros(2, 100) + float("nan"), 8000, None, "clip 1 cannot be scored: it holds NaN"),
        ([torch.zeros(10), torch.zeros(0)], 8000, None, "clip 2 cannot be scored: a waveform is one row"),
        (torch.zeros(1, 10, dtype=torch.long), 8000, None, "divide by the full scale"),
        (torch.zeros(1, 10), 0, None, "a sample rate is positive"),
        (torch.zeros(1, 10), 8000, ["a", "b"], "1 clips but 2 prompts"),
    ],
)
def test_what_cannot_be_scored_is_named(waveforms, rate, prompts, says):
    metric = PredictedMOS(Loudness(), "MI")
    with pytest.raises(ValueError, match=says):
        metric.update(waveforms, rate, prompts)


def test_an_axis_that_the_predictor_lacks_is_refused():
    with pytest.raises(ValueError, match="loudness has no axis 'PQ'; it has MI, TA"):
        PredictedMOS(Loudness(), ["MI", "PQ"])


def test_scores_of_tensors_are_scores_of_the_files_that_hold_them(tmp_path):
    import soundfile

    rng = np.random.default_rng(1)
    sounds = [rng.uniform(-0.5, 0.5, n).astype(np.float32) for n in (24_000, 30_000)]
    paths = [tmp_path / f"{n}.wav" for n in range(2)]
    for path, samples in zip(paths, sounds, strict=True):
        soundfile.write(path, samples, 24_000, subtype="FLOAT")
    predictor = load("offline")
    table = predictor.predict(paths, ["calm piano", "drums"])
    metric = PredictedMOS(predictor)
    metric.update([torch.from_numpy(samples) for samples in sounds], 24_000, ["calm piano", "drums"])
    for axis, value in metric.compute().items():
        assert float(value) == pytest.approx(table[axis].mean(), abs=1e-3, nan_ok=True), axis


# SystemSRCC, PairwiseAccuracy


@pytest.mark.parametrize("seed", range(8))
def test_agreement_is_scipys_and_the_loops(seed):
    """Random and tied scores, systems of unequal size, batches of unequal size."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 60))
    target = np.round(rng.uniform(1, 5, n) * (1 if seed % 2 else 5)) / (1 if seed % 2 else 5)
    preds = np.round(target + rng.normal(0, 1, n), 1)
    systems = [f"system {k}" for k in rng.integers(0, 9, n)]
    first, second = SystemSRCC(), PairwiseAccuracy()
    for part in np.array_split(np.arange(n), 4):
        first.update(preds[part], torch.from_numpy(target[part]), [systems[i] for i in part])
        second.update(preds[part].tolist(), target[part])
    means = pd.DataFrame({"p": preds, "t": target, "s": systems}).groupby("s")[["p", "t"]].mean().round(9)
    assert float(first.compute()) == pytest.approx(stats.spearmanr(means["p"], means["t"]).statistic)
    right = total = 0.0
    for i, j in itertools.combinations(range(n), 2):
        if target[i] != target[j]:
            total += 1
            sign = np.sign(preds[i] - preds[j]) * np.sign(target[i] - target[j])
            right += 1 if sign > 0 else 0.5 if sign == 0 else 0
    assert float(second.compute()) == pytest.approx(right / total)


def test_too_few_systems_have_no_order_and_few_are_a_hint():
    metric = SystemSRCC()
    metric.update([1, 2, 3], [1, 2, 3], ["a", "b", "b"])
    with pytest.warns(UndefinedMetricWarning, match="2 systems are too few"):
        assert math.isnan(metric.compute())
    metric.update([4], [4], ["c"])
    assert float(metric.compute()) == 1
    assert metric.note == "3 systems: a hint"


@pytest.mark.parametrize("metric", [SystemSRCC, PairwiseAccuracy])
def test_constant_scores_and_empty_epochs_are_nan_with_a_reason(metric):
    systems = [list("abc")] if metric is SystemSRCC else []
    made = metric()
    made.update([1, 1, 1], [1, 2, 3], *systems)
    with pytest.warns(UndefinedMetricWarning, match="constant"):
        assert math.isnan(made.compute())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isnan(metric().compute())
    with pytest.raises(ValueError, match="1 of 2 predictions are NaN"):
        made.update([1, float("nan")], [1, 2], *([["a", "b"]] if systems else []))
    with pytest.raises(ValueError, match="give N of each"):
        made.update([1, 2, 3], [1, 2], *systems)


def test_systems_may_be_numbers():
    one, other = SystemSRCC(), SystemSRCC()
    one.update([1, 3, 2, 2], [1, 2, 3, 4], ["0", "1", "2", "2"])
    other.update([1, 3, 2, 2], [1, 2, 3, 4], torch.tensor([0, 1, 2, 2]))
    assert float(one.compute()) == float(other.compute())


# With others


def test_with_torchmetrics_they_are_its_metrics():
    torchmetrics = pytest.importorskip("torchmetrics")
    together = torchmetrics.MetricCollection({"srcc": SystemSRCC(), "acc": PairwiseAccuracy()})
    together["srcc"].update([1, 2, 3], [1, 3, 2], ["a", "b", "c"])
    together["acc"].update([1, 2, 3], [1, 3, 2])
    found = together.compute()
    assert float(found["srcc"]) == pytest.approx(0.5)
    assert float(found["acc"]) == pytest.approx(2 / 3)
    metric = PredictedMOS(Loudness(), "MI")
    assert isinstance(metric, torchmetrics.Metric)
    metric.update(batch(2, [0.2, 0.4]), 8000)
    assert float(pickle.loads(pickle.dumps(metric)).compute()) == pytest.approx(0.3)
    assert float(metric.clone().compute()) == pytest.approx(0.3)


def test_torchmetrics_takes_no_encoder_away():
    """It imports transformers, which must not find packages that are installed and broken."""
    pytest.importorskip("torchmetrics")
    pytest.importorskip("transformers")
    code = "from qamro.metrics import SystemSRCC\nfrom transformers import WavLMModel\nimport torchmetrics\n"
    code += "print(issubclass(SystemSRCC, torchmetrics.Metric))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr


ALONE = """
    import sys
    sys.modules["torchmetrics"] = None
    import json, pickle, torch
    sys.path.insert(0, {tests!r})
    from metrics.test_metrics import Loudness, batch
    from qamro.metrics import PairwiseAccuracy, PredictedMOS, SystemSRCC
    from qamro.metrics.alone import AloneMetric

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.mos, self.srcc, self.layer = PredictedMOS(Loudness(), "MI"), SystemSRCC(), torch.nn.Linear(1, 1)

    model = Model().half()
    assert isinstance(model.mos, AloneMetric) and model.mos.total.dtype == torch.float64
    said = [float(model.mos(batch(2, [0.2, 0.4]), 8000)), float(model.mos(batch(1, [0.9]), 8000))]
    model.srcc.update([1, 2, 3], [1, 3, 2], ["a", "b", "c"])
    accuracy = PairwiseAccuracy()
    said += [float(accuracy([1, 2, 3], [1, 3, 2])), float(accuracy.compute())]
    said += [float(model.mos.compute()), float(model.srcc.compute())]
    said += [float(pickle.loads(pickle.dumps(model.mos)).compute()), float(model.mos.clone().compute())]
    model.mos.reset()
    model.mos.update(batch(1, [0.5]), 8000)
    print(json.dumps([*said, float(model.mos.compute()), model.mos.update_count]))
"""


def test_without_torchmetrics_the_same_classes_work_alone():
    code = textwrap.dedent(ALONE).format(tests=str(ROOT / "tests"))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    expected = [0.3, 0.9, 2 / 3, 2 / 3, 0.5, 0.5, 0.5, 0.5, 0.5, 1]
    assert json.loads(done.stdout.splitlines()[-1]) == pytest.approx(expected)


def test_a_state_is_summed_or_concatenated():
    class Wrong(AloneMetric):
        def update(self):
            pass

        def compute(self):
            return 0

    with pytest.raises(ValueError, match="state 'a'"):
        Wrong().add_state("a", torch.zeros(1), dist_reduce_fx="cat")
    with pytest.warns(UserWarning, match="before update"):
        Wrong().compute()


def work(rank, folder):
    """What one of two processes does, with torchmetrics where it is and then without."""
    for name in ("torchmetrics", "alone"):
        if name == "alone":
            sys.modules["torchmetrics"] = None
            for module in [module for module in sys.modules if module.startswith("qamro.metrics")]:
                del sys.modules[module]
        from qamro.metrics import PairwiseAccuracy, PredictedMOS, SystemSRCC

        torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/{name}", rank=rank, world_size=2)
        mos, srcc, accuracy = PredictedMOS(Loudness()), SystemSRCC(), PairwiseAccuracy()
        preds, target, systems = shared_scores()
        mine = list(range(13) if rank == 0 else range(13, 20))  # unequal shares
        mos.update(batch(3, [0.1, 0.2, 0.3]) if rank == 0 else batch(1, [0.8]), 8000, ["a"] * 3 if rank == 0 else [""])
        srcc.update(preds[mine], target[mine], [systems[i] for i in mine])
        accuracy.update(preds[mine], target[mine])
        found = {axis: float(value) for axis, value in mos.compute().items()}
        found |= {"clips": mos.summary()["MI"]["clips"], "srcc": float(srcc.compute())}
        found |= {"accuracy": float(accuracy.compute()), "own": float(mos.count[0])}  # its own states are back
        if name == "alone":  # one rank has had nothing yet
            late = PairwiseAccuracy()
            if rank == 0:
                late.update(preds, target)
            found["late"] = float(late.compute())
        (folder / f"{name}-{rank}.json").write_text(json.dumps(found | {"base": type(mos).__mro__[2].__module__}))
        torch.distributed.destroy_process_group()


def shared_scores():
    rng = np.random.default_rng(5)
    target = rng.uniform(1, 5, 20)
    return target + rng.normal(0, 1, 20), target, [f"s{k % 5}" for k in range(20)]


@pytest.mark.server
def test_two_processes_equal_one(tmp_path):
    pytest.importorskip("torchmetrics")
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\nfrom pathlib import Path\n"
    code += f"from metrics.test_metrics import work\nwork(int(sys.argv[1]), Path({str(tmp_path)!r}))"
    command = [sys.executable, "-W", "ignore", "-c", code]
    running = [
        subprocess.Popen([*command, str(rank)], cwd=ROOT, stderr=subprocess.PIPE, text=True) for rank in range(2)
    ]
    for process in running:
        _, problem = process.communicate(timeout=120)
        assert process.returncode == 0, problem
    mos, srcc, accuracy = PredictedMOS(Loudness()), SystemSRCC(), PairwiseAccuracy()
    mos.update(batch(4, [0.1, 0.2, 0.3, 0.8]), 8000, ["a", "a", "a", ""])
    preds, target, systems = shared_scores()
    srcc.update(preds, target, systems)
    accuracy.update(preds, target)
    expected = {axis: float(value) for axis, value in mos.compute().items()}
    expected |= {"clips": 4, "srcc": float(srcc.compute()), "accuracy": float(accuracy.compute())}
    for name, base in (("torchmetrics", "torchmetrics.metric"), ("alone", "qamro.metrics.alone")):
        for rank, own in ((0, 3), (1, 1)):
            found = json.loads((tmp_path / f"{name}-{rank}.json").read_text())
            assert found.pop("base") == base
            assert found.pop("late", expected["accuracy"]) == pytest.approx(expected["accuracy"])
            assert found == pytest.approx(expected | {"own": own})


def test_losses_are_there_as_modules():
    import qamro.metrics
    from qamro import losses

    names = [name for name in qamro.metrics.__all__ if name.endswith("Loss")]
    assert set(names) == {name for name in losses.__all__ if name.endswith("Loss")}
    for name in names:
        assert issubclass(getattr(qamro.metrics, name), torch.nn.Module)


def test_values_are_drawn():
    pytest.importorskip("matplotlib")
    metric = PredictedMOS(Loudness())
    values = [metric(batch(2, [0.1 * k, 0.2]), 8000, ["a", "b"]) for k in range(1, 4)]
    figure, axes = metric.plot()
    assert len(axes.patches) == 2
    figure, axes = metric.plot(values)
    assert [len(line.get_xdata()) for line in axes.lines] == [3, 3]
    assert figure is axes.get_figure()
    assert list(axes.lines[0].get_ydata()) == pytest.approx([float(value["MI"]) for value in values])


def test_adapters_speak_the_others_language():
    metric = EvaluateStyle(PairwiseAccuracy())
    metric.add_batch(predictions=[1, 2], references=[1, 2])
    assert metric.compute(predictions=[3], references=[0]) == {"PairwiseAccuracy": pytest.approx(1 / 3)}
    assert metric.compute(predictions=[1, 2], references=[1, 2]) == {"PairwiseAccuracy": 1}
    mos = PredictedMOS(Loudness(), ["MI"])
    sample = LightevalStyle(
        mos, lambda response, doc: {"waveforms": response.audio, "sample_rate": 8000, "prompts": [doc.query]}
    )
    for peak in (0.2, 0.6):
        found = sample.compute(
            model_response=SimpleNamespace(audio=batch(1, [peak])), doc=SimpleNamespace(query="piano")
        )
        assert found == {"MI": pytest.approx(peak)}
    assert float(mos.compute()["MI"]) == pytest.approx(0.4)


def test_importing_costs_nothing_heavy():
    code = "import sys, qamro.metrics; print([n for n in ('torch', 'torchmetrics', 'numpy') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pages_example_runs(capsys):
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    code, _, order, impression = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(code, {})
    said = capsys.readouterr().out.splitlines()
    assert [line[0] for line in said[:2]] == ["0", "1"]
    assert "'clips': 12" in said[2]
    assert "'kind': 'simulated'" in said[2]
    exec(order, {})
    assert capsys.readouterr().out == "{'PairwiseAccuracy': 1.0}\n"
    names: dict = {}
    exec(impression, names)
    called = re.search(r"impression.compute\(model_response=response, doc=doc\)", impression)[0]
    given = {"response": SimpleNamespace(audio=batch(1, [0.2], 32_000)), "doc": SimpleNamespace(query="calm piano")}
    found = eval(called, names | given)
    assert list(found) == ["MI"]
    assert 1 <= found["MI"] <= 5
