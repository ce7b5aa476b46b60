"""What people read is there in Chinese and in English."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import django
import pytest
import unfold
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.contrib import admin
from django.utils.translation import override

import marketplace
from apps.base.admin import RecordAdmin
from apps.markets.models import TABLES
from marketplace.errors import MarketError
from marketplace.lifecycle import Lifecycle
from marketplace.vocabulary import Term

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "config" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
#: How an error says words that every one of its kind says: `super().__init__("…")`, `cls("…")`.
OWN_WORDS = {"__init__", "cls"}
GETTEXT = {"_", "_lazy", "gettext", "gettext_lazy", "gettext_noop"}


def _subclasses(cls: type) -> set[type]:
    return {cls}.union(*map(_subclasses, cls.__subclasses__()))


def _modules() -> list[object]:
    return [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(marketplace.__path__, "marketplace.")
    ]


def _tables() -> list[Any]:
    """Return the tables that the console shows, by themselves or within others."""
    shown = {model for model in admin.site._registry if model.__module__.startswith("apps.")}
    for page in admin.site._registry.values():
        shown |= {inline.model for inline in page.inlines}
    shown |= set(TABLES.values())  # The further terms of a listing.
    return sorted(shown, key=lambda model: model._meta.label)


def _columns() -> list[tuple[str, str]]:
    """Return every table and column of the console as (model, its name in English)."""
    return [
        (model.__name__, str(name))
        for model in _tables()
        for named in (model._meta, *model._meta.local_fields)
        for name in (named.verbose_name, getattr(named, "verbose_name_plural", ""))
    ]


def _buttons() -> list[tuple[str, str]]:
    """Return every button of the console as (vocabulary of its life cycle, its label)."""
    return [
        (type(page.cycle.start).__name__ if page.cycle else "", move.label)
        for page in admin.site._registry.values()
        if isinstance(page, RecordAdmin)
        for move in page.console_moves
    ]


def _words_of_unfold() -> set[str]:
    """Return what the templates of the console say, and Django has no Chinese for."""
    folder = Path(unfold.__file__).parent / "templates"
    pattern = r"""(?:{%-? *trans(?:late)? +|\b_\()(?:'(.+?)'|"(.+?)")"""
    found = {
        one or other
        for path in folder.rglob("*.html")
        for one, other in re.findall(pattern, path.read_text())
    }
    for place in ("conf", "contrib/admin", "contrib/auth"):
        path = Path(django.__file__).parent / place / "locale/zh_Hans/LC_MESSAGES/django.mo"
        with path.open("rb") as file:
            found -= {m.id if isinstance(m.id, str) else m.id[0] for m in read_mo(file)}
    return found


def _label(move: str) -> str:
    return move.replace("_", " ").capitalize()


@override("en")
def spoken() -> set[str]:
    """Return every text that the code says to people."""
    for path in ROOT.glob("apps/*/imports.py"):  # A vocabulary may stand in a door.
        importlib.import_module(f"apps.{path.parent.name}.imports")
    modules = _modules()
    errors = {cls.__name__ for cls in _subclasses(MarketError)}
    said = {term.label for cls in _subclasses(Term) for term in cls}  # type: ignore[attr-defined]
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Lifecycle):
                said |= {name.replace("_", " ").capitalize() for name in value.moves}
        said |= {name.replace("_", " ").capitalize() for name in getattr(module, "REQUESTS", ())}
        for sentences in (
            *("ADVICE", "CONDITIONS", "CONFLICTS", "STEPS_TO_PEOPLE", "STEPS_TO_MONEY"),
            *("WHY", "HELP"),
        ):
            said |= set(getattr(module, sentences, {}).values())
    for path in [
        *ROOT.glob("apps/**/*.py"),
        *ROOT.glob("marketplace/**/*.py"),
        *ROOT.glob("config/**/*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0] if node.args else None
            if name in GETTEXT | errors | OWN_WORDS and isinstance(first, ast.Constant):
                said.add(first.value)
            if name in {"Reason", "Advice", "Judgement"}:
                said |= {a.value for a in node.args[2:3] if isinstance(a, ast.Constant)}
            if name == "Lack":
                said |= {a.value for a in node.args[1:3] if isinstance(a, ast.Constant)}
            if name == "Finding":
                said |= {a.value for a in node.args[1:2] if isinstance(a, ast.Constant)}
            if name == "Definition":
                said |= {a.value for a in node.args[1:] if isinstance(a, ast.Constant)}
            said |= {
                k.value.value
                for k in node.keywords
                if k.arg == "violation_error_message" and isinstance(k.value, ast.Constant)
            }
    said |= {name for _, name in _columns()} | {label for _, label in _buttons()}
    said = {str(text) for text in said} | _words_of_unfold()
    for path in [*ROOT.glob("apps/**/*.html"), *ROOT.glob("config/**/*.html")]:
        said |= set(re.findall(r"{% translate ['\"](.+?)['\"] %}", path.read_text()))
    django = {"active", "date joined", "email address", "last login", "password", "staff status"}
    django |= {"superuser status", "username"}  # Said, and translated, by Django.
    return {text for text in said if text} - django


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return {m.id: m.string for m in read_po(file) if m.id and not m.context}  # type: ignore[misc]


def test_a_word_of_one_vocabulary_is_a_word_of_it():
    words = {
        (cls.__name__, term.label)
        for cls in _subclasses(Term)
        for term in cls  # type: ignore[attr-defined]
    }
    for module in _modules():
        for cycle in vars(module).values():
            if isinstance(cycle, Lifecycle):
                moves = (*cycle.moves, *getattr(module, "REQUESTS", ()))
                words |= {(type(cycle.start).__name__, _label(move)) for move in moves}
    with override("en"):
        words |= {*_columns(), *_buttons()}
    with CATALOGUE.open("rb") as file:
        own = {(m.context, m.id) for m in read_po(file) if m.context}
    assert own - words == set()


def test_every_text_is_in_chinese(chinese):
    assert sorted(text for text in spoken() if not chinese.get(text)) == []


def test_a_translation_names_the_same_facts(chinese):
    holes = re.compile(r"{(\w*)}|%\((\w+)\)")
    wrong = [
        text
        for text, words in chinese.items()
        if sorted(holes.findall(text)) != sorted(holes.findall(words))
    ]
    assert wrong == []


def test_the_catalogue_holds_nothing_that_nobody_says(chinese):
    assert sorted(chinese.keys() - spoken()) == []
