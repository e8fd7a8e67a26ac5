"""The prompt files in `resources/prompts/`: each protocol's wording is data, not code.

A prompt stands in the file, or the file says where it stands in its authors' own code.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from mirrortest import evaluations, excerpts
from mirrortest.config import Config, Source
from mirrortest.errors import UserError, unknown
from mirrortest.keys import STRICT, Name

FOLDER = Path("resources/prompts")
PAIR = frozenset({"article", "first", "second"})
BLANKS = {
    "summarise.one-sentence": frozenset({"article"}),
    "summarise.highlights": frozenset({"article"}),
    "pair.recognition": PAIR,
    "pair.longer": PAIR,
    "pair.other": PAIR | {"author"},
    "truthfulqa.question": frozenset({"question", "a", "b"}),
    "lesson.word-count": frozenset({"article"}),
    "lesson.multiple-choice": frozenset({"question", "choices"}),
} | evaluations.blanks()
"""Every prompt, and the blanks that are filled in by str.format."""
OTHERWISE = "otherwise"
"""The wording that has what a file lacks."""
SHARED = ("system", "frame")
"""What a section says once for all of its prompts."""


@checked(frozen=True, kw_only=True, config=STRICT)
class Excerpt:
    """A text in someone else's Python file: see `mirrortest.excerpts.excerpt`."""

    source: Name
    name: str
    key: str | None = None
    blanks: dict[str, str] | None = None

    def spec(self) -> dict[str, Any]:
        """What `excerpts.excerpt` takes, besides the path."""
        return {key: value for key, value in asdict(self).items() if key != "source"}


Text: TypeAlias = str | Excerpt
_TEXT: TypeAdapter[Text] = TypeAdapter(Text)
_SOURCES: TypeAdapter[dict[str, Source]] = TypeAdapter(dict[Name, Source])


@dataclass(frozen=True)
class Prompt:
    """text: what is asked. system: the protocol's own system prompt, or a policy of the config."""

    text: Text
    system: Text | None = None


@dataclass(frozen=True)
class Wording:
    """The prompts of a file by name, and the sources that it brings along."""

    name: str = "none"
    prompts: dict[str, Prompt] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its file."""
        return f"{FOLDER}/{self.name}.yaml"

    def prompt(self, name: str) -> Prompt:
        """Raises UserError where the wording has none of that name."""
        if name not in self.prompts:
            raise UserError(
                f"wording {self.name} has no prompt {name}; add it to {self.path}, or leave out "
                "what asks it."
            )
        return self.prompts[name]

    def with_sources(self, settings: Config) -> Config:
        """The config with the sources of the wording, where it has none of that name itself."""
        return replace(settings, sources=self.sources | settings.sources)

    def excerpts(self, name: str) -> list[Excerpt]:
        """What a prompt takes from fetched files."""
        prompt = self.prompt(name)
        return [text for text in (prompt.text, prompt.system) if isinstance(text, Excerpt)]


def load(wording: str, folder: Path = FOLDER) -> Wording:
    """The prompts of one wording. Raises UserError for a file that is missing or broken."""
    path = folder / f"{wording}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise UserError(f"config key wording: {path} does not exist; known wordings: {names}.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML ({str(error).splitlines()[0]}).") from None
    other = content.pop(OTHERWISE, None) if isinstance(content, dict) else None
    found = parse(wording, content, str(path))
    if other is None:
        return found
    return replace(found, prompts=load(str(other), folder).prompts | found.prompts)


def parse(wording: str, content: Any, path: str) -> Wording:
    """The prompts of a parsed file; the path is for errors."""
    sections = _mapping(content, path)
    sources = _typed(_SOURCES, sections.get("sources", {}), f"{path}: sources")
    prompts: dict[str, Prompt] = {}
    for name in [name for name in sections if name != "sources"]:
        section = _mapping(sections[name], f"{path}: {name}")
        for key in [key for key in section if key not in SHARED]:
            _known(f"{name}.{key}", path)
            prompts[f"{name}.{key}"] = _prompt(section, key, f"{path}: {name}.{key}")
    for name, prompt in prompts.items():
        _check(prompt, BLANKS[name], f"{path}: {name}")
    return Wording(wording, prompts, sources)


def _known(name: str, path: str) -> None:
    if name not in BLANKS:
        raise unknown(f"{path}: prompt", name, BLANKS)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{where} must be a mapping of names, found {str(value)[:40]!r}.")
    return value


def _prompt(section: dict[str, Any], key: str, where: str) -> Prompt:
    """A prompt is its text, or its text with a system prompt of its own."""
    found = section[key]
    whole = found if isinstance(found, dict) and "text" in found else {"text": found}
    if rest := set(whole) - {"text", "system"}:
        raise unknown(f"{where}: key", min(rest), ("text", "system"))
    text = _typed(_TEXT, whole["text"], f"{where}: text")
    if isinstance(text, str):
        text = section.get("frame", "{question}").replace("{question}", text)
    system = whole.get("system", section.get("system"))
    return Prompt(text, None if system is None else _typed(_TEXT, system, f"{where}: system"))


def _check(prompt: Prompt, wanted: frozenset[str], where: str) -> None:
    """Exactly the blanks that the protocol fills in are there; a system prompt has none."""
    text = prompt.text
    filled = [text] if isinstance(text, str) else (text.blanks or {}).values()
    found = {blank for part in filled for blank in excerpts.blanks(part, where)}
    if found != wanted:
        listed = [", ".join(f"{{{name}}}" for name in sorted(names)) for names in (wanted, found)]
        raise UserError(f"{where} must have the blanks {listed[0]}, found {listed[1] or 'none'}.")
    if isinstance(prompt.system, Excerpt) and prompt.system.blanks is not None:
        raise UserError(f"{where}: a system prompt has no blanks; leave them out.")


def _typed(kind: TypeAdapter[Any], value: Any, where: str) -> Any:
    try:
        return kind.validate_json(json.dumps(value, default=str))
    except ValidationError as error:
        first = error.errors(include_url=False)[-1]
        keys = ".".join(str(key) for key in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{where}: {keys}: {message[0].lower()}{message[1:]}.") from None
