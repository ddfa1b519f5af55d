"""What containers claim about their length, against what is there."""

from __future__ import annotations

import io
import struct

import pytest
from audio_files import encode, make_good, mp3_without_length, tone, wav_bytes, with_data_size

from qamro.audio import AudioError, load
from qamro.audio.mpeg import first_frame_at, frame_bytes, states_length

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
    assert [frame_bytes(packet) for packet in packets] == [len(packet) for packet in packets]


def test_frame_lengths_by_the_standard():
    assert frame_bytes(b"\xff\xff\xc4\x00") == 384  # MPEG-1 layer I, 384 kbit/s, 48 kHz: 12 * 8 slots of 4 bytes
    assert frame_bytes(b"\xff\xfb\x90\x00") == 417  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz
    assert frame_bytes(b"\xff\xfb\x92\x00") == 418  # the same, padded
    for nothing in (b"", b"\xff", b"\xff\xfb\xf0\x00", b"\xff\xfb\x00\x00", b"\xff\xfb\x9c\x00", b"ID3\x03", b"RIFF"):
        assert frame_bytes(nothing) == 0


def test_where_an_mp3_begins_and_whether_it_states_its_length(tmp_path):
    with_length = make_good("mp3", tmp_path).read_bytes()
    without = mp3_without_length(tone(1.0))
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x01" + bytes(257)
    assert first_frame_at(with_length) == 0
    assert first_frame_at(tag + with_length) == len(tag)
    assert states_length(with_length)
    assert not states_length(without)
    assert seconds(tmp_path, tag + with_length) == pytest.approx(1.0, abs=0.001)
