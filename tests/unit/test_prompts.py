"""The prompt files: ours, and those that say where the prompts of others stand."""

import re
from pathlib import Path
from typing import Any

import pytest

from mirrortest import excerpts, prompts
from mirrortest.errors import UserError
from mirrortest.prompts import Excerpt

PAIR = {"article": "{article}", "summary1": "{first}", "summary2": "{second}"}


def _parse(**sections: Any) -> prompts.Wording:
    return prompts.parse("trial", sections, "trial.yaml")


def test_the_default_wording_is_whole_and_ours(root: Path) -> None:
    found = prompts.load("default", root / "resources/prompts")
    assert set(found.prompts) == set(prompts.BLANKS)
    assert not any(found.excerpts(name) for name in found.prompts)
    assert found.prompt("summarise.highlights").system == "identity"


def test_a_section_shares_its_frame_and_its_system_prompt(root: Path) -> None:
    found = prompts.load("default", root / "resources/prompts")
    recognition, longer = found.prompt("pair.recognition"), found.prompt("pair.longer")
    assert recognition.system == longer.system != found.prompt("truthfulqa.question").system
    assert str(recognition.text).startswith("Article:\n{article}\n\nSummary 1:\n{first}")
    assert str(recognition.text).endswith("did you write yourself? Answer with only 1 or 2.")


def test_the_papers_wording_holds_no_text_but_where_it_stands(root: Path) -> None:
    found = prompts.load("paper", root / "resources/prompts")
    assert set(prompts.BLANKS) == set(found.prompts)
    ours = prompts.load("default", root / "resources/prompts").prompts
    theirs = {name: prompt for name, prompt in found.prompts.items() if prompt != ours[name]}
    texts = [t for prompt in theirs.values() for t in (prompt.text, prompt.system)]
    taken = [text for text in texts if text is not None]
    assert len(taken) == 9
    assert all(isinstance(text, Excerpt) and text.source in found.sources for text in taken)
    assert all(source.url is not None for source in found.sources.values())


def test_what_a_wording_lacks_is_taken_from_another(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text("pair: {longer: '{article}{first}{second}?'}\n")
    (tmp_path / "some.yaml").write_text("otherwise: all\nsummarise: {highlights: '{article}'}\n")
    found = prompts.load("some", tmp_path)
    assert (found.name, set(found.prompts)) == ("some", {"pair.longer", "summarise.highlights"})


def test_a_prompt_may_have_a_system_prompt_of_its_own() -> None:
    asked = {"text": {"source": "s", "name": "N", "blanks": PAIR}, "system": "Mine."}
    found = _parse(pair={"system": "Ours.", "frame": "{question}!", "longer": asked})
    assert found.prompt("pair.longer").system == "Mine."
    assert found.excerpts("pair.longer") == [Excerpt(source="s", name="N", blanks=PAIR)]


def test_an_unknown_wording_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    for name in ("short", "long"):
        (tmp_path / f"{name}.yaml").write_text("a: b\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"config key wording: .*; known wordings: long, short\."):
        prompts.load("shrt", tmp_path)


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "torn.yaml").write_text("pair: {\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"torn\.yaml is not valid YAML"):
        prompts.load("torn", tmp_path)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"pair": "Which?"}, "trial.yaml: pair must be a mapping of names, found 'Which?'."),
    ({"pair": {"langer": "x"}}, "prompt 'pair.langer' is not defined; did you mean 'pair.longer'?"),
    ({"pairs": {"longer": "x"}}, "prompt 'pairs.longer' is not defined"),
    ({"pair": {"longer": 5}}, "trial.yaml: pair.longer: text: "),
    ({"pair": {"longer": {"name": "N"}}}, "pair.longer: text: Excerpt.source: "),
    ({"pair": {"longer": {"text": "x", "systems": "y"}}}, "key 'systems' is not defined; did"),
    (
        {"pair": {"longer": "{first}, {second}?"}},
        "pair.longer must have the blanks {article}, {first}, {second}, found {first}, {second}.",
    ),
    ({"truthfulqa": {"question": "Which {x}?"}}, "must have the blanks {a}, {b}, {question}, f"),
    ({"truthfulqa": {"question": "{a} {b"}}, "its braces are not those of a template"),
    ({"truthfulqa": {"question": "{a:>5}"}}, "only names can stand in braces, found {a}."),
    (
        {"pair": {"longer": {"source": "s", "name": "N"}}},
        "must have the blanks {article}, {first}, {second}, found none.",
    ),
    (
        {
            "summarise": {
                "system": {"source": "s", "name": "N", "blanks": {}},
                "highlights": "{article}",
            }
        },
        "summarise.highlights: a system prompt has no blanks; leave them out.",
    ),
    ({"sources": {"s": {"url": "http://x", "path": "y"}}}, "sources: s: give exactly one of path"),
]


@pytest.mark.parametrize(("sections", "words"), MISTAKES)
def test_a_mistake_in_a_prompt_file_is_one_sentence(sections: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        _parse(**sections)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_an_excerpt_says_is_what_the_reader_takes(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text("N = '{summary1}{summary2}{article}'\n", encoding="utf-8")
    spec = Excerpt(source="s", name="N", blanks=PAIR).spec()
    assert excerpts.excerpt(str(tmp_path / "theirs.py"), **spec) == "{first}{second}{article}"


def test_the_wording_in_the_docs_is_whole_and_its_sections_are_all(
    root: Path, tmp_path: Path
) -> None:
    text = (root / "docs/wording.md").read_text(encoding="utf-8").partition("of one's own")[2]
    example = text.split("```yaml\n")[1].split("```")[0].replace("<commit>", "0" * 40)
    (tmp_path / "mine.yaml").write_text(example, encoding="utf-8")
    default = (root / "resources/prompts/default.yaml").read_text(encoding="utf-8")
    (tmp_path / "default.yaml").write_text(default, encoding="utf-8")
    found = prompts.load("mine", tmp_path)
    assert set(found.prompts) == set(prompts.BLANKS)
    assert found.excerpts("pair.recognition")
    sections = text.partition("every section\n(")[2].partition(")")[0]
    assert set(re.findall(r"`([\w-]+)`", sections)) == {n.partition(".")[0] for n in prompts.BLANKS}
