import numpy as np

from fsaasr.grammar import estimate_ngram, read_arpa, write_arpa

SENTENCES = [line.split() for line in ("the cat sat on the mat", "the dog sat", "a cat saw the dog", "", "a dog")]


def test_estimated_model_survives_its_arpa_file(tmp_path):
    model = estimate_ngram(SENTENCES, 3)
    write_arpa(model, tmp_path / "toy.arpa")
    again = read_arpa(tmp_path / "toy.arpa")
    assert again.content_hash == model.content_hash
    assert np.array_equal(again.log10_prob(["the", "fish"]), model.log10_prob(["the", "fish"]))
