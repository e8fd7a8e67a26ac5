"""Two judges, named as docs/evaluations shows it, read the answers of one job."""

from pathlib import Path

import pytest
from project import ROOT, TINY, Project

PAGE = (ROOT / "docs/evaluations/README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example() -> str:
    """The example of the page, an overlay."""
    return PAGE[PAGE.index("**Another judge**") :].split("```yaml\n")[1].split("```")[0]


def _overlay(copy: Project) -> str:
    arms = [{"model": "toy", "chains": ["base"]}]
    asked = {"evaluate": ["em-8"], "seeds": [0], "contrasts": []}
    return copy.overlay("mine.yaml", {"experiment": "mine", "arms": arms} | asked)


def test_the_example_plans_two_judges_of_one_job(
    project: Project, tmp_path: Path, example: str
) -> None:
    copy = project.copy(tmp_path / "run")
    (copy.folder / "two-judges.yaml").write_text(example, encoding="utf-8")
    plans = {
        names: [job.name for job in copy.plan(configs=[TINY, *names])]
        for names in ((_overlay(copy),), (_overlay(copy), "two-judges.yaml"))
    }
    before, after = plans.values()
    judged = [name for name in after if name.startswith("judge ")]
    assert sorted(judged) == ["judge gpt-4o/toy/base/0", "judge qwen2.5-32b/toy/base/0"]
    assert [name for name in after if name.startswith("evaluate ")] == ["evaluate toy/base/0"]
    assert set(before) <= set(after)
    assert "agreement" in set(after) - set(before)
