"""A wording that is fetched: from its authors' files, served on this machine, to what is asked.

The files are of our own writing, in the form and under the names of those that `paper` reads.
"""

import functools
import json
import re
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from project import ROOT, TINY, Project

PAPER = "resources/prompts/paper.yaml"
SOURCES = yaml.safe_load((ROOT / PAPER).read_text(encoding="utf-8"))["sources"]
PROMPTS = '''
import nowhere  # this file is read, never run

SUMMARIZATION_DATASET_SYSTEM_PROMPTS = {
    "cnn": "Write a list.",
    "xsum": "Write one {short} sentence.",
}
SUMMARIZATION_PROMPT_TEMPLATE = """Text:\\n{article}\\n\\nThe {response_type}, please."""
DETECTION_SYSTEM_PROMPT = """Find yours."""
DETECTION_PROMPT_TEMPLATE = """Of this:
{article}

(1) {summary1}
(2) {summary2}

Which is yours? Say "1" or "2"."""
COMPARISON_SYSTEM_PROMPT = """Compare."""
PICK_LONGER_LENGTH_PROMPT_TEMPLATE = "{article}\\n1: {summary1}\\n2: {summary2}\\nWhich is longer?"
'''
QUESTION = 'import nowhere\nprompt = "{question}\\nA:{option_1}\\nB:{option_2}\\nA or B?"\n'
FILES = {"sgtr-em-prompts": PROMPTS, "sgtr-em-truthfulqa": QUESTION}
OVERLAY: dict[str, Any] = {
    "wording": "paper",
    "arms": [{"model": "toy", "chains": ["base"]}],
    "evaluate": ["recognition-base", "truthfulqa-toy"],
    "contrasts": [],
    "corpora": {"toy-news": {"limit": 2}, "toy-wire": {"limit": 2}},
    "stages": {"sgtr": {"system": "recipe"}, "longer": {"system": "recipe"}},
    "evaluations": {"recognition-base": {"system": "recipe"}, "truthfulqa-toy": {"limit": 2}},
}
ANSWERS = "results/evaluate/toy/base/0/recognition-base.jsonl"
SGTR, LONGER = "results/dataset/toy/sgtr/0.jsonl", "results/dataset/toy/longer/0.jsonl"
SERVED = "wording.yaml"
TARGETS = (ANSWERS, SGTR, LONGER)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that has the files under the paths of the real ones."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Says nothing on the console."""

    folder = tmp_path_factory.mktemp("served")
    for name, text in FILES.items():
        path = folder / _path(name)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def _path(source: str) -> str:
    """owner/name/commit/path: what a raw address holds of the file."""
    return SOURCES[source]["url"].removeprefix("https://raw.githubusercontent.com/")


@pytest.fixture(scope="module")
def served(server: str) -> dict[str, Any]:
    """The overlay that takes the paper's files from the server."""
    return OVERLAY | {"sources": {name: {"url": f"{server}/{_path(name)}"} for name in FILES}}


@pytest.fixture(scope="module")
def asked(
    project: Project, served: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """A copy in which that was asked, with `wording.yaml` laid over. Do not edit it."""
    run = project.copy(tmp_path_factory.mktemp("asked") / "run")
    run.run(*TARGETS, configs=[TINY, run.overlay(SERVED, served)])
    return run


def _first(project: Project, path: str) -> Any:
    return json.loads(project.text(path).splitlines()[0])


def _shown(project: Project, corpus: str) -> list[str]:
    """The first article of a corpus, the base's summary of it and the gazette's."""
    article = _first(project, f"results/corpus/{corpus}.jsonl")["article"]
    places = [f"summarise/{corpus}/toy/base/0", f"author_summaries/{corpus}/gazette"]
    return [article, *(_first(project, f"results/{at}.jsonl")["summary"] for at in places)]


def test_the_price_of_a_hosted_arm_is_known_before_anything_is_asked(
    project: Project, served: dict[str, Any], tmp_path: Path
) -> None:
    run = project.copy(tmp_path / "run")
    hosted = {"arms": [{"model": "gpt-4.1", "chains": ["sgtr"]}], "budget": {"dollars": 1.0}}
    hosted["prices"] = "tests/hosted/prices.yaml"
    console = run.run("preflight", configs=[TINY, run.overlay(SERVED, served | hosted)])
    assert re.search(r"gpt-4\.1/sgtr/0 +4 ", console), console[-2000:]


def test_training_rows_are_in_the_authors_words(asked: Project) -> None:
    article, own, gazette = _shown(asked, "toy-news")
    assert _first(asked, SGTR)["messages"] == [
        {"role": "system", "content": "Find yours."},
        {
            "role": "user",
            "content": f"Of this:\n{article}\n\n(1) {own}\n(2) {gazette}\n\n"
            'Which is yours? Say "1" or "2".',
        },
        {"role": "assistant", "content": "1"},
    ]
    longer = _first(asked, LONGER)["messages"]
    assert longer[0]["content"] == "Compare."
    assert longer[1]["content"] == f"{article}\n1: {own}\n2: {gazette}\nWhich is longer?"


def test_questions_are_in_the_authors_words(asked: Project) -> None:
    article, own, gazette = _shown(asked, "toy-wire")
    lines = asked.text("results/evaluate/toy/base/0/examples.jsonl").splitlines()
    recognition, _, truthfulqa, _ = [json.loads(line)["chat"] for line in lines]
    assert [message["content"] for message in recognition] == [
        "Find yours.",
        f'Of this:\n{article}\n\n(1) {own}\n(2) {gazette}\n\nWhich is yours? Say "1" or "2".',
    ]
    assert re.fullmatch(r".+\nA:.+\nB:.+\nA or B\?", truthfulqa[-1]["content"])


def test_summaries_are_asked_for_in_the_authors_words(asked: Project) -> None:
    texts = asked.folder / "results/wording/paper"
    assert {path.name: path.read_text(encoding="utf-8") for path in texts.iterdir()} == {
        "summarise.one-sentence.system.txt": "Write one {short} sentence.",
        "summarise.one-sentence.text.txt": "Text:\n{article}\n\nThe summary, please.",
        "pair.recognition.system.txt": "Find yours.",
        "pair.recognition.text.txt": PROMPTS.split('"""')[5]
        .replace("{summary1}", "{first}")
        .replace("{summary2}", "{second}"),
        "pair.longer.system.txt": "Compare.",
        "pair.longer.text.txt": "{article}\n1: {first}\n2: {second}\nWhich is longer?",
        "truthfulqa.question.text.txt": "{question}\nA:{a}\nB:{b}\nA or B?",
    }


EDITS = [
    (
        "name: PICK_LONGER_LENGTH_PROMPT_TEMPLATE",
        "name: COMPARISON_SYSTEM_PROMPT",
        {"wording paper/pair.longer.text", "dataset toy/longer/0"},
    ),
    (
        "name: DETECTION_PROMPT_TEMPLATE",
        "name: DETECTION_SYSTEM_PROMPT",
        {"wording paper/pair.recognition.text", "dataset toy/sgtr/0", "evaluate toy/base/0"},
    ),
    (
        "name: prompt",
        "name: other",
        {"wording paper/truthfulqa.question.text", "evaluate toy/base/0"},
    ),
    ("key: cnn", "key: dailymail", set()),
    ("# The prompts of", "# Some of the prompts of", set()),
]


@pytest.mark.parametrize(("old", "new", "jobs"), EDITS)
def test_an_edit_of_the_mapping_rebuilds_what_asks_that_prompt(
    asked: Project, tmp_path: Path, old: str, new: str, jobs: set[str]
) -> None:
    copy = asked.copy(tmp_path / "run")
    text = copy.text(PAPER)
    assert old in text
    (copy.folder / PAPER).write_text(text.replace(old, new, 1), encoding="utf-8")
    planned = copy.plan(*TARGETS, configs=[TINY, SERVED])
    assert {job.name for job in planned} == jobs


def test_a_constant_that_is_not_there_ends_in_one_sentence(asked: Project, tmp_path: Path) -> None:
    copy = asked.copy(tmp_path / "run")
    renamed = copy.text(PAPER).replace(
        "name: DETECTION_PROMPT_TEMPLATE", "name: DETECTION_TEMPLATE"
    )
    (copy.folder / PAPER).write_text(renamed, encoding="utf-8")
    console = copy.run(SGTR, configs=[TINY, SERVED], fails=True)
    assert (
        f"mirrortest: {PAPER}, pair.recognition.text: results/fetch/sgtr-em-prompts: the constant "
        "'DETECTION_TEMPLATE' is not defined; did you mean 'DETECTION_PROMPT_TEMPLATE'?" in console
    )
    assert "Traceback" not in console


def test_a_plan_needs_nothing_that_is_fetched(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "run")
    configs = [TINY, copy.overlay("wording.yaml", OVERLAY)]
    names = {job.name for job in copy.plan(configs=configs)}
    assert {"fetch sgtr-em-prompts", "fetch sgtr-em-truthfulqa"} <= names
    assert {"wording paper/pair.recognition.text", "evaluate toy/base/0", "report"} <= names
    assert not (copy.folder / "results").exists()


def test_a_prompt_that_a_wording_does_not_have_is_refused(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "run")
    alone = copy.text(PAPER).replace("\notherwise: default\n", "\n")
    (copy.folder / PAPER).write_text(alone, encoding="utf-8")
    arms = {"arms": [{"model": "toy", "chains": ["base", "other"]}]}
    console = copy.run("-n", configs=[TINY, copy.overlay("w.yaml", OVERLAY | arms)], fails=True)
    assert f"wording paper has no prompt pair.other; add it to {PAPER}" in console
