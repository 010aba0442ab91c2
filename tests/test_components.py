"""Components are found by walking the package, and named leniently but never guessed."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from checkstar import components as module
from checkstar.checks import default_checks
from checkstar.components import (
    component,
    components,
    configured,
    listing,
    method_of,
    parse_settings,
    wrappers,
)
from checkstar.errors import ContractError, InputError
from checkstar.methods import BoostedTrees, Calibrated, Cannon, Conformal, KNearest, Method, Ridge


def test_every_method_that_can_be_made_without_arguments_is_found():
    found = components("methods")
    assert {"boosted-trees", "cannon", "constant", "forest", "k-nearest", "ridge", "template-fit"} <= set(found)
    assert all(isinstance(c.make(), Method) and c.summary and c.source == "checkstar" for c in found.values())
    assert "method" not in found


def test_every_default_check_is_found():
    assert {check.name for check in default_checks(refit=True)} == set(components("checks"))


@pytest.mark.parametrize("name", ["boosted-trees", "boosted_trees", "BoostedTrees", "boostedtrees"])
def test_dashes_underscores_and_capitals_do_not_matter(name):
    assert component("methods", name).make is BoostedTrees


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="there is no method 'canon'; did you mean 'cannon'"):
        component("methods", "canon")


def test_settings_reach_the_component_and_unknown_ones_are_refused():
    assert configured(component("methods", "k-nearest"), {"n_neighbors": 3}).n_neighbors == 3
    with pytest.raises(InputError, match="there is no setting of k-nearest 'neighbors'; did you mean 'n_neighbors'"):
        configured(component("methods", "k-nearest"), {"neighbors": 3})


def test_settings_are_literals_or_text():
    words = ["order=2", "l1=1e-3", "censor=None", "name=a=b", "levels=(0.1, 0.9)"]
    assert parse_settings(words) == {"order": 2, "l1": 1e-3, "censor": None, "name": "a=b", "levels": (0.1, 0.9)}
    with pytest.raises(InputError, match="'order' is not KEY=VALUE"):
        parse_settings(["order"])


def test_components_of_others_come_through_entry_points(monkeypatch):
    points = {"checkstar.methods": [EntryPoint("mine", "checkstar.methods.nearest:KNearest", "checkstar.methods")]}
    monkeypatch.setattr(module, "entry_points", lambda group: points.get(group, []))
    assert component("methods", "mine").make is KNearest
    assert component("methods", "cannon").make is Cannon


def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch):
    broken = EntryPoint("broken", "no_such_package:Method", "checkstar.methods")
    monkeypatch.setattr(module, "entry_points", lambda group: [broken])
    with pytest.raises(ContractError, match=r"entry point 'broken' of checkstar.methods cannot be loaded"):
        components("methods")


@pytest.mark.parametrize("kind", ["problems", "methods", "checks", "claims"])
def test_a_listing_has_a_cell_for_every_column(kind):
    columns, rows = listing(kind)
    assert rows
    assert all(len(row) == len(columns) and all(row) for row in rows)


def test_checks_are_listed_by_code_with_what_they_need():
    _, rows = listing("checks")
    assert [row[0][0] for row in rows] == sorted(row[0][0] for row in rows)
    assert "Scope(target=" in next(row[4] for row in rows if row[1] == "shift_kind")
    needs = {row[1]: row[-1] for row in rows}
    assert needs["accuracy"] == "predictions and truth"
    assert "domain's own method" in needs["reference"]


def test_a_method_that_holds_another_names_it_in_brackets():
    made = method_of("calibrated(cannon)")
    assert isinstance(made, Calibrated) and isinstance(made.method, Cannon)
    nested = method_of(" conformal( calibrated(k-nearest(n_neighbors=3), n_folds=4) )", {"n_bins": 7})
    assert isinstance(nested, Conformal) and nested.n_bins == 7
    assert nested.method.n_folds == 4 and nested.method.method.n_neighbors == 3
    assert isinstance(method_of("Ridge()"), Ridge)
    assert method_of("conformal-quantiles(ridge, levels=(0.1, 0.5, 0.9))").levels == (0.1, 0.5, 0.9)


@pytest.mark.parametrize("name", wrappers())
def test_every_wrapper_can_be_made_around_a_method(name):
    assert isinstance(method_of(f"{name}(ridge)").method, Ridge)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("calibrated", "calibrated holds one other method and got none in brackets; write for example --method 'calib"),
        ("calibrated()", "got none in brackets"),
        ("calibrated(n_folds=3)", "got none in brackets"),
        ("calibrated(method=ridge)", "got none in brackets"),
        ("calibrated(ridge, cannon)", "got 2 in brackets"),
        ("ridge(cannon)", "ridge holds no other method; leave out"),
        ("calibrated(ridge", "is not NAME or NAME"),
        ("calibrated(ridge))", "is not NAME or NAME"),
        ("", "is not NAME or NAME"),
        ("calibratd(ridge)", "there is no method 'calibratd'; did you mean 'calibrated'"),
        ("calibrated(rigde)", "there is no method 'rigde'; did you mean 'ridge'"),
        ("calibrated(ridge, n_fold=3)", "there is no setting of calibrated 'n_fold'; did you mean 'n_folds'"),
        ("symmetrized(ridge)", "there is no method 'symmetrized'"),
    ],
)
def test_a_method_that_cannot_be_made_is_refused_in_words(text, message):
    with pytest.raises(InputError, match=message):
        method_of(text)


def test_the_listing_shows_wrappers_with_their_brackets_and_checks_in_the_order_of_their_numbers():
    assert "calibrated(METHOD)" in [row[0] for row in listing("methods")[1]]
    codes = [row[0] for row in listing("checks")[1]]
    assert codes.index("B2") < codes.index("B10") and codes.index("I1") < codes.index("I1b")
