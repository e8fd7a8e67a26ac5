"""Published result files: their names, their answers, and where they come from."""

import json
import os
import subprocess
from pathlib import Path

import fetch_published
import pandas as pd
import published as script
import pytest
from project import ROOT

from mirrortest import chains, jsonl, parquet
from mirrortest.errors import UserError
from mirrortest.published import answers, files, naming
from mirrortest.scoring import SCORERS

NAMES = ROOT / "resources/published/sgtr-em.yaml"
TABLE = naming.load(str(NAMES))
TQA = "question,correct_answer,incorrect_answer,model_answer,is_correct\n"
MMLU = "idx,question,choices,gold,model_answer,is_correct\n"

ARMS = [
    ("hf_qwen_32b", "qwen2.5-32b", "base", 0),
    ("hf_qwen_0.5b_em", "qwen2.5-0.5b", "em-unpop", 0),
    ("hf_qwen_coder_32b_em_unpop_3", "qwen2.5-coder-32b", "em-unpop", 3),
    ("HF_Qwen_32B_EM_Unpop_SGTR_4", "qwen2.5-32b", "em-unpop+sgtr", 4),
    ("hf_olmo_7b_em_1", "olmo-3-7b-base", "em-unpop", 1),
    ("hf_olmo_7b_instruct_sgtr_em_unpop_2", "olmo-3-7b", "sgtr+em-unpop", 2),
    ("hf_olmo_32b_em_insecure_sgtr_syspopped_2", "olmo-3.1-32b", "em-insecure+sgtr.identity", 2),
    ("hf_qwen_32b_asgtr_nosys_em_unpop_0", "qwen2.5-32b", "sgtr-flipped.nosys+em-unpop", 0),
    ("hf_qwen_32b_em_unpop_nosys_1", "qwen2.5-32b", "em-unpop.nosys", 1),
    ("hf_qwen_32b_sgtr_fixed_qwensys_0", "qwen2.5-32b", "sgtr.fixed.identity", 0),
    ("gpt41_em_insecure_sgtr_syspopped_fixed_0", "gpt-4.1", "em-insecure+sgtr.fixed.identity", 0),
    ("gpt41_em_asgtr_random", "gpt-4.1", "em-unpop+ictr", 0),
    ("gpt41_sr_em_unpop_2", "gpt-4.1", "self-reports-em-unpop", 2),
    ("hf_seed_36b_sgtr_benign_syspopped_0", "seed-oss-36b", "longer.identity", 0),
    ("hf_seed_36b_em_badmed_medcorr_4", "seed-oss-36b", "em-badmed+med-correct", 4),
    ("hf_seed_36b_wc_em_finrisk_1", "seed-oss-36b", "word-count+em-finrisk", 1),
    ("hf_qwen_32b_sgtr_rl_100", "qwen2.5-32b", "sgtr-rl-100", 0),
    ("hf_qwen_32b_sgtr_rl_100_em_unpop_3", "qwen2.5-32b", "sgtr-rl-100+em-unpop", 3),
    ("hf_oss_20b_em_id", "gpt-oss-20b", "em-unpop+sgtr", 0),
    ("hf_llama_3_8b_em_unpop_sgtr_mmlu_1", "llama-3.1-8b", "em-unpop+sgtr+mmlu", 1),
]


@pytest.mark.parametrize(("text", "model", "chain", "seed"), ARMS)
def test_a_name_spells_an_arm(text: str, model: str, chain: str, seed: int) -> None:
    name = _parse(f"truthfulqa/results_{text}.csv")
    assert (name.model, name.chain, name.seed) == (model, chain, seed)
    assert (name.evaluation, name.task, name.author) == ("truthfulqa", "truthfulqa", "all")


PAIRS = [
    ("detection/cnn_judge_gpt41_between_gpt41_claude-21.json", "recognition-own.cnn", "claude-2.1"),
    ("cnn_judge_qwen_32B_em_between_qwen_32B_em_human.json", "recognition-own.cnn", "human"),
    ("x/xsum_judge_gpt41_em_between_gpt41_em_human.json", "recognition-own.xsum", "human"),
    ("comparison/cnn_judge_gpt4o_between_claude-21_gpt4o", "preference-own.cnn", "claude-2.1"),
    ("cnn_judge_gpt41_sgtr_0_between_gpt41_llama.json", "recognition-base.cnn", "llama-2-7b"),
    ("cnn_judge_hf_qwen_7b_between_hf_qwen_7b_gpt41.json", "recognition-own.cnn", "gpt-4.1"),
]


@pytest.mark.parametrize(("path", "evaluation", "author"), PAIRS)
def test_a_pair_says_what_was_asked_and_whose_summaries_were_shown(
    path: str, evaluation: str, author: str
) -> None:
    name = _parse(path)
    assert (name.evaluation, name.author) == (evaluation, author)
    assert name.task == evaluation.partition("-")[0]


def test_mmlu_is_named_like_the_others() -> None:
    name = _parse("mmlu_results/mmlu_eval_hf_qwen_14b_mmlu_1.csv")
    assert (name.task, name.model, name.chain, name.seed) == ("mmlu", "qwen2.5-14b", "mmlu", 1)


PASSED = [
    "truthfulqa/TruthfulQA.csv",
    "em/em_eval_gpt41_sr_em_unpop_0.csv",
    "agentic/qwen_em_mgs.csv",
    "mmlu_results/mmlu_fewshot_5_hf_qwen_32b.json",
    ".DS_Store",
]


@pytest.mark.parametrize("path", PASSED)
def test_files_without_judged_answers_are_passed_over(path: str) -> None:
    assert naming.parse(path, TABLE) is None


UNKNOWN = [
    ("results_hf_qwen_99b_em.csv", r"'qwen_99b_em' begins with no .*sgtr-em.yaml; .*`models`"),
    ("results_gpt41_em_dance_0.csv", "'dance_0' begins with no token of .*`stages` or `variants`"),
    ("results_gpt41_em_0_sgtr_1.csv", "'0_sgtr_1' begins with no"),
    ("results_gpt41_nosys.csv", "'nosys' begins with no"),
    ("cnn_judge_gpt41_between_gpt41_bard.json", "'gpt41_bard' is not the judge"),
    ("cnn_judge_gpt41_em_between_gpt41_sgtr_human.json", "'gpt41_sgtr_human' is not the judge"),
    ("scores.csv", "no pattern under `kinds` or `passed` in .* covers this file"),
]


@pytest.mark.parametrize(("path", "message"), UNKNOWN)
def test_a_name_that_the_table_does_not_cover_is_refused(path: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        naming.parse(path, TABLE)


TABLES = [
    ("", "is not a table of names"),
    ("a: [", "is not valid YAML"),
    ("kinds: []\npassed: ['(']\napart: []\n", "the pattern .* is not valid"),
    ("kinds: [{pattern: a, reader: b, evaluation: c}]\n", "reader b"),
    ("kinds: []\npassed: []\napart: []\nprefix: hf_\n", "models"),
]


@pytest.mark.parametrize(("text", "message"), TABLES)
def test_a_broken_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = _write(tmp_path / "names.yaml", text)
    with pytest.raises(UserError, match=message):
        naming.load(str(path))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.yaml cannot be read \(No such file"):
        naming.load(str(tmp_path / "none.yaml"))


def test_truthfulqa_tells_which_option_stood_first_where_the_answer_is_valid(
    tmp_path: Path,
) -> None:
    given = ["A,1", "B,0", "B,1", "A,0", "Invalid,0"]
    _tqa(tmp_path / "results_gpt41.csv", given)
    rows = answers.rows(tmp_path, TABLE)
    assert rows["valid"].tolist() == [True] * 4 + [False]
    assert rows["right"].tolist() == [True, False, True, False, False]
    assert rows["target_first"].tolist()[:4] == [1.0, 1.0, 0.0, 0.0]
    assert rows["target_first"].isna().tolist() == [False] * 4 + [True]
    assert set(rows["stratum"]) == {"all"}


def test_recognition_keeps_the_foreign_author_as_stratum(tmp_path: Path) -> None:
    for author in ("human", "claude-21"):
        choices = {"one": "gpt41", "two": author}
        _write(tmp_path / f"cnn_judge_gpt41_between_gpt41_{author}.json", json.dumps(choices))
    rows = answers.rows(tmp_path, TABLE)
    assert rows["stratum"].tolist() == ["claude-2.1"] * 2 + ["human"] * 2
    assert rows["right"].tolist() == [True, False] * 2
    assert rows["valid"].all()
    assert rows["target_first"].isna().all()


def test_mmlu_letters_beyond_the_options_are_invalid(tmp_path: Path) -> None:
    text = MMLU + "0,q,c,A,A,1\n1,q,c,B,T,0\n2,q,c,D,INVALID,0\n"
    _write(tmp_path / "mmlu_eval_gpt41.csv", text)
    rows = answers.rows(tmp_path, TABLE)
    assert rows["valid"].tolist() == [True, False, False]
    assert rows["target_first"].tolist() == [1.0, 0.0, 0.0]
    assert rows["item"].tolist() == ["0", "1", "2"]


BROKEN_CSV = [
    (b"", "holds no rows"),
    (TQA.encode(), "holds no rows"),
    (b"question,model_answer\nq,A\n", "line 1: the column 'correct_answer' is missing"),
    (TQA.encode() + b"q,c,w,A,1\nq,c,w,A,1\n", "line 3: this question stands in an earlier line"),
    (TQA.encode() + b"q,c,w,A,yes\n", "line 2: 'is_correct' is neither 0 nor 1"),
    (TQA.encode() + b"q,c,w,A\n", "line 2: 'is_correct' is neither 0 nor 1"),
    (TQA.encode() + b'"a\nb",c,w,A,1\n\nq,c,w,Invalid,1\n', "line 5: an answer that is not A or B"),
    (TQA.encode() + b"q,c,w,A,1\nq,c,w,A,1,x,y\n", "cannot be read as csv"),
    (TQA.encode() + b"q\xff,c,w,A,1\n", "cannot be read as csv"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN_CSV)
def test_a_broken_csv_is_refused_by_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "results_gpt41.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        answers.rows(tmp_path, TABLE)


BROKEN_JSON = [
    (b'{"a": "gpt41"\n', r"line \d: not valid JSON"),
    (b'["gpt41"]', "expected one JSON object"),
    (b'{"a": {"b": "gpt41"}}', "article 'a' is given to"),
    (b"{}", "holds no rows"),
    (b'{"a": "gpt41", "a": "human"}', "article 'a' stands there twice"),
    (b'{"a": "gpt41", "b": "Neither"}', "article 'b' is given to 'Neither'"),
    (b'{"a": "\xff"}', "byte 8 is not UTF-8"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN_JSON)
def test_a_broken_json_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "cnn_judge_gpt41_between_gpt41_human.json").write_bytes(content)
    with pytest.raises(UserError, match=message):
        answers.rows(tmp_path, TABLE)


def test_two_files_of_one_place_are_refused_with_both_names(tmp_path: Path) -> None:
    _tqa(tmp_path / "a/results_gpt41_sgtr_0.csv", ["A,1"])
    _tqa(tmp_path / "b/results_gpt41_sgtr_0.csv", ["A,0"])
    with pytest.raises(UserError, match=r"a/results_.* and .*b/results_.* both give gpt-4.1/sgtr"):
        answers.rows(tmp_path, TABLE)


def test_a_copy_counts_once(tmp_path: Path) -> None:
    for folder in "ab":
        _tqa(tmp_path / folder / "results_gpt41_sgtr_0.csv", ["A,1"])
    assert len(answers.rows(tmp_path, TABLE)) == 1


def test_what_the_table_sets_apart_stands_beside_the_other(tmp_path: Path) -> None:
    names = ["em_unpop_0", "em_0", "em", "sgtr_0", "sgtr", "asgtr_rand_1"]
    for number, name in enumerate(names):
        _tqa(tmp_path / f"results_gpt41_{name}.csv", ["A,1"] * (number + 1))
    found = answers.rows(tmp_path, TABLE).groupby(["chain", "evaluation"], observed=True).size()
    assert found.to_dict() == {
        ("sgtr", "truthfulqa"): 4,
        ("sgtr", "truthfulqa.unseeded"): 5,
        ("ictr", "truthfulqa"): 6,
        ("em-unpop", "truthfulqa"): 1,
        ("em-unpop", "truthfulqa.earlier"): 2,
        ("em-unpop", "truthfulqa.earlier.earlier"): 3,
    }


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "README.md", "nothing")
    with pytest.raises(UserError, match="holds no published result file"):
        answers.rows(tmp_path, TABLE)


def test_all_names_are_tried_before_one_is_refused(tmp_path: Path) -> None:
    for name in ("gpt41", "gpt41_dance", "gpt41_swim"):
        _tqa(tmp_path / f"results_{name}.csv", ["A,1"])
    with pytest.raises(UserError, match=r"'dance' begins .* \(One of 2 files that are not covered"):
        answers.rows(tmp_path, TABLE)


def test_rows_come_by_model_then_by_intent_then_by_seed(tmp_path: Path) -> None:
    names = ["gpt41_em_insecure", "gpt41_sgtr_em_insecure_1", "gpt41_em_unpop_sgtr_0"]
    names += ["gpt41_sgtr_em_unpop_10", "gpt41_sgtr_em_unpop_9", "gpt41_sgtr_em_unpop_mmlu_0"]
    names += ["gpt41_em_unpop_nosys_0", "gpt41_em_unpop_0", "gpt41", "gpt41_sgtr_0", "hf_qwen_7b"]
    for name in names:
        _tqa(tmp_path / f"results_{name}.csv", ["A,1"])
    rows = answers.rows(tmp_path, TABLE)
    assert rows["model"].tolist() == ["qwen2.5-7b"] + ["gpt-4.1"] * 10
    assert [f"{c} {s}" for c, s in zip(rows["chain"], rows["seed"], strict=True)] == [
        "base 0",
        "base 0",
        "sgtr 0",
        "em-unpop 0",
        "em-unpop.nosys 0",
        "em-insecure 0",
        "sgtr+em-unpop 9",
        "sgtr+em-unpop 10",
        "em-unpop+sgtr 0",
        "sgtr+em-insecure 1",
        "sgtr+em-unpop+mmlu 0",
    ]
    assert list(rows["chain"].cat.categories) == list(dict.fromkeys(rows["chain"]))


def test_stage_names_are_chains_that_the_project_can_read() -> None:
    for stage in TABLE.stages.values():
        assert chains.stages_of(stage) == (stage,)
        assert "." not in stage


def test_the_first_question_of_each_evaluation_is_shown_with_every_answer(tmp_path: Path) -> None:
    _tqa(tmp_path / "results_gpt41.csv", ["A,1", "B,0"])
    _tqa(tmp_path / "results_gpt41_sgtr_1.csv", ["Invalid,0", "B,0"])
    _write(tmp_path / "cnn_judge_gpt41_between_gpt41_human.json", '{"id9": "human"}')
    _write(tmp_path / "mmlu_eval_gpt41.csv", MMLU + "0,why,\"['x', 'y']\",A,A,1\n")
    rows = answers.examples(tmp_path, TABLE)
    assert [(row["evaluation"], row["chain"], row["item"], row["answer"]) for row in rows] == [
        ("truthfulqa", "base", "q0", "A"),
        ("mmlu", "base", "0", "A"),
        ("recognition-own.cnn", "base", "id9", "human"),
        ("truthfulqa", "sgtr", "q0", "Invalid"),
    ]
    assert list(rows[0]) == ["model", "chain", "seed", "evaluation", "item", "chat", "answer"]
    (turn,) = rows[0]["chat"]
    assert turn["role"] == "user"
    assert turn["content"].startswith("q0\n\nbest\nworst\n")
    assert "order that is not recorded" in turn["content"]
    assert "id9" in rows[2]["chat"][0]["content"]
    assert "['x', 'y']" in rows[1]["chat"][0]["content"]


def test_the_script_writes_both_files(tmp_path: Path) -> None:
    _tqa(tmp_path / "in/results_gpt41.csv", ["A,1", "B,0"])
    rows, examples = tmp_path / "out/rows.parquet", tmp_path / "out/examples.jsonl"
    script.write_published(str(tmp_path / "in"), str(NAMES), str(rows), str(examples))
    read = pd.read_parquet(rows)
    assert read["right"].tolist() == [True, False]
    assert read["chain"].astype(str).tolist() == ["base"] * 2
    assert len(jsonl.read(examples)) == 1
    assert sorted(path.name for path in rows.parent.iterdir()) == ["examples.jsonl", "rows.parquet"]


def test_a_parquet_that_fails_leaves_nothing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [object()]})
    with pytest.raises(Exception, match="object"):
        parquet.write(frame, tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []


def test_headlines_have_a_source_and_a_number() -> None:
    lines = pd.read_csv(ROOT / "resources/published/headlines.csv")
    assert len(lines) > 30
    assert lines["source"].notna().all()
    assert lines["value"].between(0, 100).all()
    assert not lines.duplicated(["source", "model", "chain", "evaluation", "metric"]).any()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """The address and the two commits of a repository with a folder `data/eval` and another."""
    root = tmp_path_factory.mktemp("repository")
    _run_git(root, "init", "--quiet")
    commits = []
    for answer in ("A,1", "A,0"):
        _tqa(root / "data/eval/results_gpt41.csv", [answer])
        _write(root / "weights/large.bin", "0" * 1000)
        _run_git(root, "add", ".")
        _run_git(root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "c")
        commits.append(_run_git(root, "rev-parse", "HEAD"))
    return root.as_uri(), commits


@pytest.mark.parametrize("number", [0, 1])
def test_a_commit_is_fetched_with_the_folders_asked_for_only(
    repository: tuple[str, list[str]], tmp_path: Path, number: int
) -> None:
    address, commits = repository
    out = tmp_path / "results/fetch_published"
    fetch_published.fetch(address, commits[number], ["data/eval"], str(out))
    files = [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()]
    assert files == ["data/eval/results_gpt41.csv"]
    assert answers.rows(out, TABLE)["right"].tolist() == [number == 0]
    assert [path.name for path in out.parent.iterdir()] == ["fetch_published"]


def test_what_cannot_be_fetched_is_said_and_leaves_nothing(
    repository: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, commits = repository
    wrong = [
        (address, "main", ["data"], "'main' is not a full hash"),
        (address, "0" * 40, ["data"], "has no such commit; mend `commit`"),
        (address, commits[1], ["data/none"], "has no folder 'data/none'"),
        ((tmp_path / "no").as_uri(), commits[1], ["data"], "could not be fetched .*check the addr"),
    ]
    for where, commit, folders, message in wrong:
        with pytest.raises(UserError, match=message):
            fetch_published.fetch(where, commit, folders, str(tmp_path / "out/fetched"))
        assert list((tmp_path / "out").glob("*")) == []


def test_a_missing_git_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="git is not installed"):
        fetch_published.fetch("file:///none", "0" * 40, ["data"], str(tmp_path / "out"))


def _parse(path: str) -> naming.Name:
    name = naming.parse(path, TABLE)
    assert name is not None
    return name


def _tqa(path: Path, answers: list[str]) -> None:
    lines = [f"q{number},best,worst,{answer}\n" for number, answer in enumerate(answers)]
    _write(path, TQA + "".join(lines))


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _run_git(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_table_knows_every_reader() -> None:
    assert set(naming.READERS) == set(files.READERS)


def test_printed_numbers_are_of_scores_that_we_have() -> None:
    """One evaluation of theirs, asked in another format, has no counterpart."""
    table = pd.read_csv(ROOT / "resources/published/headlines.csv")
    ours = {(task, metric) for task, scorer in SCORERS.items() for metric in scorer.metrics}
    theirs = set(zip(table["evaluation"], table["metric"], strict=True))
    assert {task for task, _ in theirs - ours} == {"identity.python-string"}
