"""The rules of the house that no linter sees."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from apps.base.models import Record
from marketplace.lifecycle import Lifecycle

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
FLOORS = next(c["layers"] for c in CONTRACTS if c["name"] == "The floors of apps")
HEIGHT = {room.strip(): -i for i, floor in enumerate(FLOORS) for room in floor.split("|")}
OURS = [model for model in apps.get_models() if model.__module__.startswith("apps.")]


#: The files in which deeds stand.
ACTIONS = sorted([*ROOT.glob("apps/*/actions.py"), *ROOT.glob("apps/*/actions/[a-z]*.py")])
#: What writes a deed down, by itself or in turn.
WRITES = {"record", "_record", "record_many", "_tell", "destroy_key"}
#: Of the index only its runs are deeds: all else in it is made again from the listings.
RUNS = {"begin_run", "cancel", "resume", "get_stuck", "step"}


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def test_foreign_keys_point_down() -> None:
    upward = [
        f"{model._meta.label}.{field.name}"
        for model in OURS
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model
        and field.related_model.__module__.startswith("apps.")
        and HEIGHT[field.related_model._meta.app_label] > HEIGHT[model._meta.app_label]
    ]
    assert upward == []


def test_nothing_points_at_the_journal() -> None:
    assert [
        f"{model._meta.label}.{field.name}"
        for model in OURS
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model._meta.app_label == "journal"
    ] == []


@pytest.mark.parametrize("path", ACTIONS, ids=lambda p: "-".join(p.relative_to(ROOT).parts[1:]))
def test_every_action_is_atomic_signed_and_written_down(path: Path) -> None:
    app = path.relative_to(ROOT).parts[1]
    if app in ("journal", "base"):
        pytest.skip("the journal does not write about itself, nor does housekeeping")
    for function in _functions(path):
        assert "transaction.atomic" in [ast.unparse(d) for d in function.decorator_list], (
            function.name
        )
        if app == "retrieval" and function.name not in RUNS:
            continue
        assert "by" in [a.arg for a in function.args.kwonlyargs], function.name
        assert any(
            isinstance(n, ast.Call) and ast.unparse(n.func) in WRITES for n in ast.walk(function)
        ), function.name


@pytest.mark.parametrize("path", ACTIONS, ids=lambda p: "-".join(p.relative_to(ROOT).parts[1:]))
def test_actions_call_nobody_outside(path: Path) -> None:
    """An action sends nothing and enqueues nothing: work to be done is a row."""
    calls = {
        ast.unparse(n.func)
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Call)
    }
    assert not [c for c in calls if c.endswith((".delay", ".apply_async", "send_mail"))]


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("apps/*/migrations/0*.py")), ids=lambda p: f"{p.parts[-3]}-{p.stem}"
)
def test_migrations_import_none_of_our_code(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert [n for n in names if n.startswith(("apps", "marketplace", "config"))] == []


@pytest.mark.parametrize("app", [p.parent.name for p in sorted(ROOT.glob("apps/*/migrations"))])
def test_migrations_stand_in_one_line(app: str) -> None:
    names = sorted(p.stem[:4] for p in ROOT.glob(f"apps/{app}/migrations/0*.py"))
    assert names == [f"{i:04d}" for i in range(1, len(names) + 1)]


def _life_cycles() -> list[Any]:
    found = {}
    for path in sorted(ROOT.glob("marketplace/*.py")):
        module = __import__(f"marketplace.{path.stem}", fromlist=["x"])
        found |= {
            f"{path.stem}.{name}": value
            for name, value in vars(module).items()
            if isinstance(value, Lifecycle)
        }
    return [pytest.param(cycle, id=name) for name, cycle in found.items()]


@pytest.mark.parametrize("cycle", _life_cycles())
def test_every_state_can_be_reached(cycle: Lifecycle[Any]) -> None:
    reached, edge = {cycle.start}, {cycle.start}
    while edge:
        edge = {cycle.after(s, m) for s in edge for m in cycle.moves_from(s)} - reached
        reached |= edge
    assert reached == set(type(cycle.start))


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("apps/*/api/views.py")), ids=lambda p: p.parts[-3]
)
def test_every_list_of_rows_goes_through_visible_to(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == "get_queryset":
            assert "visible_to(" in ast.unparse(node), f"{path}: get_queryset at {node.lineno}"


def test_every_record_says_who_may_know_of_it() -> None:
    for model in OURS:
        if issubclass(model, Record) and model._meta.label != "accounts.User":
            assert "visible_to" in vars(type(model._default_manager.all())), model._meta.label


def test_a_vocabulary_column_refuses_unknown_words() -> None:
    """Every column of words has a check constraint that names its values."""
    for model in OURS:
        checked = " ".join(
            str(c.condition)
            for c in model._meta.constraints
            if isinstance(c, models.CheckConstraint)
        )
        for field in model._meta.local_fields:
            if hasattr(field, "vocabulary"):
                assert f"('{field.name}__in'" in checked, f"{model._meta.label}.{field.name}"


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("apps/**/*.py"), *ROOT.glob("marketplace/**/*.py")]),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_no_import_hides_in_a_function(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert not [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)], (
                f"{path}: {node.name}"
            )


def test_save_is_overridden_nowhere_and_there_are_no_signals() -> None:
    for path in ROOT.glob("apps/**/*.py"):
        text = path.read_text()
        assert "def save(" not in text, path
        assert "@receiver" not in text, path


def test_every_reader_of_the_journal_can_be_called() -> None:
    for path in settings.JOURNAL_READERS.values():
        module, _, name = path.rpartition(".")
        assert callable(getattr(__import__(module, fromlist=[name]), name))
