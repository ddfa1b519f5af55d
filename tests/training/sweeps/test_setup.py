import math

import pytest

from qamro.training.objective import OBJECTIVES
from qamro.training.objective.objective import hyperparameters
from qamro.training.objective.table import HYPERPARAMETERS, families
from qamro.training.sweeps.setup import ALONE, BASELINES, Plan, Setup


def test_the_first_setup_is_the_plan_of_the_paper():
    setup = Setup(axes=("MI",), beside=(0.2, 0.5))
    mine = {variant.label: variant.objective for variant in setup.variants("MI")}
    plan = Plan(betas=setup.values, alphas=setup.beside)
    assert mine == {variant.label: variant.objective for variant in plan.variants("MI")}
    assert [variant.label for variant in setup.variants("MI") if variant.baseline] == list(BASELINES)
    assert setup.fits(5) == ((4 + 6 * 2 - 1) * 10 + 1) * 5, "without weighting is beta = 1; ridge has no seeds"


@pytest.mark.parametrize("family", families())
def test_whatever_an_objective_depends_on_can_be_turned(family):
    for parameter in hyperparameters(OBJECTIVES[family]("TA")):
        setup = Setup(axes=("TA",), family=family, over=parameter.name, values=parameter.values, beside=(), seeds=2)
        variants = setup.variants("TA")
        points = [variant for variant in variants if not variant.baseline]
        assert [point.at for point in points] == sorted(parameter.values)
        assert [getattr(point.objective, parameter.name) for point in points] == sorted(parameter.values)
        assert all(math.isnan(point.curve) == (not setup.second) for point in points)
        assert len({variant.label for variant in variants}) == len(variants)
        alone = next(variant for variant in variants if variant.label == ALONE).objective
        assert (alone.ranking, alone.alignment_weight) == ("none", 0)


def test_what_the_table_says_of_a_number_holds_together():
    for parameter in HYPERPARAMETERS.values():
        assert all(parameter.least <= value <= parameter.high for value in parameter.values)
        assert parameter.reference in parameter.values
        assert parameter.beside in ("", *HYPERPARAMETERS)
        assert parameter.beside != parameter.name


def test_a_curve_for_each_value_beside():
    setup = Setup(axes=("MI",), family="balr", over="temperature", values=(2, 0.5), beside=(1, 0.2))
    points = [v for v in setup.variants("MI") if not v.baseline]
    found = [(point.curve, point.at, point.objective.ranking_weight, point.objective.temperature) for point in points]
    assert found == [(0.2, 0.5, 0.2, 0.5), (0.2, 2, 0.2, 2), (1, 0.5, 1, 0.5), (1, 2, 1, 2)]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"family": "huber"}, "objective is one of"),
        ({"optimiser": "adam"}, "optimiser is one of"),
        ({"over": "gamma"}, "one of ranking_weight"),
        ({"family": "balr"}, "does not depend on beta"),
        ({"values": (0.5, 7)}, "beta goes from 1"),
        ({"beside": (-1,)}, "alpha goes from 0"),
        ({"values": (math.nan,)}, "beta goes from 1"),
        ({"values": ()}, "at least one value"),
        ({"axes": ()}, "at least one value and one axis"),
        ({"seeds": 0}, "at least one seed"),
        ({"family": "qamro+sama", "over": "alignment_weight", "values": (0, 1), "beside": ()}, "without the prompt"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        Setup(**wrong)
