"""The cluster profile and the rules agree. What Slurm makes of it: tests/cluster."""

import re

import yaml
from project import ROOT

PROFILE = yaml.safe_load((ROOT / "slurm/config.yaml").read_text(encoding="utf-8"))
RULES = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("rules/*.smk")}
BLOCKS = {
    name: block
    for text in RULES.values()
    for name, block in re.findall(r"^rule (\w+):\n((?:[ \t].*\n|\n)*)", text, re.MULTILINE)
}


def local_rules() -> set[str]:
    lists = re.findall(r"^localrules:\n((?:    \w+,\n)+)", RULES["cluster.smk"], re.MULTILINE)
    return {name for text in lists for name in re.findall(r"\w+", text)}


def test_rules_with_a_gpu_have_the_partition_with_gpus() -> None:
    with_gpu = {name for name, block in BLOCKS.items() if re.search(r"^ +gpu=", block, re.M)}
    assert with_gpu == {
        *("finetune", "evaluate", "summarise", "reflect", "judge", "activations"),
    }
    partitions = {rule: set_["slurm_partition"] for rule, set_ in PROFILE["set-resources"].items()}
    assert partitions == dict.fromkeys(with_gpu, "gpu")
    assert PROFILE["default-resources"]["slurm_partition"] == "cpu"


def test_only_rules_without_a_gpu_stay_off_the_cluster() -> None:
    assert {"fetch", "plot_recognition", "report"} <= local_rules() <= BLOCKS.keys()
    assert {"preflight", "finetune_hosted"} <= local_rules()  # they wait for the network, not work
    drawn = {name for name in BLOCKS if name.startswith("plot_")}
    assert drawn <= local_rules()
    assert not local_rules() & PROFILE["set-resources"].keys()


def test_what_the_default_profile_says_is_not_said_twice() -> None:
    default = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    assert not default.keys() & PROFILE.keys()


def test_no_rule_has_retries_of_its_own() -> None:
    """They would stay inside the first allocation, with its memory and time; 0 forbids them."""
    assert PROFILE["retries"] > 0
    assert not any(
        re.search(r"^    retries: [^0]", block, re.MULTILINE) for block in BLOCKS.values()
    )
