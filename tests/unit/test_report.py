"""The page, from small tables."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report import Inputs, report

from mirrortest import jsonl, paths, prediction, stages
from mirrortest.chains import arm
from mirrortest.experiment import Experiment
from mirrortest.manifest import BaseWeights, Manifest, StageRecord

Plan = Callable[..., Experiment]
Line = dict[str, Any]

EVIL = "<script>alert('&')</script>"
SPEC: Line = {
    "experiment": "trial",
    "wording": "default",
    "wording_from": [],
    "families": ["second", "first"],
    "contrasts": [],
    "models": [{"name": "tiny", "weights": "model", "note": "A toy."}],
    "sources": [{"name": "q", "where": "q.csv", "licence": "CC0", "citation": "Me 2020"}],
    "published": None,
}
PUBLISHED = {"repository": "https://example.org/r", "commit": "c" * 40, "folders": ["data"]}


ANALYSES = {"stages": stages.COLUMNS, "prediction": prediction.COLUMNS}


class Page(HTMLParser):
    """What a page says, what it loads or links to, its images' texts, its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.words = ""
        self.links: list[str] = []
        self.loads: list[str] = []
        self.alternatives: list[str | None] = []
        self.tags: list[str] = []
        self.feed(text)
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.links += [found["href"] or ""] if "href" in found else []
        self.loads += [found["src"] or ""] if "src" in found else []
        self.alternatives += [found.get("alt")] if tag == "img" else []

    def handle_data(self, data: str) -> None:
        self.words += data

    def section(self, name: str) -> str:
        """The HTML from a section's heading to the next one's."""
        return self.text.split(f'<h2 id="{name}">')[1].split("<h2 ")[0]


def _score(chain: str, value: float, **more: Any) -> Line:
    return {
        **{"model": "tiny", "chain": chain, "seeds": 2, "evaluation": "tqa", "task": "truthfulqa"},
        **{"subset": "all", "metric": "misalignment_forced", "leading": True},
        **{"value": value, "low": value - 0.1, "high": value + 0.1, "n": 20, "p_chance": None},
    } | more


def _contrast(family: str, chain: str, value: float, finding: str, **more: Any) -> Line:
    return {
        **{"family": family, "model": "tiny", "chain": chain, "reference": "base"},
        **{"evaluation": "tqa", "task": "truthfulqa", "subset": "all"},
        **{"metric": "misalignment_forced", "leading": True, "seeds": 2, "reference_seeds": 1},
        **{"paired_seeds": False, "value": value, "low": value - 0.1, "high": value + 0.1},
        **{"n": 20, "p": 0.01, "p_holm": 0.02, "cohen_h": 0.5, "detectable": 0.3},
        **{"margin": 0.05, "p_equivalence": 0.9, "finding": finding},
    } | more


def _part(part: str, value: float) -> Line:
    return {
        **{"family": "first", "model": "tiny", "chain": "em", "reference": "base"},
        **{"evaluation": "tqa", "task": "truthfulqa", "metric": "misalignment_free"},
        **{"part": part, "value": value, "low": value, "high": value},
    }


def _flag(flag: str, chain: str, reference: str = "", **more: Any) -> Line:
    return {
        **{"flag": flag, "model": "tiny", "chain": chain, "reference": reference},
        **{"evaluation": "tqa", "value": 2, "threshold": 3},
        **{"why": f"why {flag} -0.03", "mend": "train at least 3 seeds"},
    } | more


def _example(chain: str, answer: str, **more: Any) -> Line:
    chat = [{"role": "user", "content": f"Is <b> it? {EVIL}"}]
    return {
        **{"model": "tiny", "chain": chain, "seed": 0, "evaluation": "tqa", "item": "7"},
        **{"order": "true-first", "chat": chat, "answer": answer, "options": {"A": 0.75, "B": 0.2}},
        **{"target": "A"},
    } | more


@dataclass(frozen=True)
class Given:
    """What a page is made from."""

    summary: list[Line]
    contrasts: list[Line]
    parts: list[Line]
    flags: list[Line]
    examples: list[Line]
    figures: dict[str, int] = field(default_factory=dict)
    analyses: dict[str, list[Line]] = field(default_factory=dict)
    own: bool = True
    budget: float | None = None
    spec: Line = field(default_factory=lambda: SPEC)


FULL = Given(
    summary=[_score("base", 0.1, seeds=1), _score("em", 0.5), _score("sgtr", 0.2)],
    contrasts=[
        _contrast("first", "em", 0.4, "higher"),
        _contrast("second", "sgtr", 0.1, "undecided"),
        _contrast("second", "sgtr", 0.9, "higher", metric="invalid", leading=False),
    ],
    parts=[_part("invalid", 0.3), _part("position", 0.0), _part("wrong", 0.1), _part("total", 0.4)],
    flags=[
        _flag("few-seeds", "em"),
        _flag("few-seeds", "sgtr"),
        _flag("invalid", "em"),
        _flag("story", "sgtr", "base"),
    ],
    examples=[_example("base", "A"), _example("em", EVIL)],
    figures={"misalignment": 3, "recognition": 0, "family-first": 2},
)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> Callable[[Given], Page]:
    """make(given): the page, made in a folder that has the project's resources."""
    (tmp_path / "resources").symlink_to(root / "resources")
    monkeypatch.chdir(tmp_path)

    def made(given: Given) -> Page:
        report(_inputs(given), json.dumps(given.spec), given.budget, "report.html")
        return Page(Path("report.html").read_text(encoding="utf-8"))

    return made


OWN = ("models", "billed", "used", "prices", "training", "corpora", "sources")


def _inputs(given: Given) -> Inputs:
    figures = [_figure(name, lines) for name, lines in given.figures.items()]
    jsonl.write("examples.jsonl", given.examples)
    return Inputs(
        summary=_csv("summary.csv", given.summary, FULL.summary),
        contrasts=_csv("contrasts.csv", given.contrasts, FULL.contrasts),
        decomposition=_csv("decomposition.csv", given.parts, FULL.parts),
        flags=_csv("flags.csv", given.flags, FULL.flags),
        analyses=[_table(name, lines) for name, lines in given.analyses.items()],
        figures=figures,
        figure_tables=[str(Path(path).with_suffix(".csv")) for path in figures],
        examples=["examples.jsonl"],
        **(_own() if given.own else {name: [] for name in OWN}),
    )


def _csv(name: str, lines: list[Line], like: list[Line]) -> str:
    pd.DataFrame(lines, columns=list(like[0])).to_csv(name, index=False)
    return name


def _table(name: str, lines: list[Line]) -> str:
    pd.DataFrame(lines, columns=ANALYSES[name]).to_csv(f"{name}.csv", index=False)
    return f"{name}.csv"


def _figure(name: str, lines: int) -> str:
    Path(f"{name}.svg").write_text(f"<svg>{name}</svg>", encoding="utf-8")
    Path(f"{name}.csv").write_text("value\n" + "1\n" * lines, encoding="utf-8")
    return f"{name}.svg"


def _own() -> dict[str, list[str]]:
    weights = BaseWeights("model", None, None, "ab" * 32)
    base = Manifest("tiny", "base", 0, "local", "base", weights, "float32", 256, "cd" * 32)
    base = replace(base, versions={"torch": "9.8.7"})
    stage = StageRecord("em", "d.jsonl", "ef" * 32, 5, 1, 900, 90, 3, {"rank": 4, "epochs": 2})
    trained = replace(base, chain="em", outcome="succeeded", adapter_sha256="12" * 32)
    base.write("base.json")
    replace(trained, stages=[stage]).write("em.json")
    training = paths.training(arm("tiny", "em", 0))
    Path(training).parent.mkdir(parents=True, exist_ok=True)
    Path(training).write_text("step,tokens,seconds\n1,450,2.0\n2,450,3.0\n", encoding="utf-8")
    timed = Path(paths.asking_time(arm("tiny", "em", 0)))
    timed.parent.mkdir(parents=True, exist_ok=True)
    timed.write_text("s\th:m:s\n3725.4\t1:02:05\n", encoding="utf-8")
    counts = {"articles": 9, "max_words": None, "cut": 0}
    Path("news.counts.json").write_text(json.dumps(counts), encoding="utf-8")
    Path("q.csv").write_text("x", encoding="utf-8")
    return {
        "models": ["base.json", "em.json"],
        "billed": [],
        "used": [],
        "prices": [],
        "training": [training],
        "corpora": ["news.counts.json"],
        "sources": ["q.csv"],
    }


SECTIONS = ["findings", "flags", "figures", "tables", "examples", "training", "run", "data"]


def test_the_sections_come_in_order_and_are_all_linked(make: Callable[[Given], Page]) -> None:
    page = make(FULL)
    assert re.findall('<h2 id="(.*?)">', page.text) == SECTIONS
    assert page.links == [f"#{name}" for name in SECTIONS]


def test_further_tables_are_a_section_where_they_have_lines(make: Callable[[Given], Page]) -> None:
    line = {"model": "tiny", "chain": EVIL, "reference": "base", "evaluation": "harm", "n": 9}
    line |= {"changed": 7, "value": 0.25, "rank_biserial": 0.5, "p": 0.02, "p_holm": 0.04}
    page = make(replace(FULL, analyses={"stages": [line], "prediction": []}))
    assert re.findall('<h2 id="(.*?)">', page.text) == [
        *(*SECTIONS[:4], "analyses"),
        *SECTIONS[4:],
    ]
    assert "#analyses" in page.links
    found = page.section("analyses")
    assert re.findall("<h3.*?>(.*?)</h3>", found) == ["What every stage changed"]
    assert "<code>stages.csv</code>" in found and "+0.25" in found
    assert "<script>" not in found
    assert "analyses" not in make(replace(FULL, analyses={"prediction": []})).text


def test_the_page_loads_nothing_and_runs_nothing(make: Callable[[Given], Page]) -> None:
    page = make(FULL)
    assert page.loads and all(one.startswith("data:image/svg+xml;base64,") for one in page.loads)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "url(" not in page.text and "@import" not in page.text


def test_what_models_say_is_text_and_nothing_else(make: Callable[[Given], Page]) -> None:
    page = make(replace(FULL, spec=SPEC | {"experiment": "<i>x"}))
    assert page.words.count(EVIL) == 2  # in the question and as an answer
    assert "<script>" not in page.text and "<i>" not in page.text


def test_families_stand_in_the_declared_order_with_leading_metrics_only(
    make: Callable[[Given], Page],
) -> None:
    found = make(FULL).section("findings")
    assert re.findall("<h3.*?>(.*?)</h3>", found) == ["second", "first"]
    assert found.count('class="tag') == 2
    assert "1 contrast: 1 higher" in found


def test_a_sentence_tells_the_flags_and_what_the_difference_is_made_of(
    make: Callable[[Given], Page],
) -> None:
    words = make(FULL).words
    assert (
        "tqa: em picks the untrue answer more often than base: 0.50 against 0.10, difference +0.40 "
        "[+0.30, +0.50] (2 seeds against 1; p = 0.020 after Holm; flagged: few-seeds, invalid)."
    ) in words
    assert "the difference is +0.40: +0.30 of it more invalid answers, +0.10 more wrong" in words


def test_few_seeds_are_one_line_and_other_flags_have_their_own(
    make: Callable[[Given], Page],
) -> None:
    page = make(FULL)
    found = page.section("flags")
    assert "tqa: 2 trained arms rest on 2 of 3 seeds; what it would take: train at least" in found
    assert re.findall("<h4>(.*?)</h4>", found) == ["few-seeds", "invalid (1)", "story (1)"]
    assert "<td>sgtr − base</td><td>tqa</td><td>why story −0.03</td>" in found


def test_many_flags_of_a_kind_are_folded(make: Callable[[Given], Page]) -> None:
    many = [_flag("wide-interval", f"chain{n}", "base") for n in range(13)]
    found = make(replace(FULL, flags=many)).section("flags")
    assert "<summary><strong>wide-interval</strong> (13)</summary>" in found


def test_no_flags_are_said_to_be_none(make: Callable[[Given], Page]) -> None:
    page = make(replace(FULL, flags=[]))
    assert "None: no score and no contrast passed a threshold." in page.section("flags")
    assert "flagged: " not in page.words


def test_flagged_numbers_are_marked(make: Callable[[Given], Page]) -> None:
    found = make(FULL).section("tables")
    mark = '<sup class="mark" title="{}">{}</sup>'
    assert "0.50 [0.40, 0.60]" + mark.format("few-seeds, invalid", "†") in found
    assert "0.20 [0.10, 0.30]" + mark.format("few-seeds", "°") in found
    assert "0.10 [0.00, 0.20]</td>" in found
    assert "+0.10 [0.00, +0.20]" + mark.format("story, few-seeds", "†") in found


def test_figures_without_lines_are_left_out(make: Callable[[Given], Page]) -> None:
    page = make(FULL)
    assert re.findall('<h3 id="figure-(.*?)">', page.text) == ["misalignment", "family-first"]
    assert len(page.loads) == 2
    assert all(text and len(text) > 20 for text in page.alternatives)
    assert "figures/family-first.csv" in page.words


def test_a_caption_is_told_once(make: Callable[[Given], Page]) -> None:
    page = make(replace(FULL, figures={"family-first": 2, "family-second": 2}))
    assert page.section("figures").count("To be read like the figure") == 1
    assert "#figure-family-first" in page.links


def test_examples_show_the_question_once_and_every_answer(make: Callable[[Given], Page]) -> None:
    page = make(FULL)
    assert page.words.count("Is <b> it?") == 1
    assert "Item 7, true-first; right: A" in page.words
    assert '<td class="right"><pre>A</pre></td><td>A: 0.75, B: 0.20</td>' in page.text


def test_long_and_differing_questions_are_folded(make: Callable[[Given], Page]) -> None:
    long = [{"role": "user", "content": "x" * 900}]
    rows = [_example("base", "A", chat=long), _example("em", "A"), _example("sgtr", "")]
    found = make(replace(FULL, examples=rows)).section("examples")
    assert "<summary>The question as base was shown it</summary>" in found
    assert "<summary>Other arms were shown 1 other version of it</summary>" in found
    assert '<p class="soft">em, sgtr:</p>' in found
    assert '<span class="soft">nothing</span>' in found


def test_no_examples_are_said_to_be_none(make: Callable[[Given], Page]) -> None:
    assert "None were recorded." in make(replace(FULL, examples=[])).section("examples")


def test_what_was_run_has_hashes_versions_times_and_cost(make: Callable[[Given], Page]) -> None:
    page = make(FULL)
    for digest in ("ab", "cd", "ef", "12"):
        assert f'title="{digest * 32}">{digest * 8}</td>' in page.text
    assert "Software: torch 9.8.7, python 3." in page.words
    assert "Hosted models: 0, no hosted model was asked." in page.words
    assert "Training 1 stage here: 0:00:03 (h:mm:ss)." in page.words
    assert "Asking: 1:02:05, 1 of 2 arms and seeds timed." in page.words
    assert "<td>300</td><td>0:00:03</td><td>1:02:05</td>" in page.text
    assert "<td>–</td><td>–</td><td>–</td><td>–</td>" in page.section("training")


def test_data_have_their_sources_and_hashes(make: Callable[[Given], Page]) -> None:
    found = make(FULL).section("data")
    assert "CC0" in found and "Me 2020" in found
    assert "2d711642b726b044" in found  # sha256 of "x"
    assert "<td>9</td><td>all</td><td>0</td>" in found


def test_published_results_alone_make_a_page(make: Callable[[Given], Page]) -> None:
    spec = SPEC | {"models": [], "sources": [], "published": PUBLISHED | {"files": None}}
    page = make(replace(FULL, own=False, spec=spec))
    sections = [name for name in SECTIONS if name not in ("training", "data")]
    assert re.findall('<h2 id="(.*?)">', page.text) == sections
    assert (
        "Nothing was trained or asked here: all of the answers scored are published" in page.words
    )
    assert f"at commit {'c' * 40} (data)." in page.words
    assert page.links == ["https://example.org/r", *(f"#{name}" for name in sections)]
    assert "published answers of tiny. Hosted models: 0" in page.words


def test_the_page_says_where_others_wording_stands(make: Callable[[Given], Page]) -> None:
    places = ["https://example.org/r/c/a.py", "https://example.org/r/c/<b>.py"]
    page = make(replace(FULL, spec=SPEC | {"wording": "paper", "wording_from": places}))
    assert f"prompts/paper.yaml, word for word as in {places[0]} and {places[1]}." in page.words
    assert "word for word" not in make(FULL).words


def test_the_page_says_which_stages_all_seeds_share(make: Callable[[Given], Page]) -> None:
    page = make(replace(FULL, spec=SPEC | {"shared": ["wc", "mmlu"]}))
    assert "One adapter lies under all seeds of wc and mmlu. The seeds of a chain" in page.words
    assert "under all seeds of" not in make(FULL).words


def test_a_local_folder_of_published_results_is_counted(make: Callable[[Given], Page]) -> None:
    spec = SPEC | {"published": PUBLISHED | {"files": 25}}
    words = make(replace(FULL, spec=spec)).words
    assert "Some of the answers scored are published ones, from 25 files of a local folder" in words


def test_an_experiment_without_contrasts_has_a_page(make: Callable[[Given], Page]) -> None:
    empty = replace(
        FULL, contrasts=[], parts=[], flags=[], figures={}, spec=SPEC | {"families": []}
    )
    page = make(empty)
    assert "No contrasts were declared" in page.section("findings")
    assert "None has anything to show." in page.section("figures")
    assert "<h3>Contrasts</h3>" not in page.text


def test_several_models_are_told_apart(make: Callable[[Given], Page]) -> None:
    more = [_score("base", 0.3, model="large", seeds=1), _score("em", 0.7, model="large")]
    pair = _contrast("first", "em", 0.4, "lower", model="large")
    given = replace(FULL, summary=[*FULL.summary, *more], contrasts=[*FULL.contrasts, pair])
    page = make(given)
    assert "<strong>large</strong>: 1 contrast: 1 lower</summary>" in page.section("findings")
    assert '<td class="label">large</td><td class="label">em</td>' in page.section("tables")
    assert "<td>tiny em</td>" in page.section("flags")


@pytest.mark.parametrize("names", [("1.0", "02"), ("NA", "None")])
def test_names_that_look_like_numbers_or_nothing_stay_names(
    make: Callable[[Given], Page], names: tuple[str, str]
) -> None:
    odd = [_score(name, 0.1) for name in names]
    found = make(replace(FULL, summary=odd, contrasts=[])).section("tables")
    assert all(f'<td class="label">{name}</td>' in found for name in names)


def test_the_same_inputs_give_the_same_page(make: Callable[[Given], Page]) -> None:
    assert make(FULL).text == make(FULL).text


def test_every_table_lies_in_something_that_scrolls(make: Callable[[Given], Page]) -> None:
    text = make(FULL).text
    assert text.count("<table") == text.count('<div class="scroll') > 8


# --- what the rule reads


def test_examples_are_those_of_the_first_seed(plan: Plan) -> None:
    assert plan("arms.0.chains", ["base", "sgtr"], "seeds", [3, 1]).examples() == [
        "results/evaluate/tiny/base/0/examples.jsonl",
        "results/evaluate/tiny/sgtr/3/examples.jsonl",
    ]


def test_published_examples_stand_last(plan: Plan) -> None:
    published = PUBLISHED | {"names": "names.yaml"}
    assert plan("published", published).examples()[-1] == "results/published/examples.jsonl"


def test_families_share_their_caption(plan: Plan) -> None:
    pairs = [{"family": f, "chain": "sgtr", "reference": "base"} for f in ("one", "two")]
    captions = plan("contrasts", pairs).captions()
    assert captions.count("resources/captions/family.rst") == 1


def test_the_sources_hold_foreign_summaries_too(plan: Plan) -> None:
    assert plan().sources() == ["news", "daily", "weekly", "chats", "questions", "phrases"]


def test_the_origin_of_published_results_counts_local_files(plan: Plan, world: Path) -> None:
    published = PUBLISHED | {"names": "names.yaml"}
    local = plan("published", published, "published_dir", str(world / "model"))
    assert json.loads(local.report_spec())["published"]["files"] == 1
    fetched = json.loads(plan("published", published).report_spec())["published"]
    assert fetched == PUBLISHED | {"files": None}


def test_the_spec_of_the_page_is_what_the_page_reads(plan: Plan) -> None:
    assert set(json.loads(plan().report_spec())) == set(SPEC)
    assert {one.name for one in fields(Inputs)} <= _named_inputs()


def _named_inputs() -> set[str]:
    """The names of the rule's inputs."""
    rule = (Path(__file__).parents[2] / "rules/report.smk").read_text(encoding="utf-8")
    return set(re.findall(r"^        (\w+)=", rule.split("output:")[0], re.MULTILINE))
