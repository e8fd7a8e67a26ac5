"""What every rule owes: a log, an environment, and the hash of its own script's code."""

import json
import re
import subprocess
import sys

import yaml
from project import ROOT, Project

from mirrortest.provenance import SCRIPTS

RULES = {
    name: block
    for path in sorted(ROOT.glob("rules/*.smk"))
    for name, block in re.findall(
        r"^rule (\w+):\n((?:[ \t].*\n|\n)*)", path.read_text(encoding="utf-8"), re.MULTILINE
    )
}

TASKS = ("facts", "keyfacts", "recognition", "truthfulqa")
MODULES = {"evaluate": [f"mirrortest.evaluations.{task}" for task in TASKS]}
"""What a rule's script imports by a name that it learns when it runs; tests/tiny.yaml's tasks."""


def directive(rule: str, name: str) -> str:
    """The text below a directive of a rule; empty if the rule has none."""
    found = re.search(rf"^    {name}:\n((?:        .*\n)+)", RULES[rule], re.MULTILINE)
    return found[1] if found else ""


def code_hashes(project: Project) -> dict[str, str]:
    """The hash of every rule's code, as the project in that folder computes it."""
    program = (
        "import json, sys; from mirrortest.provenance import code_of; "
        "more = json.loads(sys.argv[1]); "
        "found = {rule: code_of(rule + '.py', *more.get(rule, [])) for rule in sys.argv[2:]}; "
        "print(json.dumps(found))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, json.dumps(MODULES), *RULES],
        cwd=project.folder / "workflow_scripts",
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(found.stdout)


def test_the_rules_were_found() -> None:
    assert len(RULES) >= 19
    assert {"finetune", "evaluate", "scores", "plot_training", "report"} <= set(RULES)


def test_every_rule_runs_the_script_of_its_name() -> None:
    scripts = {rule: directive(rule, "script").strip() for rule in RULES}
    assert scripts == {rule: f'"../workflow_scripts/{rule}.py"' for rule in RULES}
    assert {path.stem for path in SCRIPTS.glob("*.py")} == set(RULES)


def test_every_rule_has_a_log_and_a_pinned_environment() -> None:
    for rule in RULES:
        assert directive(rule, "log"), rule
        environment = directive(rule, "conda").strip().strip('"').removeprefix("../")
        chosen = environment.startswith("lambda w: experiment.")
        assert chosen or (ROOT / environment).is_file(), rule


def test_every_rule_depends_on_its_own_code() -> None:
    for rule in RULES:
        assert f'code=code_of("{rule}.py"' in directive(rule, "params"), rule


def test_snakemake_stores_that_hash_with_every_output(finished: Project) -> None:
    stored = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (finished.folder / ".snakemake/metadata").iterdir()
    ]
    assert len(stored) > 50
    hashes = code_hashes(finished)
    for record in stored:
        assert repr(hashes[record["rule"]]) in record["params"], record["rule"]


def test_the_profile_leaves_code_to_the_hash() -> None:
    profile = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    assert profile["rerun-triggers"] == ["mtime", "params", "input", "software-env"]


def test_the_linter_has_nothing_to_say(project: Project) -> None:
    assert "Congratulations" in project.snakemake("--lint")
