import torch

from qamro.encoders.text import TEXT_DIM, hash_texts


def test_shape_norm_and_empty_text():
    rows = hash_texts(["slow sad piano", "", "?!", "Ünïcode 音楽"])
    assert rows.shape == (4, TEXT_DIM)
    torch.testing.assert_close(rows.norm(dim=1), torch.tensor([1.0, 0.0, 0.0, 1.0]))


def test_case_and_punctuation_do_not_matter_but_words_and_their_order_do():
    a, b, c, d = hash_texts(["Slow, sad piano!", "slow sad piano", "fast sad piano", "piano sad slow"])
    torch.testing.assert_close(a, b)
    assert not torch.equal(b, c)
    assert not torch.equal(b, d)


def test_texts_that_share_words_are_closer():
    a, b, c = hash_texts(["slow sad piano in three layers", "slow sad guitar in three layers", "frantic techno drums"])
    assert a @ b > a @ c + 0.3


def test_same_in_another_process():
    # Python's own hash() is salted by process; these two positions were read off one run and must hold in all.
    import subprocess
    import sys

    code = (
        "from qamro.encoders.text import hash_texts; print(hash_texts(['slow piano'])[0].nonzero().flatten().tolist())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert runs == {str(hash_texts(["slow piano"])[0].nonzero().flatten().tolist()) + "\n"}
