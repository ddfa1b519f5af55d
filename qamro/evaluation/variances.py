"""Where the variance of a study's ratings comes from: systems, their clips, raters and the rest, by REML.

Restricted maximum likelihood (Patterson and Thompson 1971) of ``score = mean + system + clip within system + rater +
rest``, all normal. Clips are taken out in closed form and what is left are crossproducts of sums a clip, made once: a
likelihood costs a small matrix and no pass over the ratings (Woodbury), so 30,000 ratings take no longer than 300.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from qamro.studies import Study

_CHI2 = 3.841458820694124  # 95 % of chi-square with one degree of freedom
_LEAST = -16.0  # logarithm of the smallest share of the whole variance: nothing
_EDGE = -12.0  # and below this it is called nothing


@dataclass(frozen=True)
class Variances:
    """Variance components of single ratings, in squared score units.

    Attributes:
        between: Between the true means of systems.
        clips: Between the true scores of a system's clips.
        raters: Between the raters' biases; 0 where they are not named (then ``rest`` holds them).
        rest: Of one rating about all that.
    """

    between: float
    clips: float
    raters: float
    rest: float

    def __post_init__(self) -> None:
        """Refuses what is no variance.

        Raises:
            ValueError: One is negative or not a number.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"the variance {each.name!r} is {value}; it must be zero or more")


@dataclass(frozen=True)
class Estimated:
    """Components with 95 % profile-likelihood intervals.

    Attributes:
        variances: The estimates.
        low: Lower ends by component; 0 where nothing speaks against none.
        high: Upper ends.
        systems: Names, in order.
        means: Mean of each system's clips, shape (K,).
        clips: Number of rated clips of each, shape (K,).
        ratings: Ratings behind it.
        named: Whether raters are named, so that their variance could be estimated.
    """

    variances: Variances
    low: dict[str, float]
    high: dict[str, float]
    systems: list[str]
    means: np.ndarray
    clips: np.ndarray
    ratings: int
    named: bool


def estimate(study: Study, axis: str) -> Estimated:
    """Estimates the components of one axis.

    Args:
        study: Single ratings; some clips need two or more.
        axis: The rated axis.

    Raises:
        KeyError: Nobody rated this axis.
        ValueError: The study cannot tell the components apart: it holds means, one system, one clip a system, or one
            rating a clip.
    """
    if axis not in study.axes:
        raise KeyError(f"nobody rated {axis!r} in study {study.name!r}; its axes are {', '.join(study.axes)}")
    if study.holds_means:
        raise ValueError(f"{study.name} holds means of several ratings; single ones are needed, or typed deviations")
    table = study.counted
    table = table.loc[table["axis"] == axis, ["clip", "rater", "score"]]
    table = table.merge(study.clips[["clip", "system"]], on="clip")
    table = table[table["system"] != ""]
    systems, system = np.unique(table["system"].to_numpy(str), return_inverse=True)
    clip = np.unique(table["clip"].to_numpy(str), return_inverse=True)[1]
    named = len(table) > 0 and bool((table["rater"] != "").all()) and table["rater"].nunique() > 1
    rater = np.unique(table["rater"].to_numpy(str), return_inverse=True)[1] if named else None
    score = table["score"].to_numpy(float)
    first = np.unique(clip, return_index=True)[1]
    clips = np.bincount(system[first], minlength=len(systems))
    if len(systems) < 2:
        raise ValueError(f"{study.name} has {len(systems)} named systems rated on {axis}; it takes two or more")
    if clips.max() < 2 or len(first) == len(score):
        lacks = "two clips" if clips.max() < 2 else "a clip with two ratings"
        raise ValueError(f"{study.name}: no system has {lacks} on {axis}; the deviations have to be typed in")
    if np.ptp(score) == 0:
        raise ValueError(f"{study.name}: all ratings on {axis} are equal, so there is nothing to plan from")
    model = Model(score, system, clip, rater)
    variances, low, high = model.fit()
    of_clip = np.bincount(clip, score) / np.bincount(clip)
    means = np.bincount(system[first], of_clip) / clips
    return Estimated(variances, low, high, [str(name) for name in systems], means, clips, len(score), named)


class Model:
    """The likelihood of one axis."""

    def __init__(self, score: np.ndarray, system: np.ndarray, clip: np.ndarray, rater: np.ndarray | None) -> None:
        """Makes the crossproducts.

        Args:
            score: Shape (N,).
            system: Codes 0 to K - 1, shape (N,).
            clip: Codes 0 to C - 1, none without a rating, shape (N,).
            rater: Codes 0 to R - 1, or None.
        """
        y = score - score.mean()
        self.scale = float(y.var())
        y = y / np.sqrt(self.scale)
        self.size = [int(system.max()) + 1, int(rater.max()) + 1 if rater is not None else 0]
        q = sum(self.size)
        counts = np.bincount(clip)
        self.n, self.clips = len(y), len(counts)
        codes = [system] if rater is None else [system, self.size[0] + rater]
        # Sums of [systems, raters, 1, y] over each clip's ratings; and over single ratings their crossproducts.
        sums = np.zeros((self.clips, q + 2))
        for code in codes:
            np.add.at(sums, (clip, code), 1.0)
        sums[:, q], sums[:, q + 1] = counts, np.bincount(clip, y)
        single = np.zeros((q + 2, q + 2))
        for one in codes:
            for other in codes:
                np.add.at(single, (one, other), 1.0)
            single[q, :q] += np.bincount(one, minlength=q)
            single[q + 1, :q] += np.bincount(one, y, minlength=q)
        single[:q, q], single[:q, q + 1] = single[q, :q], single[q + 1, :q]
        single[q:, q:] = [[self.n, y.sum()], [y.sum(), y @ y]]
        self.single, self.ratings = single, np.unique(counts)
        self.alike = np.array([(counts == n).sum() for n in self.ratings])
        self.of_clips = np.array([sums[counts == n].T @ sums[counts == n] for n in self.ratings])

    def deviance(self, between: float, clips: float, raters: float, rest: float) -> tuple[float, np.ndarray]:
        """Returns -2 times the restricted log-likelihood, up to a constant, and its slopes by the four components.

        For scores of variance 1. With M the crossproducts of [systems, raters, 1, y] under the clips' and the rest's
        variance, and D the variances of systems and raters, W = (1/D + A)^-1 with A the random block of M.
        """
        q = sum(self.size)
        inner = rest + self.ratings * clips
        cross = (self.single - np.tensordot(clips / inner, self.of_clips, 1)) / rest
        block, fixed = cross[:q, :q], cross[:q, q:]
        root = np.sqrt(np.repeat([between, raters], self.size))
        whole = np.eye(q) + root[:, None] * block * root
        inverse = np.linalg.inv(whole)
        weight = root[:, None] * inverse * root
        beside = np.eye(q) - block @ weight
        left = cross[q:, q:] - fixed.T @ weight @ fixed
        middle = left[0, 1] / left[0, 0]
        logs = (self.n - self.clips) * np.log(rest) + self.alike @ np.log(inner)
        value = logs + np.linalg.slogdet(whole)[1] + np.log(left[0, 0]) + left[1, 1] - left[0, 1] * middle

        by_left = np.array([[1 / left[0, 0] + middle**2, -middle], [-middle, 1.0]])
        out = np.vstack([-weight @ fixed, np.eye(2)])
        by_cross = out @ by_left @ out.T
        by_cross[:q, :q] += weight
        pulled = beside @ fixed
        by_random = np.einsum("ij,ji->i", beside, block) - np.einsum("ia,ab,ib->i", pulled, by_left, pulled)
        by_clips = -(np.tensordot(self.of_clips, by_cross, 2) / inner**2)
        parts = np.split(by_random, [self.size[0]])
        slopes = [
            parts[0].sum(),
            by_clips.sum() + self.alike @ (self.ratings / inner),
            parts[1].sum(),
            (-(by_cross * cross).sum() - clips * by_clips.sum() + self.n - self.clips) / rest
            + self.alike @ (1 / inner),
        ]
        return float(value), np.array(slopes)

    def fit(self) -> tuple[Variances, dict[str, float], dict[str, float]]:
        """Returns the estimates with the ends of their intervals."""
        names = ["between", "clips", "raters", "rest"] if self.size[1] else ["between", "clips", "rest"]
        best, least = self._least(np.log(np.full(len(names), 0.25)), {})
        low, high = {}, {}
        for k, name in enumerate(names):
            low[name] = self._end(best, least, k, -1) * self.scale
            high[name] = self._end(best, least, k, 1) * self.scale
        found = {name: float(_nothing(value) * self.scale) for name, value in zip(names, best, strict=True)}
        return Variances(**({"raters": 0.0} | found)), low, high

    def _least(self, start: np.ndarray, fixed: dict[int, float]) -> tuple[np.ndarray, float]:
        """Logarithms of the components with the least deviance, some of them fixed, and that deviance."""
        from scipy.optimize import minimize

        free = [k for k in range(len(start)) if k not in fixed]

        def whole(values: np.ndarray) -> np.ndarray:
            logs = start.copy()
            logs[free] = values
            for k, value in fixed.items():
                logs[k] = value
            return logs

        def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
            each = np.exp(whole(values))
            between, clips, *raters, rest = each
            value, slopes = self.deviance(between, clips, raters[0] if raters else 0.0, rest)
            return value, (each * (slopes if raters else np.delete(slopes, 2)))[free]

        bounds = [(_LEAST, 4.0)] * len(free)
        found = minimize(loss, start[free], jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-11})
        return whole(found.x), float(found.fun)

    def _end(self, best: np.ndarray, least: float, k: int, side: int) -> float:
        """Where the profile deviance of a component has risen by what 95 % allows, on one side.

        The root of the rise is nearly a straight line in the logarithm, so the secant gets there in a few steps.
        """
        start = best.copy()

        def rise(value: float) -> float:
            nonlocal start
            start, deviance = self._least(start, {k: value})
            return float(np.sqrt(max(deviance - least, 0.0)) - np.sqrt(_CHI2))

        near, far = (best[k], -np.sqrt(_CHI2)), best[k] + side * 0.2
        if best[k] < _EDGE:
            if side < 0:
                return 0.0
            far = _EDGE
        inside, outside = near, None
        for _ in range(40):
            here = (far, rise(far))
            if abs(here[1]) < 1e-3:
                break
            if here[1] < 0:
                inside = here
            else:
                outside = here
            if outside is None:
                if side < 0 and far <= _EDGE:
                    return 0.0
                slope = (here[1] - near[1]) / (far - near[0])
                step = -here[1] / slope * 1.1 if slope * side > 0 else 4.0
                near, far = here, far + side * float(np.clip(abs(step), 0.05, 4.0))
                far = max(far, _EDGE) if side < 0 else far
                if far > 25:
                    return np.inf
            else:
                share = -inside[1] / (outside[1] - inside[1])
                far = inside[0] + (outside[0] - inside[0]) * float(np.clip(share, 0.05, 0.95))
        return float(np.exp(far))


def _nothing(log: float) -> float:
    """The component, 0 where it fell to the edge."""
    return 0.0 if log < _EDGE else float(np.exp(log))
