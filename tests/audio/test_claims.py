"""What containers claim about their length, against what is there."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import struct
from types import SimpleNamespace

import numpy as np
import pytest
from audio_files import encode, make_good, mp3_without_length, tone, wav_bytes, with_data_size

from qamro.audio import AudioError, decode, load, probe
from qamro.audio.containers import cut_off
from qamro.audio.decode import open_reader
from qamro.audio.frames import mpeg_frame

LIST = b"LIST" + struct.pack("<I", 10) + b"INFOabcdef"
ID3_CHUNK = b"id3 " + struct.pack("<I", 20) + bytes(20)


def seconds(tmp_path, data):
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    return load(path).seconds


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 0x80000000, 0x7FFFFFFF])
@pytest.mark.parametrize("riff", [0, 0xFFFFFFFF, 0x7FFFF024])
def test_a_wav_from_a_pipe_is_whole(size, riff, tmp_path):
    assert seconds(tmp_path, with_data_size(wav_bytes(tone(1.0)), size, riff)) == 1.0


def test_a_wav_that_a_real_encoder_piped(tmp_path):
    assert seconds(tmp_path, encode(tone(1.0), 44_100, "wav", "pcm_s16le", seekable=False)) == 1.0


@pytest.mark.parametrize(
    "tail",
    [
        LIST,
        LIST + ID3_CHUNK,
        LIST[:-3],
        b"TAG" + bytes(125),
        b"ID3\x03" + bytes(5_000),
        bytes(20_000),
        b"\0",
        b"abcdefg",
    ],
    ids=["list", "two chunks", "cut list", "id3v1", "id3v2", "zeros", "pad", "crumbs"],
)
def test_what_may_follow_the_sound(tail, tmp_path):
    assert seconds(tmp_path, wav_bytes(tone(1.0)) + tail) == 1.0


@pytest.mark.parametrize("pad", [b"", b"\0"])
def test_the_pad_byte_after_an_odd_size_is_optional(pad, tmp_path):
    data = wav_bytes(tone(1.0)[:22_051], subtype="PCM_U8")[: 44 + 22_051]
    assert seconds(tmp_path, data + pad + LIST) == pytest.approx(0.5, abs=1e-3)


def test_a_chunk_before_the_sound(tmp_path):
    data = wav_bytes(tone(1.0))
    assert seconds(tmp_path, data[:36] + LIST + data[36:]) == 1.0


@pytest.mark.parametrize("missing", [1, 2, 1_000, 40_000, 88_190])
def test_missing_samples(missing, tmp_path):
    with pytest.raises(AudioError, match="cut off or damaged"):
        seconds(tmp_path, wav_bytes(tone(1.0))[:-missing])


def test_samples_behind_the_claimed_end(tmp_path):
    with pytest.raises(AudioError, match=r"declares 0\.50 s but 0\.50 s more follow"):
        seconds(tmp_path, with_data_size(wav_bytes(tone(1.0)), 44_100))


def test_an_empty_wav_with_a_chunk_behind(tmp_path):
    with pytest.raises(AudioError, match="holds no samples|no sound can be decoded"):
        seconds(tmp_path, wav_bytes(tone(1.0)[:0]) + LIST)


@pytest.mark.parametrize("kind", ["rf64", "aiff"])
def test_other_containers_of_chunks(kind, tmp_path):
    data = make_good(kind, tmp_path, seconds=1.0).read_bytes()
    assert seconds(tmp_path, data) == 1.0
    with pytest.raises(AudioError, match=r"only 0\.\d\d s of 1\.00 s"):
        seconds(tmp_path, data[: len(data) // 2])


def test_big_endian_wav(tmp_path):
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, tone(1.0), 44_100, format="WAV", subtype="PCM_16", endian="BIG")
    data = buffer.getvalue()
    assert data[:4] == b"RIFX"
    assert seconds(tmp_path, data) == 1.0
    with pytest.raises(AudioError, match="cut off"):
        seconds(tmp_path, data[: len(data) // 2])


@pytest.mark.parametrize("subtype", ["ULAW", "IMA_ADPCM", "MS_ADPCM"])
def test_compressed_wav(subtype, tmp_path):
    data = wav_bytes(tone(1.0), subtype=subtype)
    assert seconds(tmp_path, data) == pytest.approx(1.0, abs=0.03)
    with pytest.raises(AudioError, match="cut off"):
        seconds(tmp_path, data[: len(data) // 2])


def test_mp3_inside_wav(tmp_path):
    assert seconds(tmp_path, encode(tone(1.0), 44_100, "wav", "libmp3lame")) == pytest.approx(1.0, abs=0.06)


def test_flac_without_a_length(tmp_path):
    data = encode(tone(3.0), 44_100, "flac", "flac", seekable=False)
    assert seconds(tmp_path, data) == 3.0
    with pytest.raises(AudioError, match="cut off"):
        seconds(tmp_path, data[: len(data) // 2])


def test_flac_without_a_length_that_lost_a_frame_in_its_middle(tmp_path):
    data = encode(tone(3.0), 44_100, "flac", "flac", seekable=False)
    frames = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xf8"]
    middle = len(frames) // 2
    with pytest.raises(AudioError, match=r"cut off or damaged: only 1\.\d+ s"):
        seconds(tmp_path, data[: frames[middle]] + data[frames[middle + 1] :])


@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), bytes(64)])
def test_flac_with_a_tag_behind(tail, tmp_path):
    for seekable in (True, False):
        data = encode(tone(1.0), 44_100, "flac", "flac", seekable=seekable)
        assert seconds(tmp_path, data + tail) == 1.0


def test_joined_mp3s_with_a_tag_between(tmp_path):
    one = mp3_without_length(tone(1.0), mode="CONSTANT")
    two = seconds(tmp_path, one + b"TAG" + bytes(125) + one)
    assert two == pytest.approx(2.0, abs=0.15)


def xing(data, frames):
    """An MP3 whose header states another number of frames."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    return data[: at + 8] + struct.pack(">I", frames) + data[at + 12 :]


@pytest.mark.parametrize("frames", [0, 1, 10, 10_000, 2**32 - 1])
def test_a_whole_mp3_with_large_tags_behind_is_read_whatever_its_header_says(frames, tmp_path, capfd):
    whole = make_good("mp3", tmp_path, seconds=3.0).read_bytes()
    picture = np.random.default_rng(0).bytes(3_000_000)
    for tag in (b"APETAGEX", b"ID3\x04\x00\x00", b"TAG"):
        assert seconds(tmp_path, xing(whole, frames) + tag + picture) == pytest.approx(3.0, abs=0.06)
    assert capfd.readouterr() == ("", "")


def test_an_mp3_that_lost_its_end_at_a_frame(tmp_path):
    """Only its header can tell: it states more frames than there are."""
    whole = make_good("mp3", tmp_path, seconds=3.0).read_bytes()
    ends, at = [], 0
    while frame := mpeg_frame(whole[at : at + 4]):
        at += frame.bytes
        ends.append(at)
    assert ends[-1] == len(whole)
    with pytest.raises(AudioError, match=r"cut off or damaged: only 1\.\d\d s of 3\.\d\d s"):
        seconds(tmp_path, whole[: ends[len(ends) // 2]])


def test_joined_mp3s_of_two_kinds_are_refused(tmp_path):
    one = mp3_without_length(tone(1.0))
    for other in (tone(1.0, channels=2), tone(1.0, 48_000)):
        two = mp3_without_length(other, 44_100 if other.shape[1] == 2 else 48_000)
        for between in (b"", b"TAG" + bytes(125)):
            with pytest.raises(AudioError, match="changes its sample rate or its channels midway"):
                seconds(tmp_path, one + between + two)


@pytest.mark.parametrize("kind", ["mp3", "flac", "wav"])
def test_id3_tags_in_front(kind, tmp_path):
    data = make_good(kind, tmp_path, seconds=1.0).read_bytes()
    plain = load(tmp_path / f"{kind}.{kind}").samples
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x01" + bytes(257)
    path = tmp_path / "tagged"
    path.write_bytes(tag + tag + data)
    np.testing.assert_array_equal(load(path).samples, plain)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_count_made_for_an_mp3_leaves_no_sample_out(rate, channels, tmp_path):
    """The oracle is libav, which decodes frame by frame and trims nothing where nothing is declared."""
    import av

    data = mp3_without_length(tone(1.0, rate, channels, hz=200), rate)
    with av.open(io.BytesIO(data)) as container:
        resampler = av.AudioResampler(format="flt")
        parts = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    oracle = np.concatenate([part.to_ndarray().reshape(-1, channels) for part in parts]).mean(axis=1)
    path = tmp_path / "a.mp3"
    path.write_bytes(data)
    np.testing.assert_allclose(load(path).samples, oracle, atol=1e-4)


@pytest.mark.parametrize("seekable", [True, False])
def test_webm_that_stops_inside_a_block(seekable, tmp_path):
    data = encode(tone(3.0, 48_000), 48_000, "webm", "libopus", seekable=seekable)
    assert seconds(tmp_path, data) == 3.0
    for share in (0.4, 0.6, 0.8):
        with pytest.raises(AudioError, match="cut off"):
            seconds(tmp_path, data[: int(share * len(data))])


@pytest.mark.parametrize(
    ("codec", "rate"),
    [("libmp3lame", rate) for rate in (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)]
    + [("mp2", rate) for rate in (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)],
)
def test_frame_lengths_are_those_of_real_frames(codec, rate):
    """The oracle is an encoder: every packet is as long as its header says."""
    import av

    data = encode(tone(0.5, rate, hz=200), rate, "matroska", codec)
    with av.open(io.BytesIO(data)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    assert len(packets) > 3
    assert [mpeg_frame(packet[:4]).bytes for packet in packets] == [len(packet) for packet in packets]


def test_a_header_that_promises_less_than_nothing(tmp_path, monkeypatch):
    """As a damaged m4a did: PyAV then tells of a negative duration."""
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(tone(0.5, 16_000), 16_000))

    @contextlib.contextmanager
    def damaged(*given):
        with open_reader(*given) as reader:
            yield SimpleNamespace(info=dataclasses.replace(reader.info, seconds=-1e14), blocks=reader.blocks)

    monkeypatch.setattr(decode, "open_reader", damaged)
    assert load(path).samples.shape == (8_000,)
    info = dataclasses.replace(probe(path), seconds=-1e14)
    assert "its end is missing" in str(cut_off(info, 0.5, -1e14))


def test_frame_lengths_by_the_standard():
    assert mpeg_frame(b"\xff\xff\xc4\x00").bytes == 384  # MPEG-1 layer I, 384 kbit/s, 48 kHz: 12 * 8 slots of 4 bytes
    assert mpeg_frame(b"\xff\xfb\x90\x00").bytes == 417  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz
    assert mpeg_frame(b"\xff\xfb\x92\x00").bytes == 418  # the same, padded
    for nothing in (b"", b"\xff", b"\xff\xfb\xf0\x00", b"\xff\xfb\x00\x00", b"\xff\xfb\x9c\x00", b"ID3\x03", b"RIFF"):
        assert mpeg_frame(nothing) is None
