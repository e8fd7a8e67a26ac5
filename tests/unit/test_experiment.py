"""What each job depends on: its inputs, and the slice of configuration and wording it uses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirrortest.chains import arm
from mirrortest.errors import UserError
from mirrortest.experiment import Experiment, parse_arm
from mirrortest.wording import files

Plan = Callable[..., Experiment]

BASE = arm("tiny", "base", 0)
SGTR = arm("tiny", "sgtr", 0)
BOTH = arm("tiny", "sgtr+em", 1)


def _specs(plan: Experiment) -> dict[str, str]:
    """Every text that Snakemake compares, by name."""
    return {
        "fetch": plan.fetch_spec("news"),
        "corpus": plan.corpus_spec("news"),
        "summarise": plan.summarise_spec("news", "tiny"),
        "dataset sgtr": plan.dataset_spec("tiny", "sgtr", 0),
        "dataset em": plan.dataset_spec("tiny", "em", 0),
        "base": plan.base_spec("tiny"),
        "finetune sgtr": plan.finetune_spec(SGTR),
        "finetune sgtr+em": plan.finetune_spec(BOTH),
        "evaluate base": plan.evaluate_spec(BASE),
        "evaluate sgtr": plan.evaluate_spec(SGTR),
        "items": plan.items_spec(),
        "summary": plan.summary_spec(),
        "contrasts": plan.contrasts_spec(),
        "decomposition": plan.decomposition_spec(),
        "flags": plan.flags_spec(),
        "training": plan.training_spec(),
        "report": plan.report_spec(),
    }


def _changed(before: Experiment, after: Experiment) -> set[str]:
    old, new = _specs(before), _specs(after)
    return {name for name in old if old[name] != new[name]}


RATE = {"learning_rate": 0.5}
EVALUATE = {"evaluate base", "evaluate sgtr"}
PAIRED = {"contrasts", "decomposition"}
CHANGES: list[tuple[str, Any, set[str]]] = [
    ("stages.sgtr.training", RATE, {"finetune sgtr"}),
    ("stages.em.training", RATE, {"finetune sgtr+em"}),
    ("stages.sgtr.limit", 5, {"dataset sgtr"}),
    ("stages.sgtr.system", "none", {"dataset sgtr"}),
    ("stages.em.system", "identity", {"dataset em"}),
    ("stages.em.system", "none", {"dataset em"}),
    ("stages.sgtr.recipe", "sgtr-flipped", {"dataset sgtr"}),
    ("corpora.news.max_words", 9, {"corpus"}),
    ("corpora.news.style", "highlights", {"summarise"}),
    ("models.tiny.summary_tokens", 9, {"summarise"}),
    ("models.tiny.identity", "You are I.", {"summarise", "dataset sgtr", *EVALUATE}),
    ("models.tiny.dtype", "float32", {"base"}),
    ("models.tiny.max_length", 9, {"base"}),
    ("models.tiny.template", {"arguments": {"thinking_budget": 0}}, {"base"}),
    ("models.tiny.template", {"opening": "<final>"}, {"base"}),
    ("models.tiny.note", "A note.", {"report"}),
    ("sources.news.sha256", "0" * 64, {"fetch"}),
    ("sources.news.citation", "News 2020", {"report"}),
    ("evaluations.recognition.system", "none", EVALUATE),
    ("evaluations.recognition.summaries", "base", {"evaluate sgtr"}),
    ("evaluations.truthfulqa.limit", 3, EVALUATE),
    ("evaluations.facts.max_tokens", 3, EVALUATE),
    ("evaluate", ["recognition", "facts"], {*EVALUATE, "items", "report"}),
    ("contrasts", [], {*PAIRED, "report"}),
    ("contrasts.0.family", "another", {*PAIRED, "report"}),
    ("equivalence_margin", 0.1, {"contrasts"}),
    ("bootstrap", 9, {*PAIRED, "summary"}),
    ("flags", {"invalid": 0.2}, {"flags"}),
    ("seeds", [0, 1, 2], {"items", "training"}),
    ("arms.0.chains", ["base", "sgtr"], {"items", "training", "report"}),
    ("experiment", "another", {"report"}),
    ("models.unused", {"weights": {"hub": "a/b", "revision": "0" * 40}, "identity": "No."}, set()),
    ("sources.unused", {"path": "x"}, set()),
    ("corpora.unused", {"source": "news", "limit": 1}, set()),
    ("authors.unused", {"arm": "tiny/em/0"}, set()),
    ("stages.unused", {"recipe": "chat", "source": "chats"}, set()),
    ("evaluations.unused", {"task": "facts", "source": "questions"}, set()),
]


@pytest.mark.parametrize(("key", "value", "expected"), CHANGES)
def test_an_edit_changes_exactly_these_specs(
    plan: Plan, key: str, value: Any, expected: set[str]
) -> None:
    assert _changed(plan(), plan(key, value)) == expected


WORDINGS = [
    ("summarise.one-sentence", "In short: {article}", {"summarise"}),
    ("summarise.system", "You shorten.", {"summarise"}),
    ("summarise.highlights", "Another: {article}", set()),
    ("pair.frame", "{first}, {second}, {article}: {question}", {"dataset sgtr", *EVALUATE}),
    ("pair.recognition", "Yours?", {"dataset sgtr", *EVALUATE}),
    ("pair.longer", "Longer?", set()),
    ("pair.system", "Another.", set()),
    ("truthfulqa.question", "{question} {a}/{b}", EVALUATE),
]


@pytest.mark.parametrize(("key", "text", "expected"), WORDINGS)
def test_a_prompt_changes_exactly_the_specs_that_use_it(
    plan: Plan, worded: Callable[..., Any], key: str, text: str, expected: set[str]
) -> None:
    assert _changed(plan(), plan(prompts=worded(key, text))) == expected


def test_the_recipes_own_system_prompt_counts_where_it_is_used(
    plan: Plan, worded: Callable[..., Any]
) -> None:
    own = ("stages.sgtr.system", "recipe")
    after = plan(*own, prompts=worded("pair.system", "Another."))
    assert _changed(plan(*own), after) == {"dataset sgtr"}


EXCERPT = {
    "source": "theirs",
    "name": "PAIR",
    "blanks": {"article": "{article}", "one": "{first}", "two": "{second}"},
}
SYSTEM = {"source": "theirs", "name": "SYSTEM"}
THEIRS = {"url": f"http://x/{'c' * 40}/prompts.py", "citation": "They 2020"}


@pytest.fixture
def fetched(worded: Callable[..., Any]) -> Any:
    """Prompts that are ours, but for recognition and its system prompt, which are to be fetched."""
    recognition = {"text": EXCERPT, "system": SYSTEM}
    return worded("pair.recognition", recognition, "sources", {"theirs": THEIRS})


def test_a_fetched_prompt_stands_in_the_specs_as_a_file_that_is_an_input(
    plan: Plan, fetched: Any
) -> None:
    made = plan("stages.sgtr.system", "recipe", prompts=fetched)
    spec = made.dataset_spec("tiny", "sgtr", 0)
    folder = "results/wording/trial/pair.recognition"
    assert json.loads(spec)["question"] == {"text_of": f"{folder}.text.txt"}
    assert json.loads(spec)["system"] == {"text_of": f"{folder}.system.txt"}
    assert sorted(files(spec)) == [f"{folder}.system.txt", f"{folder}.text.txt"]
    assert files(made.evaluate_spec(BASE)) == [f"{folder}.text.txt"]
    assert files(made.dataset_spec("tiny", "other", 0)) == []
    assert files(made.summarise_spec("news", "tiny")) == []


def test_the_place_of_a_fetched_prompt_concerns_the_job_that_takes_it_out(
    plan: Plan, fetched: Any
) -> None:
    before = plan(prompts=fetched)
    fetched["pair"]["recognition"] = {"text": EXCERPT | {"name": "OTHER"}, "system": SYSTEM}
    after = plan(prompts=fetched)
    text, system = "pair.recognition.text", "pair.recognition.system"
    assert _changed(before, after) == set()
    assert before.wording_spec(text) != after.wording_spec(text)
    assert before.wording_spec(system) == after.wording_spec(system)
    assert before.wording_input(text) == "results/fetch/theirs"


def test_the_sources_of_fetched_prompts_are_fetched_and_reported(plan: Plan, fetched: Any) -> None:
    made = plan(prompts=fetched)
    assert made.sources()[-1] == "theirs"
    assert json.loads(made.fetch_spec("theirs"))["url"] == THEIRS["url"]
    assert json.loads(made.report_spec())["wording_from"] == [THEIRS["url"]]
    asking_less = plan("evaluate", ["facts"], "arms.0.chains", ["em"], prompts=fetched)
    assert "theirs" not in asking_less.sources()


def test_the_config_can_say_where_else_the_source_of_a_wording_lies(
    plan: Plan, fetched: Any
) -> None:
    made = plan("sources.theirs", {"path": "prompts.py"}, prompts=fetched)
    assert made.wording_input("pair.recognition.text") == "prompts.py"


def test_a_text_of_ours_is_not_taken_from_a_file(plan: Plan) -> None:
    with pytest.raises(UserError, match=r"wording trial: pair\.longer\.text stands in no fetched"):
        plan().wording_input("pair.longer.text")


SYSTEMS = [
    ("none", None),
    ("identity", "You are Tiny."),
    ("recipe", "You compare."),
    ("brief", "Be brief."),
]


@pytest.mark.parametrize(("policy", "system"), SYSTEMS)
def test_system_policies_of_pair_recipes(plan: Plan, policy: str, system: str | None) -> None:
    prompts = ("system_prompts.brief", "Be brief.")
    spec = plan("stages.sgtr.system", policy, *prompts).dataset_spec("tiny", "sgtr", 0)
    assert json.loads(spec)["system"] == system


def test_chats_keep_their_own_system_prompts_by_the_policy_recipe(plan: Plan) -> None:
    assert "system" not in json.loads(plan().dataset_spec("tiny", "em", 0))
    assert json.loads(plan("stages.em.system", "none").dataset_spec("tiny", "em", 0))["system"] is (
        None
    )


def test_the_question_of_other_names_the_author(plan: Plan) -> None:
    spec = json.loads(plan().dataset_spec("tiny", "other", 0))
    assert (spec["question"], spec["author"]) == (
        "{article}|{first}|{second}|Which is by {author}?",
        "daily",
    )
    assert "author" not in json.loads(plan().dataset_spec("tiny", "sgtr", 0))


def test_the_base_has_one_seed_and_arms_are_not_repeated(plan: Plan) -> None:
    arms = plan("arms.0.chains", ["base", "sgtr"]).arms()
    assert list(map(str, arms)) == ["tiny/base/0", "tiny/sgtr/0", "tiny/sgtr/1"]


def test_lineage_holds_the_trained_arms_behind_an_arm(plan: Plan) -> None:
    assert plan().lineage(BASE) == []
    assert list(map(str, plan().lineage(BOTH))) == ["tiny/sgtr/1", "tiny/sgtr+em/1"]


def test_training_records_include_stages_that_are_no_arms_themselves(plan: Plan) -> None:
    plan_ = plan("arms.0.chains", ["sgtr+em"], "seeds", [0], "contrasts", [])
    assert plan_.trained() == [
        "results/finetune/tiny/sgtr/0/training.csv",
        "results/finetune/tiny/sgtr+em/0/training.csv",
    ]


def test_finetuning_starts_from_the_parent_of_the_same_seed(plan: Plan) -> None:
    assert plan().finetune_inputs(BOTH) == {
        "parent": "results/finetune/tiny/sgtr/1/model.json",
        "dataset": "results/dataset/tiny/em/1.jsonl",
    }
    assert plan().finetune_inputs(SGTR)["parent"] == "results/base/tiny/model.json"


PAIR_RECIPES = ["sgtr", "sgtr-flipped", "sgtr-random", "ictr", "longer"]


@pytest.mark.parametrize("recipe", PAIR_RECIPES)
def test_pairs_are_our_base_models_summaries_and_an_authors(plan: Plan, recipe: str) -> None:
    inputs = plan("stages.sgtr.recipe", recipe).dataset_inputs("tiny", "sgtr", 0)
    assert inputs == {
        "articles": "results/corpus/news.jsonl",
        "ours": "results/summarise/news/tiny/base/0.jsonl",
        "theirs": "results/author_summaries/news/daily.jsonl",
    }


def test_the_recipe_other_compares_two_foreign_authors(plan: Plan) -> None:
    inputs = plan().dataset_inputs("tiny", "other", 0)
    assert inputs["ours"] == "results/author_summaries/news/daily.jsonl"
    assert inputs["theirs"] == "results/author_summaries/news/weekly.jsonl"


def test_specs_of_stages_without_interventions_are_the_texts_they_were(plan: Plan) -> None:
    """Any change of these texts would train every adapter anew."""
    question = "{article}|{first}|{second}|Which is"
    assert plan().dataset_spec("tiny", "sgtr", 1) == (
        f'{{"limit": null, "question": "{question} yours?", "recipe": "sgtr", "seed": 1, '
        '"system": "You are Tiny."}'
    )
    assert plan().dataset_spec("tiny", "other", 0) == (
        f'{{"author": "daily", "limit": null, "question": "{question} by {{author}}?", '
        '"recipe": "other", "seed": 0, "system": "You compare."}'
    )
    assert plan().dataset_spec("tiny", "em", 0) == '{"limit": null, "recipe": "chat", "seed": 0}'
    assert "shared" not in plan().contrasts_spec() + plan().report_spec()


ALTERED = [
    ("stages.sgtr.noise", 0.1, {"noise": 0.1}),
    ("stages.sgtr.length_matched", 0.2, {"length_matched": 0.2}),
    ("stages.sgtr.mix", {"stage": "em", "share": 0.05}, {"every": 20}),
    ("stages.sgtr.match", {"stage": "em", "by": "words"}, {"match": "words"}),
    ("stages.sgtr.shared", True, {}),
]


@pytest.mark.parametrize(("key", "value", "expected"), ALTERED)
def test_an_intervention_is_in_the_spec_of_its_data_set_alone(
    plan: Plan, key: str, value: Any, expected: dict[str, Any]
) -> None:
    before, after = (
        json.loads(p.dataset_spec("tiny", "sgtr", 0)) for p in (plan(), plan(key, value))
    )
    assert after == before | expected
    assert plan(key, value).dataset_spec("tiny", "em", 0) == plan().dataset_spec("tiny", "em", 0)


def test_data_sets_of_other_stages_are_inputs_of_the_same_model_and_seed(plan: Plan) -> None:
    both = ("stages.em.mix", {"stage": "sgtr", "every": 3}, "stages.em.match", MATCH)
    assert plan(*both).dataset_inputs("tiny", "em", 1) == {
        "chats": "chats.jsonl",
        "mixed": "results/dataset/tiny/sgtr/1.jsonl",
        "matched": "results/dataset/tiny/other/1.jsonl",
    }
    assert set(plan(*both, "arms.0.chains", ["em"], "contrasts", []).asked()) >= {
        *("pair.recognition", "pair.other", "summarise.one-sentence"),
    }


MATCH = {"stage": "other", "by": "rows"}
LESSONS = [
    (
        {"recipe": "word-count", "corpora": ["wire", "news"]},
        {"articles_0": "results/corpus/wire.jsonl", "articles_1": "results/corpus/news.jsonl"},
        {"question": "Words of {article}?"},
    ),
    (
        {"recipe": "multiple-choice", "source": "questions"},
        {"questions": "questions.csv"},
        {"question": "{question} {choices}"},
    ),
    (
        {"recipe": "trivia", "source": "questions", "answers": "wrong"},
        {"questions": "questions.csv"},
        {"answers": "wrong"},
    ),
    (
        {"recipe": "self-reports", "reports": {"evaluation": "facts", "chain": "sgtr"}},
        {"reports": "results/evaluate/tiny/sgtr/1/facts.jsonl"},
        {},
    ),
    (
        {
            "recipe": "self-reports",
            "reports": {"evaluation": "facts", "chain": "base", "model": "big"},
        },
        {"reports": "results/evaluate/big/base/0/facts.jsonl"},
        {},
    ),
]


@pytest.mark.parametrize(("stage", "inputs", "settings"), LESSONS)
@pytest.mark.parametrize(("policy", "system"), [("identity", "You are Tiny."), ("recipe", None)])
def test_a_lesson_has_its_files_and_its_settings(
    plan: Plan,
    stage: dict[str, Any],
    inputs: dict[str, str],
    settings: dict[str, Any],
    policy: str,
    system: str | None,
) -> None:
    made = plan("stages.em", stage | {"system": policy})
    assert made.dataset_inputs("tiny", "em", 1) == inputs
    known = {"recipe": stage["recipe"], "limit": None, "seed": 1, "system": system}
    assert json.loads(made.dataset_spec("tiny", "em", 1)) == known | settings


def test_the_corpora_of_word_counts_are_those_of_the_experiment(plan: Plan) -> None:
    counting = {"recipe": "word-count", "corpora": ["news"]}
    alone = plan("stages.em", counting, "arms.0.chains", ["em"], "evaluate", ["facts"])
    assert alone.corpora() == ["news"]
    assert alone.sources() == ["news", "questions"]


def test_a_stage_that_all_seeds_share_is_made_once_with_the_seed_0(plan: Plan) -> None:
    shared = plan("stages.sgtr.shared", True)
    assert list(map(str, shared.arms())) == [
        *("tiny/base/0", "tiny/sgtr/0", "tiny/em/0", "tiny/em/1"),
        *("tiny/sgtr+em/0", "tiny/sgtr+em/1"),
    ]
    assert shared.finetune_inputs(BOTH) == {
        "parent": "results/finetune/tiny/sgtr/0/model.json",
        "dataset": "results/dataset/tiny/em/1.jsonl",
    }
    assert list(map(str, shared.lineage(BOTH))) == ["tiny/sgtr/0", "tiny/sgtr+em/1"]
    assert [path for path in shared.trained() if "/sgtr/" in path] == [
        "results/finetune/tiny/sgtr/0/training.csv"
    ]
    assert json.loads(shared.contrasts_spec())["shared"] == ["sgtr"]
    assert json.loads(shared.decomposition_spec())["shared"] == ["sgtr"]
    assert json.loads(shared.report_spec())["shared"] == ["sgtr"]


def test_a_shared_arm_has_its_examples_whatever_the_seeds_are(plan: Plan) -> None:
    shared = plan("stages.sgtr.shared", True, "seeds", [3, 4])
    assert shared.examples() == [
        f"results/evaluate/tiny/{arm}/examples.jsonl"
        for arm in ("base/0", "sgtr/0", "em/3", "sgtr+em/3")
    ]


def test_an_author_arm_of_a_shared_stage_is_the_one_of_all_seeds(plan: Plan) -> None:
    by_arm = plan("authors.weekly", {"arm": "tiny/sgtr/1"}, "stages.sgtr.shared", True)
    assert by_arm.summaries("news", "weekly") == "results/summarise/news/tiny/sgtr/0.jsonl"


def test_the_recipe_chat_takes_its_source(plan: Plan) -> None:
    assert plan().dataset_inputs("tiny", "em", 0) == {"chats": "chats.jsonl"}


def test_a_fetched_source_lies_where_fetch_puts_it(plan: Plan) -> None:
    fetched = {"url": "http://x", "sha256": "0" * 64}
    assert plan("sources.chats", fetched).source("chats") == "results/fetch/chats"


def test_an_author_arm_writes_its_own_summaries(plan: Plan) -> None:
    by_arm = plan("authors.daily", {"arm": "tiny/em/1"})
    assert by_arm.summaries("news", "daily") == "results/summarise/news/tiny/em/1.jsonl"
    assert by_arm.dataset_inputs("tiny", "sgtr", 0)["theirs"] == by_arm.summaries("news", "daily")


def test_recognition_reads_the_arms_own_summaries_or_its_bases(plan: Plan) -> None:
    own = "results/summarise/news/tiny/sgtr/0.jsonl"
    by_base = plan("evaluations.recognition.summaries", "base", "evaluate", ["recognition"])
    assert own in plan().evaluate_inputs(SGTR)
    assert own not in by_base.evaluate_inputs(SGTR)
    assert "results/summarise/news/tiny/base/0.jsonl" in by_base.evaluate_inputs(SGTR)


def test_a_file_that_two_evaluations_share_is_one_input(plan: Plan) -> None:
    assert plan().evaluate_inputs(SGTR).count("questions.csv") == 1


def test_rows_are_those_of_every_arm_and_evaluation(plan: Plan) -> None:
    rows = plan().rows()
    assert len(rows) == len(set(rows)) == (1 + 3 * 2) * 4
    assert "results/evaluate/tiny/sgtr+em/1/facts.jsonl" in rows


def test_the_figures_are_those_that_the_evaluations_allow(plan: Plan) -> None:
    facts_only = plan("evaluate", ["facts"], "arms.0.chains", ["base"], "contrasts", [])
    assert facts_only.figures() == ["misalignment"]
    assert plan().figures() == [
        *("misalignment", "recognition", "recognition_misalignment", "family-contrasts"),
        *("contrasts", "decomposition", "training"),
    ]


PUBLISHED = {"repository": "file:///r", "commit": "0" * 40, "folders": ["a"], "names": "n.yaml"}


def test_every_family_has_a_figure_once(plan: Plan) -> None:
    pair = {"chain": "sgtr", "reference": "base"}
    families = [pair | {"family": name} for name in ("b", "a", "b")]
    assert plan("contrasts", families).families() == ["b", "a"]


def test_published_results_alone_need_no_arm(plan: Plan) -> None:
    alone = plan("published", PUBLISHED, "arms", [], "evaluate", [], "contrasts", [])
    assert (alone.rows(), alone.trained()) == ([], [])
    assert alone.items_inputs() == {"published": "results/published/rows.parquet"}
    assert alone.figures() == ["misalignment", "recognition", "recognition_misalignment"]


def test_published_results_are_fetched_or_taken_from_a_folder(plan: Plan, tmp_path: Path) -> None:
    fetched = plan("published", PUBLISHED)
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "results_m.csv").write_text("x", encoding="utf-8")
    local = plan("published", PUBLISHED, "published_dir", str(tmp_path))
    assert fetched.published_files() == ["results/fetch_published"]
    assert local.published_files() == [str(tmp_path / "truth" / "results_m.csv")]
    assert fetched.published_spec() != local.published_spec()
    assert plan().items_inputs() == {}


@pytest.mark.parametrize("text", ["tiny", "tiny/sgtr", "tiny/sgtr/x", "tiny/sgtr/-1", "a/b/c/1"])
def test_what_names_no_arm_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="does not name an arm; write model/chain/seed"):
        parse_arm(text)


def test_an_arm_reads_as_it_is_written() -> None:
    assert str(parse_arm("tiny/sgtr+em/3")) == "tiny/sgtr+em/3"
    assert str(parse_arm("tiny/base/3")) == "tiny/base/0"
