from __future__ import annotations

import pytest

from toolkit.workflow.measures.descent import summation


@pytest.mark.parametrize(
    "weights",
    [[], [0, 0, 0, 0], [1, 1, 1, 1], [7, 7, 7, 7], [0, 1, 1, 0], [1, 0, 5, 12], [2, 0, 2, 0]],
)
def test_the_weights_of_any_set_are_summed(weights: list[int]) -> None:
    total = summation(weights)
    for bits in range(1 << len(weights)):
        assert total(bits) == sum(w for place, w in enumerate(weights) if bits >> place & 1)
