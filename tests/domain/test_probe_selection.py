import pytest

from app.domain.errors import InvalidInput
from app.domain.probe_selection import EVERYTHING, ProbeSelection


def test_a_few_probes_are_all_kept() -> None:
    assert EVERYTHING.positions(3) == [0, 1, 2]


@pytest.mark.parametrize("most", [1, 2, 3, 50])
def test_of_many_probes_so_many_are_kept_with_both_ends(most: int) -> None:
    kept = ProbeSelection(max_probes=most).positions(143)

    assert len(kept) == most
    assert kept[0] == 0
    assert most == 1 or kept[-1] == 142


def test_a_scope_that_is_not_there_is_refused_with_those_there_are() -> None:
    selection = ProbeSelection(scopes=["layer:0", "layer:7"])

    selection.check_scopes([])
    with pytest.raises(InvalidInput, match="there are layer:0, model"):
        selection.check_scopes(["layer:0", "model"])
