"""Heads that users keep: what they may be called, how they are found again, and what a zip may and may not do."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qamro.audio import load as load_audio
from qamro.checkpoints import CLAP, ROBERTA, TOKENIZER, WAVLM, WeightsError
from qamro.encoders import LogMel
from qamro.encoders.clips import probe_embedding
from qamro.encoders.loading import open_tuned
from qamro.heads import Card, HeadBundle, ScoreHead
from qamro.paths import bundled_weights
from qamro.predictors import catalogue, load
from qamro.predictors.loading import weights_of
from qamro.predictors.saved import (
    DamagedHeadsError,
    NameTakenError,
    NotHeadsError,
    check_free,
    find,
    pack,
    remove,
    save_folder,
    save_heads,
    saved,
    unpack,
)
from qamro.predictors.saved_card import clean_name, saved_folder
from qamro.training.end_to_end.towers import ClapTower
from tests.audio_files import tone, write_wav

OWNER = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def own_heads(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_HEADS", str(tmp_path / "heads"))
    return tmp_path / "heads"


@pytest.fixture(scope="module")
def encoder():
    return LogMel()


def row(axis, level, value, low, high):
    return {
        "axis": axis, "level": level, "metric": "SRCC", "value": value, "low": low, "high": high,
        "clips": 24, "systems": 8,
    }  # fmt: skip


def bundle(encoder, axes=("MI", "TA"), kind="human", seed=0) -> HeadBundle:
    torch.manual_seed(seed)
    dims = {axis: encoder.audio_dim + (encoder.text_dim if axis == "TA" else 0) for axis in axes}
    card = Card(
        name="fresh",
        kind=kind,
        encoder={"name": encoder.name, "revision": encoder.revision},
        study={"name": "codec_mushra", "clips": 128, "systems": 8},
        objective=dict.fromkeys(axes, "Huber + QAMRO (alpha 0.2, beta 7)"),
        training={"seeds": [0]},
        metrics=[row(axes[0], "utterance", 0.71, 0.5, 0.8), row(axes[0], "system", 0.9, None, None)],
        half_width=dict.fromkeys(axes, 0.5),
        interval="90 % split-conformal interval from 19 held-out clips",
    )
    return HeadBundle(
        {axis: ScoreHead(dim, (8, 4)) for axis, dim in dims.items()}, card, {"p": probe_embedding(encoder)}
    )


def test_kept_heads_are_a_predictor_that_says_where_it_comes_from(encoder, tmp_path):
    made = bundle(encoder)
    kept = save_heads(made, "My heads")
    assert (kept.key, kept.name, kept.axes, kept.encoder) == ("saved:My-heads", "My-heads", ("MI", "TA"), "logmel")
    offer = next(offer for offer in catalogue() if offer.name == kept.key)
    assert (offer.title, offer.state, offer.bytes, offer.axes) == ("My-heads (MI, TA)", "ready", 0, ("MI", "TA"))
    for part in ("codec_mushra", "128 clips of 8 systems", "rated by people", "MI system SRCC 0.90 on 8 systems"):
        assert part in offer.note

    predictor = load(kept.key)
    assert (predictor.name, predictor.note) == ("saved:My-heads", offer.note)
    clip = write_wav(tmp_path / "a.wav", tone(1.0))
    table = predictor.predict([clip], ["a calm piano"])
    wave = load_audio(clip, sample_rate=encoder.sample_rate)
    audio = encoder.embed_audio([(wave.samples, wave.sample_rate)])
    both = torch.cat([audio, encoder.embed_text(["a calm piano"])], 1)
    for axis, features in (("MI", audio), ("TA", both)):
        expected = made.heads[axis].eval()(features).detach().clamp(1, 5).item()
        assert table[axis][0] == pytest.approx(expected, abs=1e-5)
    assert table["source_MI"][0].startswith("human: LogMel")


def test_they_are_there_after_a_restart_and_listing_them_loads_nothing_heavy(encoder):
    save_heads(bundle(encoder), "b")
    save_heads(bundle(encoder, ("MI",), "simulated"), "A")
    code = "import sys; from qamro.predictors import catalogue; print([c.name for c in catalogue()][-2:], "
    code += "[n for n in ('torch', 'numpy', 'pandas', 'safetensors') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['saved:A', 'saved:b'] []"
    assert "simulated listeners" in find("saved:A").about


def test_a_taken_name_is_not_overwritten_unless_it_may_be(encoder):
    first, second = bundle(encoder, seed=1), bundle(encoder, ("MI",), seed=2)
    save_heads(first, "mine")
    for name in ("mine", "MINE", " mine "):
        with pytest.raises(NameTakenError, match="'mine'"):
            save_heads(second, name)
    assert find("saved:mine").axes == ("MI", "TA")
    assert save_heads(second, "Mine", overwrite=True).key == "saved:Mine"
    assert [(heads.key, heads.axes) for heads in saved()] == [("saved:Mine", ("MI",))]
    remove("saved:Mine")
    assert saved() == []
    with pytest.raises(ValueError, match="no kept heads 'saved:Mine'"):
        remove("saved:Mine")


def test_what_a_visitor_keeps_is_seen_by_that_visitor_alone(encoder, own_heads):
    save_heads(bundle(encoder), "everybody")
    kept = save_heads(bundle(encoder), "mine", owner=OWNER)
    assert [heads.name for heads in saved()] == ["everybody"]
    assert [heads.name for heads in saved("f" * 32)] == ["everybody"]
    assert [heads.name for heads in saved(OWNER)] == ["everybody", "mine"]
    assert [offer.name for offer in catalogue(OWNER)][-1] == kept.key
    assert load(kept.key).name == "saved:mine", "the owner's key is nobody's business"
    assert kept.folder.parent == saved_folder(OWNER)
    for owner in ("..", "../..", "x" * 32, "abc"):
        with pytest.raises(ValueError, match="owns no heads"):
            saved(owner)


@pytest.mark.parametrize("name", ["", "   ", "...", "../..", "///", "CON", "nul.txt", "com1", "x" * 61, "😀"])
def test_names_that_cannot_be_used_are_refused(name):
    with pytest.raises(ValueError):
        clean_name(name)


@given(st.text(max_size=80))
def test_a_name_is_one_plain_folder_whatever_was_typed(text):
    try:
        name = clean_name(text)
    except ValueError:
        return
    assert clean_name(name) == name
    assert not set(name) & set('/\\:*?"<>|\0 \n\t')
    assert name[0] not in ".-"
    assert name[-1] not in ". "
    assert ".." not in name


@pytest.mark.parametrize(
    "key", ["saved:", "saved:../x", "saved:a/b", "saved:.hidden", "offline", "saved:nobody", "saved:a\\b"]
)
def test_keys_lead_nowhere_else(key, encoder, own_heads):
    bundle(encoder).save(own_heads.parent / "x")
    bundle(encoder).save(own_heads / ".hidden")
    with pytest.raises(ValueError, match=r"no kept heads|owns no heads"):
        find(key)


def test_a_folder_that_cannot_be_opened_says_so_and_hides_no_other(encoder, own_heads):
    kept = save_heads(bundle(encoder), "good")
    card = json.loads((kept.folder / "card.json").read_text())
    (own_heads / "a file").write_text("x")
    (own_heads / ".new-left-by-a-kill").mkdir()

    def spoil(name, file="card.json", text=None):
        shutil.copytree(kept.folder, own_heads / name)
        (own_heads / name / file).unlink() if text is None else (own_heads / name / file).write_text(text)

    spoil("no-card")
    spoil("half-a-card", text='{"encoder"')
    spoil("no-weights", "heads.safetensors")
    spoil("foreign", text=json.dumps({**card, "kind": "divine"}))
    spoil("older", text=json.dumps({key: part for key, part in card.items() if key != "training"}))
    spoil("odd", text=json.dumps(card | {"metrics": [{"axis": "MI"}]}))
    spoil("no-encoder", text=json.dumps(card | {"encoder": card["encoder"] | {"trained with the heads": "from clap"}}))
    reasons = {
        "no-card": "no card.json", "half-a-card": "cannot be read", "no-weights": "no heads.safetensors",
        "foreign": "people or simulated", "older": "'training' is missing", "odd": "is missing",
        "no-encoder": "no encoder",
    }  # fmt: skip
    assert [heads.name for heads in saved()] == ["good"]
    offers = {offer.name: offer for offer in catalogue()}
    assert load("saved:good").axes == ("MI", "TA")
    for name, why in reasons.items():
        offer = offers[f"saved:{name}"]
        assert (offer.title, offer.state, offer.axes, offer.bytes) == (name, "damaged", (), 0)
        with pytest.raises(DamagedHeadsError) as refused:
            load(f"saved:{name}")
        for part in (name, why, "train it again", f"delete the folder {own_heads / name}"):
            assert part in str(refused.value)
            assert part in offer.note
    assert "saved:a file" not in offers
    with pytest.raises(NameTakenError, match="'no-card'"):
        save_heads(bundle(encoder), "NO-card")
    assert save_heads(bundle(encoder), "no-card", overwrite=True).name == "no-card"


def test_weights_that_cannot_be_read_are_named_with_the_command_that_makes_them_again(encoder):
    made = bundle(encoder)
    made.card.training["command"] = "python -m qamro train --study mine"
    kept = save_heads(made, "mine")
    whole = (kept.folder / "heads.safetensors").read_bytes()
    for damage in (whole[:100], b"", b"x" * 500, whole[:-7]):
        (kept.folder / "heads.safetensors").write_bytes(damage)
        with pytest.raises(DamagedHeadsError, match="heads.safetensors is damaged") as refused:
            load(kept.key)
        assert next(offer for offer in catalogue() if offer.name == kept.key).state == "damaged"
        assert "train it again (python -m qamro train --study mine)" in str(refused.value)


def test_heads_travel_as_a_zip(encoder, tmp_path):
    made = bundle(encoder)
    packed = pack(save_heads(made, "mine").folder, tmp_path / "mine.zip")
    assert {name.split("/")[0] for name in zipfile.ZipFile(packed).namelist()} == {"mine"}
    again = unpack(packed)
    assert again.card.training["brought"]
    assert replace(again.card, training={}) == replace(made.card, training={}, name="mine")
    for axis, head in made.heads.items():
        for key, value in head.state_dict().items():
            assert torch.equal(again.heads[axis].state_dict()[key], value)
    assert "what its card says" in save_heads(again, "again").about


def rezip(source, target, **files):
    """The zip with some of its files replaced; None leaves one out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            name = entry.rpartition("/")[2]
            data = files.get(name.partition(".")[0], old.read(entry))
            if data is not None:
                new.writestr(entry, data)
    return target


def test_a_zip_that_is_no_heads_is_refused_with_the_reason(encoder, tmp_path):
    packed = pack(bundle(encoder).save(tmp_path / "heads"), tmp_path / "good.zip")
    card = json.loads((tmp_path / "heads" / "card.json").read_text())

    def refused(why, **files):
        with pytest.raises(NotHeadsError, match=why):
            unpack(rezip(packed, tmp_path / "bad.zip", **files))

    refused("holds 0", heads=None)
    refused("holds 0", card=None)
    refused("cannot be read|can be read", heads=b"not tensors")
    refused("can be read", card=b"{")
    refused("people or simulated", card=json.dumps(card | {"kind": "divine"}))
    refused("another kind", card=json.dumps(card | {"metrics": {}}))
    refused("row of results", card=json.dumps(card | {"metrics": [{"axis": "MI"}]}))
    refused("dual-branch model; copy", card=json.dumps(card | {"encoder": card["encoder"] | {"key": "logmel"}}))
    own = card["encoder"] | {"trained with the heads": "from clap"}
    refused("encoder of their own; copy", card=json.dumps(card | {"encoder": own}))
    refused("names no axis", card=json.dumps(card | {"objective": {}}))
    refused("can be read", card=json.dumps(card | {"objective": {"PQ": "x"}}))
    refused("can be read", card=json.dumps(card | {"surprise": 1}))
    refused("larger than", card=b" " * 2_000_000)
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(NotHeadsError, match="not a zip"):
        unpack(tmp_path / "text.zip")
    doubled = io.BytesIO(packed.read_bytes())
    with zipfile.ZipFile(doubled, "a") as more:
        more.writestr("../../card.json", "{}")
    (tmp_path / "doubled.zip").write_bytes(doubled.getvalue())
    with pytest.raises(NotHeadsError, match="holds 2"):
        unpack(tmp_path / "doubled.zip")


def test_heads_of_another_encoder_are_not_loaded(encoder, tmp_path):
    made = bundle(encoder)
    save_heads(replace(made, card=replace(made.card, encoder={"name": "LogMel", "revision": "0"})), "old")
    with pytest.raises(ValueError, match="revision '0'"):
        load("saved:old")
    save_heads(replace(made, card=replace(made.card, encoder={"name": "Ears", "revision": "1"})), "foreign")
    with pytest.raises(DamagedHeadsError, match="'foreign' cannot be opened: there is no encoder 'Ears'"):
        load("saved:foreign")
    with pytest.raises(ValueError, match="leave the others away"):
        load("saved:foreign", heads=tmp_path)


def test_a_dual_branch_model_is_kept_like_heads(tmp_path):
    shipped, out = bundled_weights() / "deramos", tmp_path / "out"
    shutil.copytree(shipped, out)
    (out / "unfinished").mkdir()
    (out / "notes.txt").write_text("whatever else lies there")
    kept = save_folder(out, "Two branches")
    assert (kept.key, kept.axes, kept.encoder, kept.on_frames) == ("saved:Two-branches", ("MI", "TA"), "logmel", True)
    assert sorted(file.name for file in kept.folder.iterdir()) == sorted(file.name for file in shipped.iterdir())
    assert json.loads((kept.folder / "card.json").read_text())["name"] == "Two-branches"
    offer = next(offer for offer in catalogue() if offer.name == kept.key)
    assert (offer.state, offer.axes) == ("ready", ("MI", "TA"))
    assert offer.note.startswith("A dual-branch model. ")
    clip = write_wav(tmp_path / "a.wav", tone(1.0))
    ours, theirs = load(kept.key), load("deramos")
    assert (ours.name, ours.note) == (kept.key, offer.note)
    first, second = (model.predict([clip], ["a calm piano"]) for model in (ours, theirs))
    assert first.equals(second)
    (kept.folder / "heads.safetensors").write_bytes(b"")
    with pytest.raises(DamagedHeadsError, match="'Two-branches' cannot be opened"):
        load(kept.key)


@pytest.mark.parametrize(("key", "needed"), [("wavlm", (WAVLM, ROBERTA, TOKENIZER)), ("clap", (CLAP, TOKENIZER))])
def test_a_dual_branch_model_needs_the_weights_of_both_its_encoders(key, needed, no_weights, tmp_path):
    for file in (bundled_weights() / "deramos").iterdir():
        shutil.copy(file, tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | {"encoder": card["encoder"] | {"key": key}}))
    kept = save_folder(tmp_path, "frames")
    offer = next(offer for offer in catalogue() if offer.name == kept.key)
    assert (offer.state, offer.bytes) == ("download", sum(weights.size for weights in needed))
    assert weights_of(kept.key) == needed
    with pytest.raises(WeightsError, match="Fetch it .*weights fetch (roberta|clap)"):
        load(kept.key)


def test_heads_with_their_own_encoder_are_kept_with_it(no_weights, small_clap, small_tokenizer, tmp_path):
    own = ClapTower.from_checkpoint(small_clap, small_tokenizer)
    out = tmp_path / "tuned"
    own.save(out / "encoder")
    encoder = open_tuned(out, device="cpu", cache=False)
    made = bundle(encoder)
    made.card.encoder["trained with the heads"] = "from clap weights 0123456789ab"
    made.save(out)
    kept = save_folder(out, "whole")
    shutil.rmtree(out)
    assert (kept.brings_encoder, kept.weights, weights_of(kept.key)) == (True, (), ())
    offer = next(offer for offer in catalogue() if offer.name == kept.key)
    assert (offer.state, offer.bytes) == ("ready", 0), "it brings its encoder: nothing is to be fetched"
    assert offer.note.startswith("Trained together with its encoder. ")
    predictor = load(kept.key, device="cpu")
    assert (predictor.name, predictor.note) == ("saved:whole", offer.note)
    clip = write_wav(tmp_path / "a.wav", tone(1.0))
    table = predictor.predict([clip], ["calm piano"])
    wave = load_audio(clip, sample_rate=encoder.sample_rate)
    audio = encoder.embed_audio([(wave.samples, wave.sample_rate)])
    assert table["MI"][0] == pytest.approx(made.heads["MI"].eval()(audio).detach().clamp(1, 5).item(), abs=1e-4)
    file = kept.folder / "encoder" / "clap.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    with pytest.raises(DamagedHeadsError, match="'whole' cannot be opened: .*clap.safetensors is damaged"):
        load(kept.key, device="cpu")
    file.unlink()
    with pytest.raises(DamagedHeadsError, match="'whole' cannot be opened"):
        load(kept.key, device="cpu")


def test_only_what_opens_is_kept_and_a_taken_name_is_known_before_training(encoder, tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DamagedHeadsError, match="it has no card.json"):
        save_folder(tmp_path / "nothing", "x")
    assert check_free(" My heads ") == "My-heads"
    save_heads(bundle(encoder), "My heads")
    with pytest.raises(NameTakenError):
        check_free("my HEADS")
    with pytest.raises(NameTakenError):
        save_folder(bundle(encoder).save(tmp_path / "other"), "My heads")
    assert save_folder(tmp_path / "other", "My heads", overwrite=True).axes == ("MI", "TA")
