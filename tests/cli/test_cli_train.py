"""`jumok train`, `jumok new` and the help: one sentence for a fault, an example for each command."""

import json
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from jumok.cli.main import app
from jumok.experiment import read_experiment
from small_experiments import small_experiment, write_table

COMMANDS = [command.name for command in app.registered_commands]
FEW = ("--set", "training.steps=2", "--set", "training.evaluate_every=1")


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_experiment(tmp_path)
    return Path("x.yaml")


def test_a_run_in_its_own_folder(jumok, file):
    ended = jumok("train", file, *FEW)
    assert ended.status == 0 and ended.output == ""
    assert "runs/x: training begins, 2 steps in fp32 on cpu" in ended.talk
    assert "step 2: valid loss" in ended.talk and "95 % interval" in ended.talk
    assert "runs/x/report.html shows it all" in ended.talk and ended.talk.endswith("jumok look runs/x\n")
    names = {path.name for path in Path("runs/x").iterdir()}
    assert names == {
        *(".lock", "checkpoints", "config.yaml", "environment.json", "metrics.jsonl", "model"),
        *("evaluation.json", "analysis.json", "predictions.jsonl", "report.html"),
    }
    assert {path.name for path in Path("runs/x/model").iterdir()} == {
        "config.yaml",
        "model.safetensors",
        "source.vocabulary.json",
        "target.vocabulary.json",
    }


def test_a_report_that_is_gone_is_made_again(jumok, file):
    jumok("train", file, *FEW)
    before = Path("runs/x/report.html").read_bytes()
    Path("runs/x/report.html").unlink()
    assert jumok("train", file, *FEW).status == 0
    assert Path("runs/x/report.html").read_bytes() == before


def test_the_second_time_it_is_finished(jumok, file):
    first = jumok("train", file, "--run", "r", "--json", *FEW)
    second = jumok("train", file, "--run", "r", "--json", *FEW)
    assert second.status == 0 and second.output == first.output
    assert "r is finished (step 2); ask for more by --set training.steps=4" in second.talk
    document = json.loads(first.output)
    assert document.pop("run") == "r"
    assert document == json.loads(Path("r/evaluation.json").read_text())


def test_the_log(jumok, file):
    jumok("train", file, *FEW)
    records = [json.loads(line) for line in Path("runs/x/metrics.jsonl").read_text().splitlines()]
    assert [(record["step"], record["split"]) for record in records] == [
        (1, "train"),
        (1, "valid"),
        (2, "train"),
        (2, "valid"),
    ]
    for record in records:
        assert {"step", "epoch", "split", "loss"} <= record.keys()
    assert {"exact_match", "token_error_rate", "bleu", "chrf"} <= records[1].keys()


# --- one sentence


def test_a_missing_experiment(refused, file):
    assert refused("train", "y.yaml") == "y.yaml: there is no such file; did you mean 'x.yaml'?"


def test_an_unknown_option(refused, file):
    sentence = refused("train", file, "--set", "model.witdh=128")
    assert sentence == "--set 'model.witdh=128': model has no option 'witdh'; did you mean 'width'?"


def test_missing_data(refused, file):
    sentence = refused("train", file, "--set", "data.train.table=trian.tsv")
    assert sentence == f"{Path.cwd() / 'trian.tsv'}: does not exist; did you mean 'train.tsv'?"


def test_faulty_data(refused, file):
    write_table(Path("train.tsv"), [("a", "b"), ("a", "b", "c")])
    sentence = refused("train", file)
    assert sentence.startswith(
        f"{Path.cwd() / 'train.tsv'}:3: has 3 columns, expected 2; remove the extra tab"
    )


def test_a_device_that_is_not_there(refused, file):
    assert refused("train", file, "--set", "training.device=abacus").startswith(
        "training.device: 'abacus' cannot be"
    )


def test_another_experiment_in_the_same_run(jumok, refused, file):
    jumok("train", file, *FEW)
    expected = "runs/x was trained with model.width: 16, now it is 32; choose another folder by --run"
    assert refused("train", file, "--set", "model.width=32", *FEW).startswith(expected)


def test_a_folder_that_is_a_file(refused, file):
    assert refused("train", file, "--run", "train.tsv").startswith(
        "train.tsv is a file, a run needs a folder"
    )


def test_a_vocabulary_too_small(refused, file):
    sentence = refused("train", file, "--set", "data.tokens={kind: bpe, size: 5}")
    assert sentence.startswith("a vocabulary of size 5 cannot hold every character of the texts; at least ")


# --- the command line itself


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(jumok, command):
    ended = jumok(command, "--help")
    assert ended.status == 0 and f"Example: jumok {command} " in ended.output


LONG = ("sweep", "prove")  # many trainings, each in a process of its own


@pytest.mark.parametrize(
    "command", [command for command in app.registered_commands if command.name != "demo"]
)
def test_examples_are_understood(jumok, file, command):
    _, example, _ = command.epilog.split("`")
    program, *words = shlex.split(example)
    if command.name in LONG:
        assert get_command(app).commands[words[0]].make_context(words[0], words[1:]).params
        return
    ended = jumok(*words)  # most of them have no data here, which is said in a sentence of ours
    assert program == "jumok" and words[0] == command.name
    assert ended.status == 0 or ended.talk.splitlines()[-1].startswith("error: ")
    assert "Usage" not in ended.talk


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["preditc"], "No such command 'preditc'"),
        (["train"], "Missing argument"),
        (["train", "x.yaml", "--stes", "3"], "No such option: --stes"),
        (["predict", "run", "--beam", "many"], "Invalid value for '--beam'"),
    ],
)
def test_what_cannot_be_parsed(jumok, words, said):
    ended = jumok(*words)
    assert ended.status == 2 and ended.output == "" and said in ended.talk


def test_without_a_command_there_is_help(jumok):
    ended = jumok()
    assert ended.status == 2 and all(command in ended.output + ended.talk for command in COMMANDS)


# --- new


def test_a_new_experiment_can_be_read(jumok, file):
    ended = jumok("new", "more/german.yaml", "--source", "german", "--target", "english")
    assert ended.status == 0 and ended.output == "more/german.yaml\n"
    assert "jumok check more/german.yaml" in ended.talk
    experiment = read_experiment(Path("more/german.yaml"))
    assert experiment.names == ("german", "english")
    assert experiment.data.train.lines is not None
    assert experiment.data.train.lines["german"].parent == Path.cwd() / "more"
    assert experiment.data.splits() == ["train", "valid", "test"]


def test_a_new_experiment_can_be_trained(jumok, file):
    jumok("new", "new.yaml")
    rows = [line.split("\t") for line in Path("train.tsv").read_text().splitlines()[1:]]
    Path("train.source").write_text("".join(source + "\n" for source, _ in rows))
    Path("train.target").write_text("".join(target + "\n" for _, target in rows))
    tiny = ("--set", "data.tokens.size=20", "--set", "model.width=8", "--set", "training.precision=fp32")
    assert jumok("train", "new.yaml", *FEW, *tiny).status == 0


def test_new_refuses(refused, file):
    assert refused("new", "x.yaml") == "x.yaml exists already; choose another name"
    assert refused("new", "y.yaml", "--source", "2nd").startswith(
        "'2nd' must be made of letters, digits and _"
    )
    assert not Path("y.yaml").exists()


def test_a_dry_run_tells_all_and_writes_nothing(jumok, file):
    before = sorted(Path().rglob("*"))
    ended = jumok("train", file, "--dry-run", *FEW)
    assert ended.status == 0 and ended.output == "" and sorted(Path().rglob("*")) == before
    assert "dry run of runs/x: training begins, 2 steps in fp32 on cpu" in ended.talk
    assert (
        "a step takes" in ended.talk and "every step " in ended.talk and "nothing was written" in ended.talk
    )


def test_a_dry_run_of_a_run_that_would_go_on_leaves_it_as_it_is(jumok, file):
    jumok("train", file, *FEW)
    before = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*")}
    ended = jumok("train", file, "--dry-run", "--json", *FEW, "--set", "training.steps=10")
    plan = json.loads(ended.output)
    assert (plan["what"]["start"], plan["what"]["steps"], plan["evaluate_every"]) == (2, 10, 1)
    assert plan["seconds"] > 8 * plan["step_seconds"]  # 8 steps and as many evaluations
    assert {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*")} == before


def test_a_dry_run_refuses_what_a_training_refuses(jumok, file):
    Path("r").mkdir()
    Path("r/thesis.txt").write_text("mine")
    ended = jumok("train", file, "--run", "r", "--dry-run")
    assert ended.status == 2 and "holds other things (thesis.txt)" in ended.talk


def test_a_quiet_training_tells_its_scores_alone(jumok, file):
    ended = jumok("train", file, "-q", *FEW)
    assert ended.status == 0 and "95 % interval" in ended.talk
    assert "training begins" not in ended.talk and "step 2" not in ended.talk and "report" not in ended.talk


def test_a_device_of_the_command_line_counts(jumok, file):
    ended = jumok("train", file, "--device", "cuda:99", *FEW)
    assert ended.status == 2 and "cuda:99" in ended.talk
    ended = jumok("train", file, "--device", "cpu", "--set", "training.device=cuda:99", *FEW)
    assert ended.status == 0
