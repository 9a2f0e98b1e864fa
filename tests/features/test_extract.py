from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.features import FeatureConfig, compute_features, features_of, load_samples

MFCC = FeatureConfig(sampling_rate=8000)
FULL = FeatureConfig(sampling_rate=8000, cmvn="utterance", cmvn_variance=True, deltas=2)

# Of kaldi-native-fbank 1.23.0 on the fixture `wave`: samp_freq 8000, dither 0, snip_edges false, use_energy
# false, low_freq 20, high_freq -400; first five values of frames 0, 7 and 19.
KALDI = {
    "mfcc": {
        0: [89.654, -22.437, -5.791, -13.042, 4.879],
        7: [101.848, -24.983, -8.698, -11.849, -5.061],
        19: [110.551, -25.083, -8.998, -13.462, -2.036],
    },
    "fbank": {
        0: [12.05, 12.917, 13.762, 14.47, 15.46],
        7: [14.503, 15.228, 15.695, 17.057, 17.553],
        19: [16.22, 17.497, 17.804, 18.636, 19.419],
    },
}


@pytest.mark.parametrize("kind", ["mfcc", "fbank"])
def test_values_are_kaldis(wave, kind):
    matrix = features_of(wave, FeatureConfig(kind=kind, sampling_rate=8000))
    assert matrix.shape == (20, 13 if kind == "mfcc" else 40)
    for frame, expected in KALDI[kind].items():
        assert matrix[frame, :5] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("kind", ["mfcc", "fbank"])
@pytest.mark.parametrize("samples", [200, 239, 240, 1555, 1600])
def test_agrees_with_kaldi_native_fbank(wave, kind, samples):
    knf = pytest.importorskip("kaldi_native_fbank")
    config = FeatureConfig(kind=kind, sampling_rate=8000)
    options = knf.MfccOptions() if kind == "mfcc" else knf.FbankOptions()
    options.frame_opts.samp_freq, options.frame_opts.dither, options.frame_opts.snip_edges = 8000, 0, False
    options.mel_opts.num_bins, options.mel_opts.low_freq, options.mel_opts.high_freq = config.filters, 20, -400
    options.use_energy = False
    extractor = knf.OnlineMfcc(options) if kind == "mfcc" else knf.OnlineFbank(options)
    extractor.accept_waveform(8000, (wave[:samples] * 32768).tolist())
    extractor.input_finished()
    expected = np.stack([extractor.get_frame(t) for t in range(extractor.num_frames_ready)])
    matrix = features_of(wave[:samples], config)
    assert matrix.shape == expected.shape
    assert np.abs(matrix - expected).max() < 2e-3


@pytest.mark.parametrize("samples", [200, 201, 279, 280, 281, 1599])
def test_number_of_frames_is_as_promised(samples, wave):
    assert len(features_of(wave[:samples], MFCC)) == MFCC.num_frames(samples)


def test_batch_is_one_by_one(cut_of):
    cuts = [cut_of(name, samples) for name, samples in (("a", 1600), ("b", 400), ("c", 999))]
    batch = compute_features(cuts, FULL)
    assert batch.ids == ("a", "b", "c")
    for cut, matrix in zip(cuts, batch.matrices):
        assert matrix.dtype == np.float32
        assert np.array_equal(matrix, compute_features([cut], FULL).matrices[0])
        assert np.array_equal(matrix, features_of(cut.load_audio(), FULL))


def test_same_input_same_bits(wave):
    before = wave.copy()
    assert np.array_equal(features_of(wave, FULL), features_of(wave, FULL))
    assert np.array_equal(wave, before)


def test_louder_moves_only_the_first_cepstrum(wave):
    # log energies shift by log 4 when samples double; the DCT puts a constant into C0 alone.
    change = features_of(2 * wave, MFCC) - features_of(wave, MFCC)
    assert np.abs(change[:, 1:]).max() < 1e-3
    assert change[:, 0] == pytest.approx(np.full(20, np.log(4) * np.sqrt(23)), abs=1e-3)


def test_speaker_mean_is_over_the_speakers_cuts(cut_of):
    config = FeatureConfig(sampling_rate=8000, cmvn="speaker")
    cuts = [cut_of("a1", 1600), cut_of("a2", 800), cut_of("b1", 1000, speaker="bob")]
    batch = compute_features(cuts, config)
    assert batch.speakers == ("ann", "ann", "bob")
    assert np.abs(np.concatenate(batch.matrices[:2]).mean(axis=0)).max() < 1e-3
    assert np.abs(batch.matrices[0].mean(axis=0)).max() > 1e-2
    assert np.abs(batch.matrices[2].mean(axis=0)).max() < 1e-3


def test_missing_speaker_is_named(cut_of):
    cut = cut_of("a")
    cut.supervisions[0].speaker = None
    with pytest.raises(CorpusError, match="cut 'a' has no speaker"):
        compute_features([cut], FeatureConfig(sampling_rate=8000, cmvn="speaker"))


def test_texts_follow_the_supervisions(cut_of):
    cut, silent = cut_of("a", text="one two"), cut_of("b")
    silent.supervisions = []
    batch = compute_features([cut, silent], MFCC)
    assert batch.texts == ("one two", "")
    assert batch.speakers == ("ann", "")
    assert batch.frame_shift == 0.01


def test_select_reorders_and_names_what_is_unknown(cut_of):
    batch = compute_features([cut_of("a"), cut_of("b", 800)], MFCC)
    chosen = batch.select(["b", "a"])
    assert chosen.ids == ("b", "a")
    assert np.array_equal(chosen.matrices[0], batch.matrices[1])
    assert chosen.dim == 13
    with pytest.raises(CorpusError, match="no utterance 'zoe'"):
        batch.select(["zoe"])


def test_other_sampling_rate_is_refused_and_named(cut_of, wave):
    with pytest.raises(CorpusError, match=r"'a' is sampled at 16000 Hz, expected 8000 Hz.*resample=True"):
        compute_features([cut_of("a", rate=16000)], MFCC)
    with pytest.raises(CorpusError, match="'me' is sampled at 16000 Hz"):
        features_of(wave, MFCC, sampling_rate=16000, utterance="me")


def test_resampling_keeps_what_both_rates_hold(tmp_path, cut_of):
    # The same 500 Hz tone at two rates must look the same below the lower Nyquist frequency.
    def tone(rate):
        return (0.3 * np.sin(2 * np.pi * 500 * np.arange(rate) / rate)).astype(np.float32)

    config = FeatureConfig(kind="fbank", sampling_rate=8000)
    direct, resampled = (
        features_of(tone(8000), config),
        features_of(tone(16000), config, sampling_rate=16000, resample=True),
    )
    assert resampled.shape == direct.shape
    loud = direct[50] > direct[50].max() - 10
    assert loud.sum() >= 3
    assert np.abs(resampled[50] - direct[50])[loud].max() < 0.1
    cut = cut_of("a", rate=16000)
    [matrix] = compute_features([cut], config, resample=True).matrices
    assert len(matrix) == 10


@pytest.mark.parametrize("samples", [1, 79, 199])
def test_too_short_audio_is_named(cut_of, samples):
    with pytest.raises(CorpusError, match=rf"utterance 'a' has {samples} samples, fewer than the 200"):
        compute_features([cut_of("a", samples)], MFCC)


def test_zero_length_audio_is_named():
    with pytest.raises(CorpusError, match="utterance 'audio' has 0 samples"):
        features_of(np.zeros(0), MFCC)


def test_nan_is_named(wave):
    wave[3] = np.nan
    with pytest.raises(CorpusError, match="'audio' has samples that are NaN"):
        features_of(wave, MFCC)


def test_lost_audio_is_named(cut_of, tmp_path):
    cut = cut_of("a")
    (tmp_path / "a.wav").unlink()
    with pytest.raises(CorpusError, match="cut 'a': its audio cannot be read"):
        compute_features([cut], MFCC)


def test_two_channels_are_named(tmp_path, wave):
    with pytest.raises(CorpusError, match=r"'audio' has samples of shape \(2, 1600\), expected one channel"):
        features_of(np.stack([wave, wave]), MFCC)


def test_no_cuts_and_no_recording_are_said(cut_of):
    with pytest.raises(CorpusError, match="no cuts"):
        compute_features([], MFCC)
    cut = cut_of("a")
    cut.recording = None
    with pytest.raises(CorpusError, match="cut 'a' has no recording"):
        load_samples(cut, MFCC)


def test_repeated_ids_are_named(cut_of):
    with pytest.raises(CorpusError, match="cut id 'a' occurs twice"):
        compute_features([cut_of("a"), cut_of("b"), cut_of("a")], FULL)


def test_audio_in_memory_and_mixed_cuts_are_taken(cut_of, tmp_path):
    a, b = cut_of("a"), cut_of("b", 800)
    mixed, memory = a.append(b).with_id("ab"), a.move_to_memory(audio_format="wav").with_id("memory")
    batch = compute_features([mixed, memory], MFCC, cache_dir=tmp_path / "cache")
    both = np.concatenate([a.load_audio(), b.load_audio()], axis=1)
    assert np.allclose(batch.matrices[0], features_of(both, MFCC), atol=1e-3)
    assert np.array_equal(batch.matrices[1], features_of(a.load_audio(), MFCC))


def test_digital_silence_gives_finite_features():
    matrix = features_of(np.zeros(1600), FULL)
    assert np.isfinite(matrix).all()
    assert np.abs(matrix).max() == 0


def test_more_filters_than_the_spectrum_holds_are_refused(wave):
    with pytest.raises(ConfigError, match=r"mel filter \d+ of 128 spans no FFT bin at 8000 Hz"):
        features_of(wave, FeatureConfig(kind="fbank", sampling_rate=8000, num_filters=128))


def test_executors_change_nothing(cut_of):
    cuts = [cut_of(f"c{n}", 400 + n) for n in range(70)]
    alone = compute_features(cuts, FULL)
    with ThreadPoolExecutor(2) as pool:
        threads = compute_features(cuts, FULL, executor=pool)
    assert alone.ids == threads.ids
    assert all(np.array_equal(a, b) for a, b in zip(alone.matrices, threads.matrices))


@pytest.mark.slow
def test_processes_change_nothing(cut_of):
    cuts = [cut_of(f"c{n}", 400 + n) for n in range(70)]
    alone = compute_features(cuts, FULL)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        processes = compute_features(cuts, FULL, executor=pool)
    assert all(np.array_equal(a, b) for a, b in zip(alone.matrices, processes.matrices))


def test_errors_reach_the_caller_of_an_executor(cut_of):
    with ThreadPoolExecutor(2) as pool, pytest.raises(CorpusError, match="'short'"):
        compute_features([cut_of("a"), cut_of("short", 10)], MFCC, executor=pool)


def test_cuts_are_parts_of_recordings(cut_of, tmp_path):
    cut = cut_of("a", 1600)
    part = cut.truncate(offset=0.05, duration=0.1)
    samples = soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
    [matrix] = compute_features([part], MFCC).matrices
    assert np.array_equal(matrix, features_of(samples[400:1200], MFCC))


def test_a_waveform_is_rows_of_samples(wave):
    config = FeatureConfig(kind="waveform", sampling_rate=8000)
    matrix = features_of(wave, config)
    assert matrix.shape == (20, config.dim) == (20, 80)
    assert np.array_equal(matrix.ravel(), wave)
    # 1555 samples are 19 rows and 35 more samples, less than half a row; 1565 begin a row that is filled up.
    assert np.array_equal(features_of(wave[:1555], config), matrix[:19])
    longer = features_of(wave[:1565], config)
    assert longer.shape == (20, 80)
    assert np.array_equal(longer[19, :45], wave[1520:1565])
    assert not longer[19, 45:].any()
