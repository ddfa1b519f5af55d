from hypothesis import given
from hypothesis import strategies as st

from qamro.report.system_figures import lanes

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)).map(lambda span: (span[0], span[0] + span[1])))


@given(SPANS)
def test_no_two_intervals_of_a_lane_touch_and_no_lane_is_wasted(spans):
    found = lanes(spans)
    for i, (low, high) in enumerate(spans):
        for j in range(i):
            assert found[i] != found[j] or high < spans[j][0] or spans[j][1] < low
    deepest = max((sum(low <= at <= high for low, high in spans) for at, _ in spans), default=0)
    assert len(set(found)) == deepest
