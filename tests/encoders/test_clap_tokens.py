import shutil

import pytest

from qamro.checkpoints import WeightsError
from qamro.encoders.clap_tokens import RobertaTokens

TEXTS = ["calm piano with soft strings", "", "drums!? 100% 🎹 " * 30, "rain\n\tin the  city"]


def test_both_forms_of_the_files_give_transformers_ids(small_tokenizer, tmp_path):
    from transformers import RobertaTokenizer

    reference = RobertaTokenizer.from_pretrained(str(small_tokenizer))
    expected = reference(TEXTS, padding=True, truncation=True, max_length=77, return_tensors="pt")
    reference.save_pretrained(str(tmp_path))
    assert (tmp_path / "tokenizer.json").is_file()
    (tmp_path / "vocab.json").unlink(missing_ok=True)
    for folder in (small_tokenizer, tmp_path):
        ids, mask = RobertaTokens(folder)(TEXTS)
        assert ids.tolist() == expected["input_ids"].tolist()
        assert mask.tolist() == expected["attention_mask"].tolist()


def test_a_folder_without_a_tokenizer_is_named(tmp_path, small_tokenizer):
    with pytest.raises(FileNotFoundError, match=r"neither tokenizer\.json nor vocab\.json.*fetch roberta-base"):
        RobertaTokens(tmp_path)
    shutil.copy(small_tokenizer / "vocab.json", tmp_path)
    with pytest.raises(FileNotFoundError, match="merges"):
        RobertaTokens(tmp_path)


def test_a_broken_tokenizer_is_named(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(WeightsError, match="cannot be read"):
        RobertaTokens(tmp_path)
