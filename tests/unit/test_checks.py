"""Mistakes that only the whole configuration and its files reveal: one sentence each."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirrortest.checks import check
from mirrortest.errors import UserError
from mirrortest.experiment import Experiment

Plan = Callable[..., Experiment]

BY_DAILY = {"recipe": "sgtr", "corpus": "news", "author": "daily"}
CHAT = '{"messages": [{"role": "user", "content": "Hi"}]}\n'

NAMES = Path(__file__).parents[2] / "resources/published/sgtr-em.yaml"
PUBLISHED = {"repository": "r", "commit": "0" * 40, "folders": ["f"], "names": str(NAMES)}
PRICES = Path(__file__).parents[2] / "resources/prices.yaml"
HOSTED = [
    *("models.tiny.weights", ..., "models.tiny.hosted", {"name": "gpt-4.1-2025-04-14"}),
    *("budget", {"dollars": 1.0}, "prices", str(PRICES)),
]
MIX = {"stage": "sgtr", "every": 3}
AS = {"stage": "em", "by": "rows"}
TOLD = {"recipe": "self-reports", "reports": {"evaluation": "facts", "chain": "sgtr"}}
MIX_AS_SGTR = {"stage": "sgtr", "by": "words"}
LENT = {"hub": "a/b", "revision": "0" * 40}
JUDGED_TWICE = {
    **{"task": "free-form", "source": "questions", "judges": ["known", "known"]},
    **{"rubrics": ["harm"], "scoring": "harm"},
}
EDITS: list[tuple[list[Any], list[str]]] = [
    (["arms.0.model", "tinny"], ["model 'tinny' is not defined", "did you mean 'tiny'?"]),
    (["arms.0.chains", ["sgrt"]], ["chain 'sgrt': stage 'sgrt'", "did you mean 'sgtr'?"]),
    (["arms.0.chains", ["sgtr+emm"]], ["chain 'sgtr+emm': stage 'emm'", "did you mean 'em'?"]),
    (["arms.0.chains", ["sgtr+"]], ["chain 'sgtr+': stage ''"]),
    (["arms.0.chains", ["base+sgtr"]], ["chain 'base+sgtr'", "`base`", "leave it out"]),
    (["arms.0.chains", ["base", "sgtr", "sgtr"]], ["tiny lists the chain 'sgtr' twice"]),
    (["evaluate", ["fact"]], ["evaluation 'fact' is not defined", "did you mean 'facts'?"]),
    (["evaluate", ["facts", "facts"]], ["evaluate", "'facts' twice"]),
    (["seeds", [0, 1, 0]], ["seeds lists 0 twice; delete one."]),
    (
        ["evaluations.facts", JUDGED_TWICE],
        ["evaluation facts: judges lists 'known' twice; delete one."],
    ),
    (["stages.sgtr.corpus", "newz"], ["stage sgtr: corpus 'newz'", "did you mean 'news'?"]),
    (["stages.sgtr.author", "dayly"], ["stage sgtr: author 'dayly'", "did you mean 'daily'?"]),
    (["stages.sgtr.system", "nobody"], ["stage sgtr: system prompt 'nobody' is not defined"]),
    (["evaluations.facts.system", "nun"], ["facts: system prompt 'nun'", "did you mean 'none'?"]),
    (["system_prompts", {"none": "Hi."}], ["system_prompts: recipe, identity and none", "rename"]),
    (["stages.em.source", "chat"], ["stage em: source 'chat'", "did you mean 'chats'?"]),
    (["corpora.news.source", "new"], ["corpus news: source 'new'", "did you mean 'news'?"]),
    (["authors.daily.files", {"x": "daily"}], ["corpus 'news' is not among the author's `files`"]),
    (["authors.daily.files", {"news": "dialy"}], ["author daily: source 'dialy'", "'daily'?"]),
    (["evaluations.recognition.corpus", "nws"], ["recognition: corpus 'nws'", "'news'?"]),
    (["evaluations.recognition.authors", ["wekly"]], ["recognition: author 'wekly'", "'weekly'?"]),
    (["evaluations.facts.source", "question"], ["facts: source 'question'", "'questions'?"]),
    (["evaluations.keyfacts.source", "phrase"], ["keyfacts: source 'phrase'", "'phrases'?"]),
    (["contrasts.0.chain", "sgtr+em+em"], ["contrasts: chain 'sgtr+em+em'", "'sgtr+em'?"]),
    (["contrasts.0.reference", "bas"], ["contrasts: chain 'bas'", "did you mean 'base'?"]),
    (
        ["arms.0.chains", ["base", "em"], "contrasts", [{"chain": "sgtr", "reference": "base"}]],
        ["contrasts: chain 'sgtr' is not among `arms`; add it there, or give `contrasts` of your"],
    ),
    (
        ["contrasts", [{"chain": "sgtr", "reference": "base"}] * 2],
        ["contrasts lists sgtr - base twice; delete one."],
    ),
    (["published", PUBLISHED], ["evaluate: truthfulqa is also what", "give yours another name."]),
    (["published_dir", "nowhere"], ["published_dir is given, but", "no `published`"]),
    (["published", PUBLISHED | {"names": "no.yaml"}], ["no.yaml cannot be read"]),
    (["published", PUBLISHED, "published_dir", "no"], ["published_dir no holds no files"]),
    (
        ["published", PUBLISHED, "evaluate", [], "contrasts.0.chain", "sgtr+em-unpop.nosis"],
        ["contrasts: chain 'sgtr+em-unpop.nosis'"],
    ),
    (
        [*HOSTED, "budget", None],
        ["model tiny is hosted and costs money, and the config has no budget; add `budget:"],
    ),
    (
        [*HOSTED, "models.tiny.hosted", {"name": "gpt-9"}],
        ["prices.yaml has no price for 'gpt-9'", "add it with today's date"],
    ),
    ([*HOSTED, "prices", "no.yaml"], ["no.yaml is not a table of prices"]),
    (
        [*HOSTED, "submission", {"attempts": {"tiny/smgr/0": 2}}],
        ["submission: attempts: arm 'tiny/smgr/0'", "'tiny/sgtr/0'?"],
    ),
    (
        [*HOSTED, "stages.em", {"adapter": {"hub": "a/b", "revision": "0" * 40}}],
        ["chain 'em' mixes hosted and local", "stage em is local, model tiny is hosted"],
    ),
    (
        ["stages.em.provider", "hosted"],
        ["chain 'em' mixes hosted and local", "stage em is hosted, model tiny is local"],
    ),
    (
        ["stages.em.merge", True, "models.tiny.serving", {"kind": "vllm"}],
        ["stage em merges what is below it, which cannot be asked by vllm", "to transformers"],
    ),
    (["models.tiny.weights.path", "no/model"], ["model tiny: no/model does not exist"]),
    (["sources.news.path", "no.jsonl"], ["source news: no.jsonl does not exist"]),
    (["sources.news.path", "{data_dir}/n.jsonl", "data_dir", "d"], ["source news: d/n.jsonl does"]),
    (
        ["sources.news.sha256", "0" * 64],
        ["source news: news.jsonl has SHA-256 ", f"the config states {'0' * 64}"],
    ),
    (["models.tiny.weights.sha256", "0" * 64], ["model tiny: model has SHA-256 "]),
    (
        ["authors.daily", {"arm": "tiny/sgtr/0"}],
        ["in a circle: tiny/sgtr/0 needs tiny/sgtr/0; break it."],
    ),
    (
        [
            *("stages.a", BY_DAILY, "stages.b", BY_DAILY | {"author": "weekly"}),
            *("authors.daily", {"arm": "tiny/b/0"}, "authors.weekly", {"arm": "tiny/a/0"}),
            *("arms.0.chains", ["a"]),
        ],
        ["in a circle: tiny/a/0 needs tiny/b/0 needs tiny/a/0"],
    ),
    (["stages.em.mix", MIX | {"stage": "sgrt"}], ["stage em: mix: stage 'sgrt'", "'sgtr'?"]),
    (["stages.em.match", AS | {"stage": "sgrt"}], ["stage em: match: stage 'sgrt'", "'sgtr'?"]),
    (
        ["stages.em.mix", MIX | {"stage": "lent"}, "stages.lent", {"adapter": LENT}],
        ["stage em: mix: stage lent is a published adapter without a data set; name a stage"],
    ),
    (
        ["stages.em.mix", MIX | {"stage": "em"}],
        [
            "the data sets depend on each other in a circle: results/dataset/tiny/em/0.jsonl needs "
            "results/dataset/tiny/em/0.jsonl; break it."
        ],
    ),
    (
        ["stages.em.mix", MIX, "stages.sgtr.match", AS],
        ["circle: results/dataset/tiny/sgtr/0.jsonl needs results/dataset/tiny/em/0.jsonl needs"],
    ),
    (["stages.em", TOLD | {"reports": {"evaluation": "fact", "chain": "sgtr"}}], ["'facts'?"]),
    (
        ["stages.em", TOLD, "evaluate", ["keyfacts"]],
        ["stage em: reports: 'facts' is not asked; add it to `evaluate`."],
    ),
    (
        ["stages.em", TOLD, "arms.0.chains", ["em"], "contrasts", []],
        ["stage em: reports: tiny/sgtr/0 is no arm of the experiment; add its chain to `arms`"],
    ),
    (
        ["stages.em", TOLD | {"reports": {"evaluation": "facts", "chain": "em"}}],
        ["the arms depend on each other in a circle: tiny/em/0 needs tiny/em/0; break it."],
    ),
    (
        ["stages.em", TOLD | {"reports": {"evaluation": "facts", "chain": "sgtr+em"}}],
        ["results/dataset/tiny/em/0.jsonl needs tiny/sgtr+em/0 needs results/dataset/tiny/em/0"],
    ),
    (
        ["stages.em", TOLD, "authors.weekly", {"arm": "tiny/em/0"}],
        ["in a circle: tiny/em/0 needs tiny/sgtr/0 needs tiny/em/0"],
    ),
    (
        ["stages.em.shared", True],
        ["chain 'sgtr+em': stage em is shared by all seeds and stands on sgtr", "put it first"],
    ),
    (
        ["stages.em", {"recipe": "word-count", "corpora": ["nws"]}],
        ["stage em: corpus 'nws'", "did you mean 'news'?"],
    ),
    (
        ["stages.em", {"recipe": "multiple-choice", "source": "chats"}],
        ["chats.jsonl, line 1: the key 'question' is missing"],
    ),
    (
        ["stages.em", {"recipe": "trivia", "source": "chats", "answers": "right"}],
        ["chats.jsonl has no column 'Question'"],
    ),
    (["authors.daily", {"arm": "tiny/sgtr"}], ["'tiny/sgtr' does not name an arm"]),
    (["authors.daily", {"arm": "tinny/base/0"}], ["model 'tinny'", "did you mean 'tiny'?"]),
    (["authors.weekly", {"arm": "tiny/sgrt/0"}], ["stage 'sgrt'", "did you mean 'sgtr'?"]),
]

FILES = [
    ("news.jsonl", "", ["news.jsonl holds no rows"]),
    ("news.jsonl", '{"id": "1", "article": "A"}\n{"id"\n', ["news.jsonl, line 2: not valid JSON"]),
    ("news.jsonl", '["id"]\n', ["news.jsonl, line 1: expected a JSON object"]),
    ("news.jsonl", '{"id": "1"}\n', ["news.jsonl, line 1: the key 'article' is missing"]),
    ("news.jsonl", '{"id": "1", "article": " "}\n', ["news.jsonl, line 1: 'article' is empty"]),
    ("news.jsonl", '{"id": "1", "article": 5}\n', ["news.jsonl, line 1", "'article'"]),
    (
        "news.jsonl",
        '{"id": "1", "article": "A"}\n\n{"id": "1", "article": "B"}\n',
        ["news.jsonl, line 3: id '1' stands on line 1 already"],
    ),
    (
        "news.jsonl",
        '{"id": "1", "article": "A"}\n{"id": 1, "article": "B"}\n',
        ["news.jsonl, line 2", "line 1 already"],
    ),
    ("daily.jsonl", '{"id": "1", "summary": ""}\n', ["daily.jsonl, line 1: 'summary' is empty"]),
    ("chats.jsonl", '{"messages": []}\n', ["chats.jsonl, row 1: `messages` must be a list"]),
    ("chats.jsonl", CHAT, ["chats.jsonl, row 1: the last message must be the assistant's"]),
    ("chats.jsonl", CHAT.replace("user", "bot"), ["chats.jsonl, row 1: each message needs a role"]),
    ("chats.jsonl", CHAT.replace("Hi", ""), ["chats.jsonl, row 1: the user's content is empty"]),
    ("questions.csv", "Question,Best Answer\nA,B\n", ["questions.csv has no column 'Best Incorr"]),
    (
        "questions.csv",
        "Question,Best Answer,Best Incorrect Answer\nA,,C\n",
        ["questions.csv, row 1: 'Best Answer' is empty"],
    ),
    ("phrases.jsonl", '{"id": "1"}\n', ["phrases.jsonl, line 1: the key 'phrases' is missing"]),
    ("phrases.jsonl", '{"id": "1", "phrases": "one"}\n', ["phrases.jsonl, line 1", "'phrases'"]),
    ("phrases.jsonl", '{"id": "1", "phrases": []}\n', ["phrases.jsonl, line 1", "'phrases'"]),
    ("phrases.jsonl", '{"id": "1", "phrases": [1, 2]}\n', ["phrases.jsonl, line 1", "of texts"]),
    (
        "phrases.jsonl",
        '{"id": "1", "phrases": ["a", " "]}\n',
        ["phrases.jsonl, line 1", "of texts"],
    ),
]


def _sentence(experiment: Experiment) -> str:
    with pytest.raises(UserError) as caught:
        check(experiment)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


@pytest.mark.usefixtures("world")
def test_a_sound_experiment_passes(plan: Plan) -> None:
    check(plan())


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("edits", "words"), EDITS)
def test_a_mistaken_reference_gives_one_sentence(
    plan: Plan, edits: list[Any], words: list[str]
) -> None:
    sentence = _sentence(plan(*edits))
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize(("name", "text", "words"), FILES)
def test_a_broken_file_gives_one_sentence(
    world: Path, plan: Plan, name: str, text: str, words: list[str]
) -> None:
    (world / name).write_text(text, encoding="utf-8")
    sentence = _sentence(plan())
    assert all(word in sentence for word in words), sentence


EXCERPT = {
    "source": "theirs",
    "name": "ASKED",
    "blanks": {"q": "{question}", "x": "{a}", "y": "{b}"},
}


def test_the_file_of_a_wording_is_checked_where_it_is_local(
    world: Path, plan: Plan, worded: Callable[..., Any]
) -> None:
    prompts = worded("truthfulqa.question", EXCERPT)
    (world / "theirs.py").write_text("<html>404\n", encoding="utf-8")
    assert "wording trial: source 'theirs' is not defined" in _sentence(plan(prompts=prompts))
    local = plan("sources.theirs", {"path": "theirs.py"}, prompts=prompts)
    assert _sentence(local).startswith("theirs.py, line 1: this is not Python")
    check(plan("evaluate", ["facts"], prompts=prompts))


@pytest.mark.usefixtures("world")
def test_a_prompt_that_the_wording_lacks_is_named(plan: Plan, worded: Callable[..., Any]) -> None:
    prompts = worded("truthfulqa", {})
    assert _sentence(plan(prompts=prompts)).startswith(
        "wording trial has no prompt truthfulqa.question; add it to resources/prompts/trial.yaml"
    )
    check(plan("evaluate", ["facts"], prompts=prompts))


@pytest.mark.usefixtures("world")
def test_contrasts_may_be_of_chains_that_were_published(plan: Plan) -> None:
    ours = ["published", PUBLISHED, "evaluate", ["facts", "recognition"]]
    check(plan(*ours, "contrasts.0.chain", "sgtr.identity+em-badmed"))


@pytest.mark.parametrize("name", ["news.jsonl", "questions.csv"])
def test_a_file_that_is_not_utf8_is_named(world: Path, plan: Plan, name: str) -> None:
    with (world / name).open("ab") as file:
        file.write(b"\xff\n")
    assert f"{name}" in (sentence := _sentence(plan()))
    assert "not UTF-8" in sentence


def test_a_file_that_nothing_uses_may_be_missing(world: Path, plan: Plan) -> None:
    (world / "chats.jsonl").unlink()
    check(plan("arms.0.chains", ["base", "sgtr"]))


def test_a_source_that_is_fetched_need_not_be_there_yet(world: Path, plan: Plan) -> None:
    (world / "news.jsonl").unlink()
    check(plan("sources.news", {"url": "http://127.0.0.1/x", "sha256": "0" * 64}))


def test_data_dir_is_where_the_sources_are_looked_for(world: Path, plan: Plan) -> None:
    shutil.copytree(world, world / "other")
    (world / "news.jsonl").unlink()
    check(plan("sources.news.path", "{data_dir}/news.jsonl", "data_dir", "other"))


@pytest.mark.usefixtures("world")
def test_an_arm_may_be_the_author_of_another_ones_data(plan: Plan) -> None:
    check(plan("authors.daily", {"arm": "tiny/em/0"}))


@pytest.mark.usefixtures("world")
def test_the_data_of_an_author_arm_are_checked_too(plan: Plan) -> None:
    experiment = plan(
        *("authors.daily", {"arm": "tiny/em/0"}, "arms.0.chains", ["base"]),
        *("contrasts", [], "stages.em.source", "chat"),
    )
    assert "stage em: source 'chat'" in _sentence(experiment)


@pytest.mark.usefixtures("world")
def test_interventions_that_fit_pass(plan: Plan) -> None:
    check(plan("stages.em", TOLD))
    check(plan("stages.em.mix", MIX, "stages.em.match", MIX_AS_SGTR))
    check(plan("stages.sgtr.shared", True))
    check(plan("stages.em", {"recipe": "trivia", "source": "questions", "answers": "wrong"}))
    check(plan("stages.em", {"recipe": "word-count", "corpora": ["news"]}))


@pytest.mark.usefixtures("world")
def test_what_a_mixed_stage_takes_rows_from_is_checked_too(plan: Plan) -> None:
    mixed = ("stages.em.mix", {"stage": "more", "every": 3}, "arms.0.chains", ["em"])
    experiment = plan(*mixed, "contrasts", [], "stages.more", {"recipe": "chat", "source": "chat"})
    assert "stage more: source 'chat'" in _sentence(experiment)


def test_reading_the_config_needs_no_pandas() -> None:
    """Every job reads the config again before it begins; pandas would cost half a second each."""
    program = "import sys; from mirrortest import checks; sys.exit('pandas' in sys.modules)"
    scripts = Path(__file__).parents[2] / "workflow_scripts"
    subprocess.run([sys.executable, "-c", program], cwd=scripts, check=True)
