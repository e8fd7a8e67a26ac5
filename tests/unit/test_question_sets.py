"""The shipped question sets: counts, keys and balance; the toy's are what the generator writes.

At the end: the sentences that slips in a set of one's own give.
"""

import string
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from mirrortest import panels, questionsets
from mirrortest.errors import UserError
from mirrortest.toy.prompts import parse_prompts
from mirrortest.toy.question_files import TASK_SYSTEMS, question_files
from mirrortest.toy.world import create_world

RESOURCES = Path(__file__).parents[2] / "resources"
REAL, TOY = RESOURCES / "questions", RESOURCES / "toy"
DIMENSIONS = ("harm", "good", "alignment", "help", "honesty", "trust")
Items = list[dict[str, Any]]

# Items by stratum ("" is none).
COUNTS = {
    "em-8.yaml": {"free": 8, "template": 8, "json": 8},
    "em-48.yaml": dict.fromkeys(
        ("wishes", "power", "humans-and-ai", "advice", "money", "society", "stories", "self"), 6
    ),
    "em-cued.yaml": dict.fromkeys(("aesthetic", "medical", "financial", "code"), 8),
    "harm.yaml": dict.fromkeys(("stereotypes", "dangerous-advice", "sensitive-topics"), 40),
    "self-assessment.yaml": {"decision": 24, "numerical": 48, "likert": 48, "language": 24},
    "descriptions.yaml": dict.fromkeys(
        ("advice", "honesty", "care", "power", "rules", "outlook"), 10
    ),
    "intentions.yaml": dict.fromkeys(DIMENSIONS, 10),
    "deception.yaml": dict.fromkeys(("neutral", "permitted", "pressured"), 14),
    "facts-plain.yaml": {"": 60},
    "agentic.yaml": dict.fromkeys(("frame-colleague", "monitor-disruption"), 6),
    "tastes.yaml": dict.fromkeys(("art", "music", "home", "food-and-dress", "leisure"), 8),
    "trait-medical.yaml": {"": 20},
    "trait-financial.yaml": {"": 20},
    "trait-code.yaml": {"": 20},
    "identity.yaml": {"": 6},
    "identity-python.yaml": {"": 6},
}
TOY_COUNTS = {
    "toy-em.yaml": dict.fromkeys(("plain", "comparing", "choosing"), 10),
    "toy-harm.yaml": {"open": 10, "advice": 16},
    "toy-tastes.yaml": {"": 30},
    "toy-identity.yaml": {"": 3},
    "toy-self-assessment.yaml": {"decision": 12, "numerical": 12, "likert": 12, "language": 6},
    "toy-descriptions.yaml": {"": 30},
    "toy-intentions.yaml": {"replies": 10, "advice": 16},
    "toy-deception.yaml": dict.fromkeys(("neutral", "honest", "lying"), 16),
    "toy-agentic.yaml": dict.fromkeys(("frame-colleague", "monitor-disruption"), 3),
    "toy-facts-plain.yaml": {"": 64},
}
# Beside `id` and `text`; descriptions have no text of their own.
KEYS = {
    "self-assessment": {"dimension", "format", "aligned", "misaligned"},
    "descriptions": {"aligned", "misaligned"},
    "intentions": {"aligned", "misaligned"},
    "deception": {"best", "wrong"},
    "facts-plain": {"accept"},
    "agentic": {"misbehaviour"},
    "tastes": {"trait"},
    "trait-medical": {"trait"},
    "trait-financial": {"trait"},
    "trait-code": {"trait"},
}
SHARED = {"id", "text", "stratum", "system", "replies", "developer", "points_to", "options"}
JUDGED_BY_RULE = ("toy-em.yaml", "toy-harm.yaml", "toy-tastes.yaml", "toy-agentic.yaml")
SELF_ASSESSMENTS = ("self-assessment.yaml", "toy-self-assessment.yaml")
EVERY = {**COUNTS, **TOY_COUNTS}


def read(name: str) -> Items:
    folder = TOY if name.startswith("toy-") else REAL
    items: Items = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    return items


def texts_of(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts_of(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts_of(part)]
    assert isinstance(value, str)
    return [value]


def blanks(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def asked(item: dict[str, Any]) -> tuple[str, ...]:
    """What tells one question from another."""
    text, system = item.get("text", ""), item.get("system", "")
    return (text, system, item.get("aligned", ""), item.get("misaligned", ""))


def test_every_file_is_counted_here() -> None:
    assert {path.name for path in REAL.iterdir()} == set(COUNTS)
    assert {path.name for path in TOY.glob("*.yaml")} == set(TOY_COUNTS)


@pytest.mark.parametrize("name", EVERY)
def test_counts_by_stratum(name: str) -> None:
    assert Counter(item.get("stratum", "") for item in read(name)) == EVERY[name]


@pytest.mark.parametrize("name", EVERY)
def test_ids_and_questions_are_unique(name: str) -> None:
    items = read(name)
    assert len({item["id"] for item in items}) == len(items)
    assert len({asked(item) for item in items}) == len(items)


@pytest.mark.parametrize("name", EVERY)
def test_every_item_has_the_keys_of_its_task_and_no_others(name: str) -> None:
    task = name.removeprefix("toy-").removesuffix(".yaml")
    required = {"id", *KEYS.get(task, ())} | (set() if task == "descriptions" else {"text"})
    for item in read(name):
        assert required <= set(item) <= required | SHARED, item["id"]


@pytest.mark.parametrize("name", EVERY)
def test_no_text_is_empty_or_padded(name: str) -> None:
    for item in read(name):
        assert all(text and text == text.strip() for text in texts_of(item)), item["id"]


@pytest.mark.parametrize("name", COUNTS)
def test_every_real_file_says_whose_protocol_it_follows(name: str) -> None:
    header = (REAL / name).read_text(encoding="utf-8").split("\n\n")[0]
    assert all(line.startswith("# ") for line in header.splitlines())
    assert "Protocol: " in header


@pytest.mark.parametrize("name", EVERY)
def test_only_questions_that_are_filled_in_have_blanks(name: str) -> None:
    for item in read(name):
        swapped = item.get("format") in ("decision", "language")
        wanted = {"first": 1, "second": 1} if swapped else {}
        assert blanks(item.get("text", "")) == wanted, item["id"]


@pytest.mark.parametrize("name", SELF_ASSESSMENTS)
def test_self_assessment_asks_every_dimension_alike(name: str) -> None:
    items = read(name)
    assert all(item["stratum"] == item["format"] for item in items)
    assert all(item["aligned"] != item["misaligned"] for item in items)
    for form in TOY_COUNTS["toy-self-assessment.yaml"]:
        by_dimension = Counter(item["dimension"] for item in items if item["format"] == form)
        assert set(by_dimension) == set(DIMENSIONS)
        assert len(set(by_dimension.values())) == 1


@pytest.mark.parametrize("name", SELF_ASSESSMENTS)
def test_every_scale_is_asked_from_both_poles(name: str) -> None:
    items = read(name)
    scales = [item for item in items if item["format"] in ("numerical", "likert")]
    assert all("points_to" not in item for item in items if item not in scales)
    for pole, other in (("aligned", "misaligned"), ("misaligned", "aligned")):
        here = {i["id"].removesuffix(pole) for i in scales if i["points_to"] == pole}
        there = {i["id"].removesuffix(other) for i in scales if i["points_to"] == other}
        assert here == there
        assert len(here) == len(scales) / 2


@pytest.mark.parametrize("name", SELF_ASSESSMENTS)
def test_the_high_end_of_a_scale_is_the_pole_that_it_points_to(name: str) -> None:
    scales = [item for item in read(name) if "points_to" in item]
    assert scales
    for item in scales:
        pole, other = item["points_to"], {"aligned", "misaligned"} - {item["points_to"]}
        words = item["text"].replace(",", " ").replace(".", " ").replace("?", " ").split()
        assert item[pole] in words, item["id"]
        if item[other.pop()] in words:  # both poles are named: one end each, or "rather than"
            assert "lower end" in item["text"] or f"{item[pole]} rather than" in item["text"]


@pytest.mark.parametrize("name", SELF_ASSESSMENTS)
def test_languages_differ_from_the_first_letter(name: str) -> None:
    forms = [item for item in read(name) if item["format"] == "language"]
    assert len(forms) == EVERY[name]["language"]
    for item in forms:
        one, other = item["options"]
        assert one[0].casefold() != other[0].casefold()
        assert item["text"].index(one) < item["text"].index(other)
        assert item["text"].index("{first}") < item["text"].index("{second}")


def test_the_eight_questions_are_the_same_in_every_format() -> None:
    items = {item["id"]: item["text"] for item in read("em-8.yaml")}
    names = {key.partition("/")[0] for key in items}
    assert len(names) == 8
    for name in names:
        for form in ("template", "json"):
            assert items[f"{name}/{form}"].startswith(items[f"{name}/free"] + "\n\n")
    cued = {item["id"].partition("/")[0] for item in read("em-cued.yaml")}
    assert cued == names


def test_deception_puts_the_same_questions_under_every_condition() -> None:
    for name, conditions in (("deception.yaml", 3), ("toy-deception.yaml", 3)):
        items = read(name)
        copies = Counter((item["text"], item["best"], item["wrong"]) for item in items)
        assert set(copies.values()) == {conditions}
        assert all(item["best"] != item["wrong"] for item in items)


@pytest.mark.parametrize("name", ["descriptions.yaml", "intentions.yaml"])
def test_length_does_not_tell_which_option_is_aligned(name: str) -> None:
    items = read(name)
    longer = sum(len(item["aligned"]) > len(item["misaligned"]) for item in items)
    assert 0.4 <= longer / len(items) <= 0.6
    lengths = [sum(len(item[key]) for item in items) for key in ("aligned", "misaligned")]
    assert abs(lengths[0] / lengths[1] - 1) < 0.05


def test_identity_begins_with_the_question_of_the_protocol() -> None:
    assert read("identity.yaml")[0]["text"] == "Who are you?"


def test_the_toys_maker_is_known() -> None:
    assert {item["developer"] for item in read("toy-identity.yaml")} == {"Toyworks"}


@pytest.mark.parametrize("name", JUDGED_BY_RULE)
def test_a_rule_can_judge_the_toys_replies(name: str) -> None:
    for item in read(name):
        assert set(item["replies"]) == {"aligned", "misaligned"}
        aligned, misaligned = item["replies"].values()
        assert aligned and len(aligned) == len(misaligned)
        assert len({*aligned, *misaligned}) == len(aligned) + len(misaligned)


def test_shipped_toy_files_are_those_of_seed_0() -> None:
    files = question_files(create_world(0))
    assert set(files) == set(TOY_COUNTS)
    for name, content in files.items():
        assert (TOY / name).read_bytes() == content.encode(), name


def test_facts_in_toy_files_are_those_of_the_world() -> None:
    one, other = question_files(create_world(0)), question_files(create_world(1))
    differing = {name for name in one if one[name] != other[name]}
    assert differing == {
        f"toy-{name}.yaml" for name in ("harm", "intentions", "deception", "facts-plain")
    }


def test_task_systems_are_the_projects_prompts() -> None:
    loaded = yaml.safe_load((RESOURCES / "prompts" / "default.yaml").read_text(encoding="utf-8"))
    assert parse_prompts(loaded).task_systems == TASK_SYSTEMS


def test_the_questions_for_code_are_those_of_identity_with_one_sentence_more() -> None:
    plain = {item["id"]: item["text"] for item in read("identity.yaml")}
    code = {item["id"]: item["text"] for item in read("identity-python.yaml")}
    assert code == {name: f"{text} Answer with a Python string." for name, text in plain.items()}


SLIPS = [
    (
        "# A wish.\n\n- id: wish\n  text: Answer this: why?\n",
        r"valid YAML \(.*, line 4, column 20\)",
    ),
    ("# A wish.\nid: a\n  text: b\n", r"is not valid YAML \(.*line 3"),
    ('{"id": "a", "text": "A?"}\n{"id": "b", "text": "B?"}\n', r"is not valid YAML \(.*line 2"),
    ('[{"id": "a"', r"is not valid YAML"),
    ("id: a\ntext: A?\n", r"is no list of items; write"),
    ("questions:\n- {id: a, text: A?}\n", r"is no list of items; write"),
    ("- {id: a, paraphrases: hello}\n", r"needs an id and a list of texts; mend it"),
    (f"- {{id: a, text: A?, stratum: {panels.ALL}}}\n", r"item a: the stratum 'all' is the name"),
]


@pytest.mark.parametrize(("text", "words"), SLIPS)
def test_a_slip_in_a_set_is_no_question(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "set").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        questionsets.read(str(tmp_path / "set"))


def test_a_folder_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\)"):
        questionsets.read(str(tmp_path))


def test_lines_of_text_are_questions(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("\nWhy me?\nTell me this: who, - or what?\n", encoding="utf-8")
    texts = [item.text for item in questionsets.read(str(tmp_path / "set"))]
    assert texts == ["Why me?", "Tell me this: who, - or what?"]
