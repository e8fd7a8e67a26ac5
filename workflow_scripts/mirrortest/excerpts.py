"""Texts in other people's Python files: read, never run."""

import ast
import string
from pathlib import Path

from mirrortest.errors import UserError, unknown

Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign


def excerpt(
    path: str, name: str, key: str | None = None, blanks: dict[str, str] | None = None
) -> str:
    """The text that a module gives to a name, or to a key of the dict of that name.

    blanks: for each placeholder of theirs what stands there in our template: `{one of ours}`, or
    any words. Without it the text is taken as it stands. Raises UserError for what is not there,
    is no text before the file is run, or has other placeholders.
    """
    module = _module(path)
    node = _assigned(module, name, path)
    if key is not None:
        node = _of_key(node, name, key, path)
    text = _text(node, module, path, template=blanks is not None)
    return text if blanks is None else _translated(text, blanks, f"{path}: {name}")


def blanks(text: str, where: str) -> list[str]:
    """The names in braces of a template. Raises UserError for braces that str.format refuses."""
    return [name for _, name in _parts(text, where) if name is not None]


def check(path: str) -> None:
    """Raises UserError for a file that is not Python."""
    _module(path)


def _module(path: str) -> ast.Module:
    try:
        return ast.parse(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise UserError(f"{path}, line {line}: this is not Python; fetch the right file.") from None


def _assigned(module: ast.Module, name: str, path: str) -> ast.expr:
    """What the module assigns to a name, at its top level and once."""
    assignments = [node for node in module.body if isinstance(node, Assignment)]
    named = [(target, node) for node in assignments for target in _targets(node)]
    found = [node for target, node in named if target == name]
    if not found:
        raise unknown(f"{path}: the constant", name, {target for target, _ in named})
    value = found[0].value
    if len(found) > 1 or isinstance(found[0], ast.AugAssign) or value is None:
        lines = ", ".join(str(node.lineno) for node in found)
        raise UserError(
            f"{path}: {name} is not assigned once and whole (line {lines}), so that its text "
            "cannot be told without running the file."
        )
    return value


def _targets(node: Assignment) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _of_key(node: ast.expr, name: str, key: str, path: str) -> ast.expr:
    if not isinstance(node, ast.Dict):
        raise UserError(f"{path}, line {node.lineno}: {name} is no dict, so it has no key {key!r}.")
    keys = [k.value if isinstance(k, ast.Constant) else None for k in node.keys]
    if key not in keys:
        raise unknown(f"{path}: {name}: the key", key, {k for k in keys if isinstance(k, str)})
    return node.values[keys.index(key)]


def _text(node: ast.expr, module: ast.Module, path: str, template: bool) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return "".join(_text(side, module, path, template) for side in (left, right))
        case ast.JoinedStr(values=values) if template:
            return "".join(_part(value, path) for value in values)
        case ast.Name(id=name):
            value = _assigned(module, name, path)
            if value.lineno < node.lineno:
                return _text(value, module, path, template)
    raise UserError(
        f"{path}, line {node.lineno}: {ast.unparse(node)[:40]!r} is no text that can be read "
        "without running the file."
    )


def _part(node: ast.expr, path: str) -> str:
    """A piece of an f-string as a template of str.format."""
    match node:
        case ast.Constant(value=str(text)):
            return _escaped(text)
        case ast.FormattedValue(value=ast.Name(id=name), conversion=-1, format_spec=None):
            return f"{{{name}}}"
    raise UserError(
        f"{path}, line {node.lineno}: only names can stand in braces, found {ast.unparse(node)!r}."
    )


def _translated(text: str, blanks: dict[str, str], where: str) -> str:
    parts = _parts(text, where)
    found = {name for _, name in parts if name is not None}
    for name in sorted(found - set(blanks)):
        raise UserError(f"{where} has the placeholder {{{name}}}; say under blanks what it is.")
    for name in sorted(set(blanks) - found):
        raise unknown(f"{where}: the placeholder", name, found)
    return "".join(
        _escaped(before) + ("" if name is None else blanks[name]) for before, name in parts
    )


def _parts(text: str, where: str) -> list[tuple[str, str | None]]:
    """Pairs of literal text and the name of the placeholder that follows it."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise UserError(f"{where}: its braces are not those of a template ({error}).") from None
    for _, name, spec, conversion in parts:
        if name is not None and (spec or conversion or not name.isidentifier()):
            raise UserError(f"{where}: only names can stand in braces, found {{{name}}}.")
    return [(before, name) for before, name, _, _ in parts]


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
