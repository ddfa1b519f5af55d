import pytest
import torch

from qamro.encoders import Roberta
from tests.encoders.small import save_roberta


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("roberta")


@pytest.fixture(scope="module")
def model(folder):
    return save_roberta(folder)


@pytest.fixture(scope="module")
def roberta(folder, model, small_tokenizer):
    return Roberta.from_checkpoint(folder, small_tokenizer)


def test_states_are_transformers_own_whatever_the_batch(roberta, model, small_tokenizer):
    from qamro.encoders.transformers_folder import hide_broken_packages

    hide_broken_packages()
    from transformers import RobertaTokenizer

    texts = ["calm piano", "", "fast drums and a loud guitar " * 20, *(f"strings {i}" for i in range(40))]
    found = roberta.embed_text_frames(texts)
    reference = RobertaTokenizer.from_pretrained(str(small_tokenizer))
    for text, rows in zip(texts, found, strict=True):
        tokens = reference(text, truncation=True, max_length=77, return_tensors="pt")
        with torch.inference_mode():
            expected = model(**tokens).last_hidden_state[0]
        torch.testing.assert_close(rows, expected, atol=1e-5, rtol=1e-4)
    assert roberta.token_dim == 24
    assert len(found[1]) == 2, "an empty text still has its start and end marks"


def test_a_missing_folder_says_what_to_fetch(tmp_path, small_tokenizer):
    with pytest.raises(FileNotFoundError, match="weights fetch roberta-base-network"):
        Roberta.from_checkpoint(tmp_path, small_tokenizer)
