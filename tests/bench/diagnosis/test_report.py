from collections.abc import Mapping

from bench.diagnosis.labels import LABELS, Cure, Diagnosed, read_labels
from bench.diagnosis.remedies import read_treatments
from bench.diagnosis.report import Judged, line_of, page
from bench.diagnosis.report_labels import agreement, is_undone
from tests.bench.diagnosis.builders import judged, opinions


def labelled(key: str, *cures: str) -> Diagnosed:
    tried = tuple(Cure(change=cure, leaves=frozenset(), progress=(0.9, 0.9)) for cure in cures)
    return Diagnosed(key=key, control=(0.0, 0.0), tried=tried)


def test_undoing_a_decoy_is_not_undoing_the_fault():
    run = judged(0.0, "penalty_dominates").graded

    assert is_undone(run, labelled(run.key, "undo:l2"))
    assert not is_undone(run, labelled(run.key, "undo:bptt_cut"))


def test_the_agreement_counts_confirmed_faults_and_their_cures():
    run = judged(0.0, "penalty_dominates").graded

    text = agreement([run], {run.key: labelled(run.key, "undo:l2", "no_penalty")})

    assert "Of 1 single faults 1 are cured by undoing the fault and 1 by\nanother change" in text
    assert "| l2 | 1 | 1 | no_penalty 1 |" in text


def test_the_page_has_every_judge_and_the_history():
    runs = [judged(0.0, "penalty_dominates", said=opinions(1.0)), judged(1.0)]
    labels: Mapping[str, Diagnosed] = {}
    all_of_it = Judged(runs=runs, labels=labels, treatments=())

    text = page(all_of_it, [line_of(all_of_it, "0.9")], seconds=1.0)

    assert "| ours | 100% [100%, 100%] of 1 |" in text
    assert "| 0.9 |" in text


def test_the_labels_of_the_repository_confirm_forty_faults():
    labels = read_labels()

    assert LABELS.exists()
    assert sum(label.is_confirmed for label in labels.values()) >= 40
    assert {one.key for one in read_treatments()} <= set(labels)
