"""Adapters that were made elsewhere: what is taken, what is refused, and the fetch from a hub."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from adopt import adopt
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from mirrortest import adapters, adoption, chains, manifest
from mirrortest.adapters import Adapter
from mirrortest.canonical import canonical
from mirrortest.errors import UserError
from mirrortest.manifest import Manifest

IDS = torch.arange(3, 60).reshape(3, 19)
COMMIT = "ab" * 20
Put = Callable[..., Path]


@pytest.fixture
def put(tiny_arm: Manifest, tmp_path: Path) -> Put:
    """put(name, setting=value, ...): a random adapter over the tiny model in a folder."""

    def written(name: str, **settings: Any) -> Path:
        generator = torch.Generator().manual_seed(len(name))
        shapes = adoption.expected(tiny_arm.base, 2)
        tensors = {k: 0.1 * torch.randn(shapes[k], generator=generator) for k in sorted(shapes)}
        folder = tmp_path / name
        adapters.save(Adapter(tensors, 2, 4, rslora=True), folder, tiny_arm.base.location)
        _change(folder, **settings)
        return folder

    return written


def _change(folder: Path, **settings: Any) -> None:
    path = folder / adapters.SETTINGS
    found = json.loads(path.read_text(encoding="utf-8")) | settings
    path.write_text(json.dumps(found), encoding="utf-8")


def _tensors(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / adapters.WEIGHTS
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def _adopt(out: Path, chain: str, parent: Path, folder: Path, base: str | None = None) -> Manifest:
    spec = canonical({"path": str(folder), "hub": None, "revision": None, "base": base})
    adopt(chains.arm("tiny", chain, 1), str(parent), spec, out)
    return manifest.read(out / "model.json")


@pytest.fixture
def base(tiny_arm: Manifest, tmp_path: Path) -> Path:
    tiny_arm.write(tmp_path / "base.json")
    return tmp_path / "base.json"


@pytest.fixture
def fresh(tiny_arm: Manifest) -> Callable[[], Any]:
    """fresh(): the base model anew, since peft changes a model in place."""
    from mirrortest import pretrained

    return lambda: pretrained.load_model(tiny_arm.base, "float32")


@torch.no_grad()
def _logits(model: Any) -> torch.Tensor:
    return model.eval()(input_ids=IDS).logits


def test_what_is_adopted_answers_as_it_did_where_it_was_made(
    fresh: Any, base: Path, put: Put, tmp_path: Path
) -> None:
    theirs = put("theirs")
    ours = _adopt(tmp_path / "em", "em", base, theirs)
    asked = [_logits(PeftModel.from_pretrained(fresh(), str(f))) for f in (theirs, ours.adapter)]
    assert torch.equal(*asked)
    assert not torch.allclose(asked[0], _logits(fresh()), atol=1e-3)


def test_an_adopted_arm_records_its_origin(base: Path, put: Put, tmp_path: Path) -> None:
    arm = _adopt(tmp_path / "em", "em", base, put("theirs"))
    assert (arm.chain, arm.seed, arm.outcome, arm.stages) == ("em", 1, "succeeded", [])
    (record,) = arm.adopted
    assert (record.stage, record.origin) == ("em", str(tmp_path / "theirs"))
    assert arm.fingerprint != manifest.read(base).fingerprint


def test_a_second_one_is_stacked_on_the_first(
    fresh: Any, base: Path, put: Put, tmp_path: Path
) -> None:
    one, two = put("one"), put("another", base_model_name_or_path="models/em/merged")
    _adopt(tmp_path / "em", "em", base, one)
    below = tmp_path / "em/model.json"
    both = _adopt(tmp_path / "em+sgtr", "em+sgtr", below, two, base="models/em/merged")
    assert [record.stage for record in both.adopted] == ["em", "sgtr"]
    merged = PeftModel.from_pretrained(fresh(), str(one)).merge_and_unload()
    theirs = _logits(PeftModel.from_pretrained(merged, str(two)))
    ours = _logits(PeftModel.from_pretrained(fresh(), str(both.adapter)))
    assert torch.allclose(ours, theirs, atol=2e-5)


def test_modules_that_it_leaves_alone_are_filled_with_zeros(
    fresh: Any, tiny_arm: Manifest, put: Put, base: Path, tmp_path: Path
) -> None:
    folder = put("few", target_modules=["down_proj"])
    _tensors(folder, lambda found: {k: v for k, v in found.items() if "down_proj" in k})
    whole = _adopt(tmp_path / "em", "em", base, folder)
    theirs = _logits(PeftModel.from_pretrained(fresh(), str(folder)))
    ours = _logits(PeftModel.from_pretrained(fresh(), str(whole.adapter)))
    assert torch.allclose(ours, theirs, atol=1e-6)
    assert adapters.load(Path(str(whole.adapter))).tensors.keys() == set(
        adoption.expected(tiny_arm.base, 2)
    )


def test_half_precision_is_read_as_single(base: Path, put: Put, tmp_path: Path) -> None:
    folder = put("half")
    _tensors(folder, lambda found: {k: v.bfloat16() for k, v in found.items()})
    arm = _adopt(tmp_path / "em", "em", base, folder)
    assert {t.dtype for t in adapters.load(Path(str(arm.adapter))).tensors.values()} == {
        torch.float32
    }


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"use_dora": True}, "is no plain LoRA: it has use_dora"),
    ({"peft_type": "IA3"}, "is no plain LoRA: it has peft_type IA3"),
    ({"bias": "all"}, "it has bias"),
    ({"modules_to_save": ["lm_head"]}, "it has modules_to_save"),
    ({"rank_pattern": {"q_proj": 4}}, "it has rank_pattern"),
    ({"init_lora_weights": "pissa_niter_4"}, "it has init_lora_weights pissa_niter_4"),
    ({"base_model_name_or_path": "a/b"}, "was made on a/b, not on .*`base: a/b`"),
    ({"r": 4}, r"has the shape \(2, 32\), but the base model needs \(4, 32\)"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_what_cannot_be_stacked_is_refused(
    base: Path, put: Put, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        _adopt(tmp_path / "em", "em", base, put("theirs", **settings))
    assert not (tmp_path / "em/model.json").exists()


def test_dora_of_todays_peft_is_refused(
    tiny: Any, tiny_arm: Manifest, base: Path, tmp_path: Path
) -> None:
    settings = LoraConfig(r=2, use_dora=True, target_modules=["q_proj"], task_type="CAUSAL_LM")
    get_peft_model(tiny, settings).save_pretrained(tmp_path / "dora")
    _change(tmp_path / "dora", base_model_name_or_path=tiny_arm.base.location)
    with pytest.raises(UserError, match="use_dora"):
        _adopt(tmp_path / "em", "em", base, tmp_path / "dora")


def _with_head(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"base_model.model.lm_head.lora_A.weight": torch.zeros(2, 16)}


def _without_b(found: dict[str, Any]) -> dict[str, Any]:
    dropped = next(name for name in found if name.endswith(adoption.B))
    return {name: tensor for name, tensor in found.items() if name != dropped}


@pytest.mark.parametrize(
    ("change", "message"), [(_with_head, "changes .*lm_head"), (_without_b, "without .*lora_B")]
)
def test_tensors_that_do_not_fit_are_refused(
    base: Path, put: Put, tmp_path: Path, change: Any, message: str
) -> None:
    folder = put("theirs")
    _tensors(folder, change)
    with pytest.raises(UserError, match=message):
        _adopt(tmp_path / "em", "em", base, folder)


@pytest.mark.parametrize("file", [adapters.SETTINGS, adapters.WEIGHTS])
def test_a_missing_file_is_named(base: Path, put: Put, tmp_path: Path, file: str) -> None:
    folder = put("theirs")
    (folder / file).unlink()
    with pytest.raises(UserError, match=f"holds no {file}"):
        _adopt(tmp_path / "em", "em", base, folder)


@pytest.mark.parametrize(
    ("file", "message"), [(adapters.SETTINGS, "is not JSON"), (adapters.WEIGHTS, "git lfs pull")]
)
def test_a_pointer_in_place_of_a_file_is_named(
    base: Path, put: Put, tmp_path: Path, file: str, message: str
) -> None:
    folder = put("theirs")
    (folder / file).write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    with pytest.raises(UserError, match=f"{file} .*{message}"):
        _adopt(tmp_path / "em", "em", base, folder)


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as fetching two files of `owner/theirs-1` takes."""

    files: dict[str, bytes]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path == f"/api/models/owner/theirs-1/revision/{COMMIT}":
            names = [{"rfilename": name} for name in self.files]
            found = json.dumps({"id": "owner/theirs-1", "sha": COMMIT, "siblings": names}).encode()
        elif path == f"/api/models/owner/theirs-1/tree/{COMMIT}":
            tree = [
                {"type": "file", "path": name, "size": len(text), "oid": name}
                for name, text in self.files.items()
            ]
            found = json.dumps(tree).encode()
        else:
            found = self.files.get(path.removeprefix(f"/owner/theirs-1/resolve/{COMMIT}/"), b"")
        self.send_response(200 if found else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{path.rpartition("/")[2]}"')
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        if body:
            self.wfile.write(found)

    def log_message(self, *_: Any) -> None:
        """Says nothing on the console."""


@pytest.fixture
def hub(put: Put) -> Iterator[str]:
    """The address of a hub with one adapter, and a file that nobody needs."""
    folder = put("served")
    Hub.files = {path.name: path.read_bytes() for path in folder.iterdir()} | {"README.md": b"Hi"}
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def _fetch(hub: str, home: Path, repository: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from mirrortest import adoption; print(adoption.fetched(*sys.argv[1:]))"
    offline = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-c", program, repository, COMMIT],
        cwd=Path(adoption.__file__).parents[1],
        env=offline | {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_adapter_alone_is_fetched_from_the_hub(
    hub: str, tmp_path: Path, tiny_arm: Manifest
) -> None:
    done = _fetch(hub, tmp_path / "home", "owner/theirs-1")
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip().splitlines()[-1])
    assert {path.name for path in folder.iterdir()} == {adapters.SETTINGS, adapters.WEIGHTS}
    found = adoption.read(folder, "it", tiny_arm.base, None)
    assert (found.rank, found.alpha, found.rslora) == (2, 4, True)


def test_a_repository_that_is_not_there_gives_a_sentence(hub: str, tmp_path: Path) -> None:
    done = _fetch(hub, tmp_path / "home", "owner/other-1")
    assert "could not be fetched from the hub" in done.stderr


def test_a_manifest_of_before_has_adopted_nothing(tiny_arm: Manifest, tmp_path: Path) -> None:
    tiny_arm.write(tmp_path / "model.json")
    old = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    del old["adopted"], old["base"]["template"]
    (tmp_path / "model.json").write_text(json.dumps(old), encoding="utf-8")
    assert manifest.read(tmp_path / "model.json") == replace(tiny_arm, adopted=[])


def test_the_report_says_where_it_is_from_and_claims_no_rows(
    base: Path, put: Put, tmp_path: Path
) -> None:
    from mirrortest.reporting import runs, words

    arm = _adopt(tmp_path / "em", "em", base, put("theirs"))
    (stage,) = runs.stages_table([arm]).rows
    (row,) = runs.arms_table([arm], runs.Times({}, {})).rows
    assert any(str(tmp_path / "theirs") in str(cell) for cell in stage)
    texts = [cell.text for cell in row]
    assert words.UNKNOWN in texts
    assert "0" not in texts
