"""Series as an input: what is learned from train, values from any form, augmentation, pages, and models that learn."""

import json

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from jumok.data.series.augmentation import SeriesAugmentation, resampled
from jumok.data.series.signal import Series
from jumok.data.series.statistics import ChannelStatistics, channel_statistics, measure_series
from jumok.dataset.prepare import prepare
from jumok.errors import ConfigurationError, DataError
from jumok.experiment import read_experiment
from jumok.inspection.inspect import inspect_input
from jumok.kinds.catalogue import build_model
from jumok.kinds.series.codec import MAX_POINTS, SeriesPage, shown_steps
from jumok.predictor import load
from jumok.training.loss import batch_losses
from small_series import ENCODERS, draw_bumps, series_experiment, trained_series


@pytest.fixture(scope="module")
def run():
    return trained_series() / "run"


def prepared_of(folder, *overrides, encoder="patches"):
    return prepare(series_experiment(folder, encoder, *overrides), lambda _: None)


# ---------------------------------------------------------------- what is learned from train


def test_statistics_are_numpys():
    values = np.random.default_rng(1).normal(3, [1, 50], (200, 2))
    values[np.random.default_rng(2).random(values.shape) < 0.2] = np.nan
    whole = channel_statistics([values[:7], values[7:8], values[8:]])
    np.testing.assert_allclose(whole.mean, np.nanmean(values, 0))
    np.testing.assert_allclose(whole.deviation, np.nanstd(values, 0))
    np.testing.assert_allclose(whole.missing, np.isnan(values).mean(0))
    np.testing.assert_array_equal(whole.lowest, np.nanmin(values, 0))
    np.testing.assert_array_equal(whole.highest, np.nanmax(values, 0))


def test_constant_channels_keep_their_scale():
    assert ChannelStatistics.of(np.array([[5.0, np.nan], [5.0, np.nan]])).scale.tolist() == [1, 1]


def test_a_sample_counts_once_where_windows_overlap(tmp_path):
    values = np.arange(10.0)[:, None]

    def read(cell, root):
        first, end = map(int, cell.split("#")[1].split(":"))
        return Series(values[first:end], ("1",))

    statistics, longest = measure_series(["a#0:4", "a#2:6", "a#8:10", "a#2:6"], tmp_path, read)
    used = values[[0, 1, 2, 3, 4, 5, 8, 9]]
    assert longest == 4 and statistics.measured.tolist() == [8]
    assert statistics.mean[0] == used.mean() and statistics.deviation[0] == pytest.approx(used.std())


def test_channels_are_normalized_by_train_alone(tmp_path):
    splits = prepared_of(tmp_path).splits
    for name, tolerance in (("train", 1e-4), ("test", 1.0)):
        split = splits[name]
        batch = split.batch(range(len(split))).inputs["signal"]
        for channel in range(2):
            real = batch.values[:, :, channel][batch.observed[:, :, channel]]
            assert abs(real.mean()) < tolerance and abs(real.std(correction=0) - 1) < tolerance
        assert not (batch.values * ~batch.observed).any()


def test_values_may_stay_as_they_are(tmp_path):
    split = prepared_of(tmp_path, "inputs.signal.normalize=none").splits["train"]
    item = split.columns["signal"][0]
    np.testing.assert_array_equal(item.numpy(), draw_bumps(0).values)


def test_a_channel_without_any_sample_is_refused(tmp_path):
    series_experiment(tmp_path, "patches")
    (tmp_path / "train.tsv").write_text("signal\tbumps\n[[1, null], [2, null]]\tup\n[[3, null]]\tdown\n")
    with pytest.raises(DataError, match="channel 'level' of signal was never measured in train"):
        prepared_of(tmp_path)


def test_series_that_are_too_long_are_told_not_cut(tmp_path):
    with pytest.raises(DataError, match=r"train.tsv:\d+: .* time steps, at most 20 are allowed"):
        prepared_of(tmp_path, "inputs.signal.max_length=20")


def test_max_tokens_does_not_refuse_series(tmp_path):
    assert len(prepared_of(tmp_path, "data.max_tokens=5").splits["train"]) == 120


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("inputs.signal.encoder={kind: patches, patch: 4, stride: 5}", "must not be larger than patch=4"),
        ("inputs.signal.channels=[]", "expected a number of channels, or a list of their names"),
        ("inputs.signal.channels=[x, x]", "a list of their names"),
        ("data.train={arrays: train.npz, columns: {sound: X}}", "'sound' is neither"),
        ("data.train={recordings: train.csv}", "need the column of ids"),
        ("data.train={recordings: train.csv, columns: {id: i, size: x}}", "'size' is none of them"),
        ("data.train={table: train.tsv, window: 5}", "belongs to recordings"),
        ("data.train={recordings: train.csv, columns: {id: i}, stride: 5}", "belongs to window"),
    ],
)
def test_refused_options(tmp_path, override, words):
    with pytest.raises(ConfigurationError, match=words):
        series_experiment(tmp_path, "patches", override)


def test_recordings_need_names_of_channels(tmp_path):
    source = "data.train={recordings: train.csv, columns: {id: i}}"
    with pytest.raises(ConfigurationError, match=r"name the channels of signal, like channels: \[x, y\]"):
        series_experiment(tmp_path, "patches", source, "inputs.signal.channels=2")


def test_arrays_beside_the_experiment_file(tmp_path):
    from_table = prepared_of(tmp_path).splits["train"]
    arrays = np.load(tmp_path / "train.npz")["X"]
    texts = np.array([from_table.text("bumps", i) for i in range(len(from_table))])
    names, numbers = np.unique(texts, return_inverse=True)
    np.savez(tmp_path / "all.npz", X=arrays, y=numbers, names=names)
    file = tmp_path / "x.yaml"
    source = "{arrays: all.npz, columns: {signal: X, bumps: 'names[y]'}}"
    text = file.read_text().replace("train:\n    table: train.tsv", f"train: {source}")
    assert source in text
    file.write_text(text)
    split = prepare(read_experiment(file), lambda _: None).splits["train"]
    assert [split.text("bumps", i) for i in range(len(split))] == texts.tolist()
    for one, other in zip(
        split.batch(range(9)).inputs["signal"], from_table.batch(range(9)).inputs["signal"], strict=True
    ):
        assert torch.equal(one, other)


def test_a_recording_stays_in_one_split(tmp_path):
    rows = [f"{i // 12},{i},{-i},{'up' if i // 12 % 2 else 'down'}\n" for i in range(240)]
    (tmp_path / "all.csv").write_text("take,size,level,bumps\n" + "".join(rows))
    source = f"{{recordings: {tmp_path}/all.csv, columns: {{id: take}}, window: 6, stride: 2}}"
    changes = (
        f"data.train={source}",
        "data.valid=null",
        "data.test=null",
        "data.split={valid: 0.2, test: 0.2}",
    )
    splits = prepared_of(tmp_path, *changes).splits
    takes = [
        {int(split.text("signal", i).split("#")[1].split(":")[0]) // 12 for i in range(len(split))}
        for split in splits.values()
    ]
    assert list(map(len, takes)) == [12, 4, 4] and len(set.union(*takes)) == 20
    assert sum(map(len, splits.values())) == 20 * 4


def test_marked_gaps_reach_the_model(tmp_path):
    series_experiment(tmp_path, "patches")
    (tmp_path / "a.csv").write_text("time,size,level\n0,1,2\n1,3,5\n2,1,4\n5,3,3\n")
    (tmp_path / "train.tsv").write_text("signal\tbumps\na.csv\tup\n")
    split = prepared_of(tmp_path, "inputs.signal.gaps=mark").splits["train"]
    batch = split.batch([0]).inputs["signal"]
    assert batch.observed[0, :, 0].tolist() == [True, True, True, False, False, True]
    assert split.inputs["signal"].codec.facts.longest == 6 and batch.valid.all()


# ---------------------------------------------------------------- values


def test_every_form_of_a_value_has_the_same_answer(run, tmp_path):
    predictor, values = load(run), draw_bumps(5001).values
    np.save(tmp_path / "a.npy", values)
    rows = "".join(
        ",".join("" if np.isnan(one) else repr(float(one)) for one in row) + "\n" for row in values
    )
    (tmp_path / "a.csv").write_text("size,level\n" + rows)
    swapped = "".join(",".join(reversed(line.split(","))) + "\n" for line in rows.splitlines())
    (tmp_path / "b.csv").write_text("level,size\n" + swapped)
    lists = [[None if np.isnan(one) else float(one) for one in row] for row in values]
    texts = [[None if one is None else repr(one) for one in row] for row in lists]
    forms = [tmp_path / "a.npy", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), values, lists, texts]
    forms += [json.dumps(lists), json.dumps({"signal": lists}), {"signal": lists}]
    codec = predictor.inputs["signal"].codec
    items = [codec.encode([codec.parse(one["signal"] if isinstance(one, dict) else one)])[0] for one in forms]
    for item in items[1:]:
        torch.testing.assert_close(item, items[0], rtol=0, atol=0, equal_nan=True)
    answers = predictor.predict(forms)
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("none.csv", "none.csv: does not exist"),
        ([[1, 2, 3]], "'signal' of an input has 3 channels, expected 2"),
        ([[1, 2], [3]], "has 1 value at time step 1"),
        ([[1, "loud"]], "has 'loud' at time step 0"),
        ("[[1, 2]", "is no list of numbers"),
        ('{"sound": [[1, 2]]}', "an input has no 'signal'"),
        (7, "must be the path of a .csv or .npy file, or a list of numbers; got 7"),
    ],
)
def test_values_that_are_no_series(run, value, words):
    with pytest.raises(DataError) as refused:
        load(run).predict([value])
    assert words in str(refused.value)


def test_predict_takes_paths_and_lists(jumok, run, tmp_path):
    lines, expected = [], []
    for number in range(3):
        bumps = draw_bumps(6000 + number)
        values = [[None if np.isnan(one) else float(one) for one in row] for row in bumps.values]
        lines.append(json.dumps(values if number else {"signal": values}))
        np.save(tmp_path / f"{number}.npy", bumps.values)
        expected.append(load(run).predict([bumps.values])[0].text)
    paths = [tmp_path / f"{number}.npy" for number in range(3)]
    from_paths = jumok("predict", run, *paths)
    from_lines = jumok("predict", run, given="\n".join(lines).encode())
    assert from_paths.output == from_lines.output == "\n".join(expected) + "\n"


# ---------------------------------------------------------------- augmentation


def test_no_augmentation_changes_nothing():
    values = torch.randn(30, 2)
    assert torch.equal(SeriesAugmentation()(values, np.random.default_rng(0)), values)


def test_augmentation_is_drawn_from_its_generator_alone():
    augmentation, values = SeriesAugmentation(0.1, 0.1, 0.3, 0.3), torch.randn(30, 2)
    one, other = (augmentation(values, np.random.default_rng(4)) for _ in range(2))
    torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("seed", range(20))
def test_changes_stay_within_their_bounds(seed):
    values = torch.arange(1.0, 101)[:, None].repeat(1, 2)

    def varied(**changes):
        return SeriesAugmentation(**changes)(values, np.random.default_rng(seed))

    shifted = varied(shift=0.2)
    assert 80 <= len(shifted) <= 100 and torch.equal(shifted, values[-len(shifted) :])
    hidden = varied(mask=0.3).isnan()
    assert hidden.sum() <= 60 and (hidden[:, 0] == hidden[:, 1]).all()
    assert hidden[:, 0].int().diff().abs().sum() <= 2  # one stretch
    factors = varied(scale=0.1) / values
    assert ((factors - 1).abs() <= 0.1001).all() and torch.allclose(factors, factors[:1])
    assert abs(float((varied(jitter=0.5) - values).std()) - 0.5) < 0.1


@pytest.mark.parametrize("seed", range(20))
def test_another_speed_plays_a_part_of_a_series(seed):
    values = torch.stack((torch.arange(100.0), torch.arange(100.0, 0, -1)), dim=1)
    played = SeriesAugmentation(speed=0.5)(values, np.random.default_rng(seed))
    assert 66 <= len(played) <= 100
    paces = played.diff(dim=0)
    assert torch.allclose(paces[:, 0], -paces[:, 1], atol=1e-4) and torch.allclose(
        paces, paces[:1], atol=1e-4
    )
    assert 0.49 <= paces[0, 0] <= 1.52 and 0 <= played.min() <= played.max() <= 100


def test_resampling_meets_numpy_and_keeps_gaps():
    values = torch.randn(11, 1, dtype=torch.float64)
    expected = np.interp(np.linspace(0, 10, 31), np.arange(11), values[:, 0].numpy())
    np.testing.assert_allclose(resampled(values, 31)[:, 0].numpy(), expected, rtol=1e-6, atol=1e-7)
    values[4] = torch.nan
    places = np.linspace(0, 10, 21)
    assert np.array_equal(resampled(values, 21)[:, 0].isnan().numpy(), abs(places - 4) < 1)
    assert resampled(values[:1], 3).shape == (3, 1)


@pytest.mark.parametrize("seed", range(5))
def test_sensors_turn_together_in_their_own_units(seed):
    units = tuple((float(number), 1.0 + number) for number in range(6))
    mean, deviation = np.array(units).T
    measured = np.random.default_rng(seed).normal(size=(40, 6))
    values = torch.from_numpy((measured - mean) / deviation)
    turned = SeriesAugmentation(rotate=50.0, units=units)(values, np.random.default_rng(seed))
    after = (turned.numpy() * deviation + mean).reshape(40, 2, 3)
    turn, _ = Rotation.align_vectors(after[:, 0], measured[:, :3])
    np.testing.assert_allclose(turn.apply(measured[:, :3]), after[:, 0], atol=1e-6)
    np.testing.assert_allclose(turn.apply(measured[:, 3:]), after[:, 1], atol=1e-6)
    assert 0 < np.degrees(turn.magnitude()) <= 50.0


def test_only_the_axes_of_sensors_turn(tmp_path):
    with pytest.raises(ConfigurationError, match="has 2 channels, no multiple of 3"):
        prepared_of(tmp_path, "inputs.signal.augment.rotate=10")


def test_training_is_augmented_and_evaluation_is_not(tmp_path):
    split = prepared_of(tmp_path, "inputs.signal.augment.jitter=0.5").splits["train"]
    plain = split.batch([0, 1]).inputs["signal"]
    varied = split.batch([0, 1], np.random.default_rng(0)).inputs["signal"]
    assert torch.equal(plain.observed, varied.observed) and not torch.equal(plain.values, varied.values)
    assert torch.equal(plain.values, split.batch([0, 1]).inputs["signal"].values)


# ---------------------------------------------------------------- pages


def page(run) -> SeriesPage:
    return load(run).inputs["signal"].page


def test_a_series_on_a_page(run):
    shown = page(run).to_json("[[1, null], [2, 3.5]]")
    assert shown["channels"] == ["size", "level"] and shown["length"] == 2
    assert shown["values"] == [[1, 2], [None, 3.5]] and shown["steps"] == [0, 1]
    assert json.loads(json.dumps(shown)) == shown


def test_long_series_keep_their_extremes_on_a_page():
    values = np.random.default_rng(0).normal(size=(50_000, 3))
    values[12_345, 1], values[33_333, 2] = 99, -99
    values[40_000:42_000] = np.nan
    steps = shown_steps(values)
    assert (
        len(steps) <= MAX_POINTS and (np.diff(steps) > 0).all() and {0, 12_345, 33_333, 49_999} <= set(steps)
    )


def test_a_page_sends_no_paths(run):
    with pytest.raises(DataError, match="send a list of numbers") as refused:
        page(run).parse_posted("/etc/passwd")
    assert "시계열" in refused.value.ko
    assert page(run).parse_posted([[1, 2]]) == [[1, 2]]


@pytest.mark.parametrize("encoder", ["patches", "channels"])
def test_attention_of_a_series_can_be_looked_at(encoder):
    predictor = load(trained_series(encoder) / "run")
    value = draw_bumps(7).values
    seen = inspect_input(predictor, value).to_json()
    cross = next(use for use in seen["attentions"] if use["use"] == "cross")
    keys = cross["keys"]
    count = (-(-len(value) // 4)) * (2 if encoder == "channels" else 1)
    assert keys["kind"] == "intervals" and len(keys["intervals"]) == count and keys["unit"] == "step"
    assert keys["channels"] == (["size", "level"] if encoder == "channels" else None)
    assert seen["inputs"][0]["kind"] == "series"


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_model_learns_to_write_what_is_in_a_series(encoder):
    folder = trained_series(encoder)
    scores = json.loads((folder / "run" / "evaluation.json").read_text())["metrics"]
    assert scores["exact_match"]["value"] >= 0.7  # a text drawn at random is right one time in eight, or less


DECODERS = (
    "{kind: gru, layers: 1, attention: none}",
    "{kind: lstm, layers: 1, attention: additive}",
    "{kind: rnn, layers: 1, attention: dot}",
    "{kind: transformer, layers: 1}",
)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_decoder_learns_from_every_encoder(tmp_path, encoder):
    for decoder in DECODERS:
        experiment = series_experiment(tmp_path, encoder, f"outputs.bumps.decoder={decoder}")
        prepared = prepare(experiment, lambda _: None)
        model = build_model(prepared.fields, experiment.model)
        batch = prepared.splits["train"].batch(range(5))
        loss = batch_losses(model, prepared.splits["train"], batch, 0.0)["bumps"].total
        loss.backward()
        first = next(model.encoders["signal"].parameters())
        assert torch.isfinite(loss) and first.grad is not None and first.grad.any(), decoder


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_row_may_lack_its_series_or_the_text_beside_it(tmp_path, encoder):
    series_experiment(tmp_path, encoder)
    lines = (tmp_path / "train.tsv").read_text().splitlines()
    for part in ("train", "valid", "test"):
        rows = [line.split("\t") for line in lines[1:9]]
        cells = [
            ("" if i % 3 == 0 else cell, text, "" if i % 3 == 1 else f"note {i}")
            for i, (cell, text) in enumerate(rows)
        ]
        table = "".join("\t".join(row) + "\n" for row in [("signal", "bumps", "note"), *cells])
        (tmp_path / f"{part}.tsv").write_text(table)
    options = ("inputs.signal.optional=true", "inputs.note={kind: text, optional: true}")
    experiment = series_experiment(tmp_path, encoder, *options)
    prepared = prepare(experiment, lambda _: None)
    model, split = build_model(prepared.fields, experiment.model).eval(), prepared.splits["train"]
    whole = batch_losses(model, split, split.batch(range(8)), 0.0)["bumps"].total
    alone = [batch_losses(model, split, split.batch([i]), 0.0)["bumps"].total for i in range(8)]
    torch.testing.assert_close(whole, sum(alone), rtol=1e-4, atol=1e-4)


def test_check_measures_and_draws(jumok, tmp_path, monkeypatch):
    series_experiment(tmp_path, "patches")
    rows = np.load(tmp_path / "test.npz")["X"]
    rows[:, :, 0] *= 1000
    np.savez(tmp_path / "test.npz", X=rows)
    monkeypatch.chdir(tmp_path)
    ended = jumok("check", "x.yaml")
    assert (
        ended.status == 0
        and "some examples of signal as the model gets them in training: x-batch.png" in ended.talk
    )
    assert (
        "test: channel 'size' of signal varies by" in ended.talk
        and "check that its unit is the same" in ended.talk
    )
    document = json.loads(jumok("check", "x.yaml", "--json").output)
    lines = document["values"]["signal"]["rows"]
    assert [line["channel"] for line in lines if line["split"] == "train"] == ["size", "level"]
    assert document["pictures"] == {"signal": "x-batch.png"}


def test_a_saved_model_reads_as_it_did(run):
    experiment = read_experiment(run / "config.yaml")
    fitted = prepare(experiment, lambda _: None).fields.inputs["signal"]
    loaded = load(run).inputs["signal"]
    assert loaded.codec.facts == fitted.codec.facts
