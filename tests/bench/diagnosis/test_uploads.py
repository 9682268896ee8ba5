import numpy as np
import pytest

from app.domain.datasets import read_table
from bench.diagnosis.uploads import Upload


def test_the_same_seed_gives_the_same_file():
    upload = Upload(kind="series")

    assert upload.content(1) == upload.content(1)
    assert upload.content(1) != upload.content(2)


def test_a_season_repeats_after_its_period():
    upload = Upload(kind="series", options={"noise": 0.0, "season": 10, "rows": 200})

    values_N = read_table(upload.content(0)).columns[1].numbers.values()

    np.testing.assert_allclose(values_N[10:], values_N[:-10], atol=1e-4)


def test_a_rare_class_has_its_share_of_the_sequences():
    upload = Upload(kind="labelled", options={"rare_share": 0.1, "sequences": 200, "length": 4})

    rows = upload.content(0).decode().split()[1:]

    labels = {row.split(",")[0]: row.split(",")[2] for row in rows}
    assert len(labels) == 200
    assert sum(label == "high" for label in labels.values()) == 20


def test_symbols_follow_from_those_before_except_for_the_random_share():
    upload = Upload(kind="text", options={"lag": 3, "symbols": 6, "random_share": 0.0})

    codes_N = np.frombuffer(upload.content(0).strip(), dtype=np.uint8) - ord("a")

    assert ((codes_N[:-3] + codes_N[2:-1]) % 6 == codes_N[3:]).all()


def test_an_unknown_option_is_refused():
    with pytest.raises(KeyError):
        Upload(kind="text").changed({"rows": 3})
