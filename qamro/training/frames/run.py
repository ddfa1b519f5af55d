"""A branch in training: its loss, and everything that a resumed run needs to be the same run."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.nn.utils import clip_grad_norm_

from qamro.axes import get_axis
from qamro.heads.dual_branch import Branch, BranchSettings
from qamro.heads.score_head import BranchOutput
from qamro.losses import coral_loss, sama_of_cosine
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training import checkpoint
from qamro.training.frames.embedded_frames import FrameData, bucketed, in_order_of_length
from qamro.training.loop import Training
from qamro.training.objective import Objective
from qamro.training.trainer import Fit, FitConfig, Scored, spearman

_STEEPEST = 1.0
"""Longest gradient of a step: attention is unstable in its first epochs."""


class FrameRun(Training):
    """One branch in training.

    What is random in an epoch (order of the clips, dropout) follows from the seed and the epoch's number alone, so a
    run that was killed goes on as if it had not been.
    """

    module: Branch

    def __init__(self, branch: Branch, objective: Objective, config: FitConfig, data: FrameData) -> None:
        """Takes the scales of frames and scores from the training clips.

        Raises:
            ValueError: There are no training or no validation clips, or training is to stop by a validation SRCC that
                is undefined.
        """
        if not data.rows or not data.val_rows:
            raise ValueError("training needs clips to fit and clips to stop by; one of the two parts is empty")
        config.check_criterion(data.val_targets)
        self.objective, self.data = objective, data
        self.device = next(branch.parameters()).device
        sounds = {data.embeddings.sound[row] for row in data.rows}
        branch.scale.calibrate(data.embeddings.frames[sound] for sound in sorted(sounds))
        self._lengths = [data.embeddings.length(row) for row in data.rows]
        self._standard = data.targets.mean(), data.targets.std(correction=0).clamp_min(1e-6)
        super().__init__(branch, [branch], config)

    def train_epoch(self) -> list[dict[str, float]]:
        """Trains on every clip once and measures the validation clips."""
        data = self.data
        self.module.train()
        total = 0.0
        order = torch.Generator().manual_seed(1_000_003 * self.config.order + self.epochs)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(1_000_003 * self.config.seed + self.epochs)
            for places in bucketed(self._lengths, self.config.batch_size or len(data.rows), order):
                targets = data.targets[places].to(self.device)
                loss = self._loss(self._answer([data.rows[place] for place in places]), targets)
                self.optimizer.zero_grad()
                loss.backward()
                clip_grad_norm_(self.module.parameters(), _STEEPEST)
                self.optimizer.step()
                total += float(loss.detach()) * len(places)
        self.module.eval()
        answer = self._validation()
        row = {"train_loss": total / len(data.rows), "val_loss": float(self._loss(answer, data.val_targets))}
        return [row | {"val_srcc": spearman(answer.score[None], data.val_targets)[0]}]

    def finish(self) -> Fit:
        """Writes the best weights into the branch and returns the fit; the branch is on the CPU, ready to predict."""
        self.module.load_state_dict(self.best[0])
        self.module.eval().cpu()
        self.fits[0].seconds = self.seconds
        return self.fits[0]

    def fingerprint(self) -> str:
        """Returns a hash of settings and data; more epochs are the same run."""
        data, every = self.data, self.data.rows + self.data.val_rows
        words = [data.embeddings.prompts[row] for row in every] if data.with_text else []
        lengths = [data.embeddings.length(row) for row in every]
        config = replace(self.config, max_epochs=0)
        settings = (self.objective, config, self.module.settings, data.rows, data.val_rows, words, lengths)
        frames = torch.stack([self.module.scale.mean, self.module.scale.deviation])
        return checkpoint.fingerprint(settings, (data.targets, data.val_targets, frames))

    def _answer(self, rows: list[int]) -> BranchOutput:
        return self.module(*self.data.embeddings.batch(rows, with_text=self.data.with_text, device=self.device))

    @torch.no_grad()
    def _validation(self) -> BranchOutput:
        """Answers for all validation clips at once: the ranking terms see the same list in every epoch."""
        rows = self.data.val_rows
        batches = in_order_of_length([self.data.embeddings.length(row) for row in rows], 128)
        answers = [self._answer([rows[place] for place in places]) for places in batches]
        back = torch.tensor([place for places in batches for place in places]).argsort()
        joined = [torch.cat(part).cpu()[back] if part[0] is not None else None for part in zip(*answers, strict=True)]
        return BranchOutput(*joined)  # type: ignore[arg-type]

    def _loss(self, answer: BranchOutput, targets: torch.Tensor) -> torch.Tensor:
        return branch_loss(self.objective, self.module.settings, answer, targets, self._standard)


# What a branch is trained to minimise.

_OF_OUTPUT = {"distribution": "ce-gauss", "coral": "ce-gauss", "score": "huber"}


def deramos_objective(
    axis: str, *, output: str = "distribution", balr: float = 0.2, sama: float = 0.3, temperature: float = 1.0
) -> Objective:
    """Returns DeRA-MOS's loss of an axis, decoupled: each branch has the term that serves it.

        MI, and any axis without a prompt: L_CE-Gauss + balr L_BALR
        TA: L_CE-Gauss + sama L_SAMA

    Over both branches that is the paper's L_CE-Gauss + 0.2 L_BALR + 0.3 L_SAMA (arXiv 2606.10010).

    Args:
        axis: The axis.
        output: What the branch answers with; a plain score gets Huber in place of CE-Gauss, thresholds get CORAL.
        balr: Weight of BALR, at least 0.
        sama: Weight of SAMA, at least 0.
        temperature: τ of BALR, above 0.
    """
    text = axis in NEEDS_PROMPT
    regression = _OF_OUTPUT[output]
    return Objective(
        regression=regression,
        ranking="none" if text or not balr else "balr",
        ranking_weight=balr,
        alignment_weight=sama if text else 0.0,
        temperature=temperature,
        standardise=not get_axis(axis).has_range,  # a temperature of 1 means nothing on a scale of 0 to 100
    )


def branch_loss(
    objective: Objective,
    settings: BranchSettings,
    answer: BranchOutput,
    targets: torch.Tensor,
    standard: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Returns the loss of a batch.

    Args:
        objective: Its terms; where it asks for CE-Gauss and the branch answers with thresholds, CORAL takes its place.
        settings: The branch's.
        answer: For B clips.
        targets: (B,) MOS.
        standard: Mean and deviation of the training MOS, for objectives on standardised scores.
    """
    one = BranchOutput(*(None if part is None else part[None] for part in answer))  # type: ignore[arg-type]
    mean, deviation = (value.to(targets.device) for value in standard)
    scored = Scored(one, mean, deviation, settings.scale)

    def terms(of: Objective) -> torch.Tensor:
        return scored.losses([of], targets)[0]

    if settings.output != "coral" or not objective.needs_logits:
        return terms(objective)
    if answer.logits is None:
        raise ValueError("CORAL needs a branch that answers with thresholds")
    loss = objective.regression_weight * coral_loss(answer.logits, targets, scale=settings.scale)
    if objective.ranking != "none":
        rest = replace(objective, regression="none")
        return loss + terms(rest)
    if objective.needs_similarity and answer.similarity is not None:
        loss = loss + objective.alignment_weight * sama_of_cosine(answer.similarity, targets, scale=settings.scale)
    return loss


def in_words(objective: Objective, output: str) -> str:
    """The objective for cards."""
    return str(objective).replace("CE-Gauss", "CORAL") if output == "coral" else str(objective)
