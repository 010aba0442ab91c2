"""Every block of README.md, CONTRIBUTING.md and docs/ runs and prints what stands below it.

``python tests/test_docs.py`` writes what the blocks print now into the pages. A block whose output ends with a line
``...`` shows as many first lines as stand there. A block after ``<!-- not run: reason -->`` is left alone.
"""

import ast
import contextlib
import doctest
import importlib.util
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from checkstar import methods

ROOT = Path(__file__).resolve().parents[1]
BUILT = {"_build", "api", "gallery", "_templates"}
DOCS = ROOT / "docs"
WRITTEN = sorted(page for page in DOCS.rglob("*.md") if not BUILT & set(page.relative_to(DOCS).parts))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *WRITTEN]
BLOCK = re.compile(r"^(?P<skip><!-- not run: .+? -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
#: Commands that other tests run: about a minute.
ELSEWHERE = ("checkstar demo",)


class Shown(NamedTuple):
    """One statement or command of a page, how it stands there, what the page says it prints, and what it prints.

    A command may stand without its output; a statement may not.
    """

    prompt: str
    wanted: str
    got: str

    @property
    def agrees(self):
        if self.prompt.startswith("$") and not self.wanted.strip():
            return True
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        return doctest.OutputChecker().check_output(self.wanted, self.got, flags)


def run_page(page):
    """Run the blocks of a page, one after the other in one folder and one namespace; yields its `Shown`."""
    names = {"__name__": "__main__"}
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        kind, text = match["kind"], match["text"]
        if match["skip"]:
            continue
        if kind == "toml":
            Path("audit.toml").write_text(text, encoding="utf-8")
        elif kind == "console":
            yield from _console(text)
        elif kind == "python" and ">>>" in text:
            yield from _examples(text, names)
        elif kind == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, str(page), "exec", dont_inherit=True), names)


def _examples(text, names):
    for example in doctest.DocTestParser().get_examples(text):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(example.source, "<example>", "single", dont_inherit=True), names)
        prompts = (">>> " if i == 0 else "... " for i in range(example.source.count("\n")))
        lines = example.source.splitlines()
        yield Shown(
            "".join(f"{p}{line}".rstrip() + "\n" for p, line in zip(prompts, lines, strict=True)),
            example.want,
            out.getvalue(),
        )


def _console(text):
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, wanted = part.partition("\n")
        if command.startswith("make "):
            target = command.split()[1]
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), command
        elif command.startswith("checkstar ") and not command.startswith(ELSEWHERE):
            yield Shown(f"$ {command}\n", wanted, _run(shlex.split(command)[1:]))


def _run(arguments):
    from checkstar.cli import app

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = app(arguments, prog_name="checkstar", standalone_mode=False)
    assert status in (0, 1, 2, None), f"checkstar {' '.join(arguments)} ended with {status}"
    return out.getvalue()


def make_tables():
    """Small files for the command lines that name them."""
    rng = np.random.default_rng(0)
    truth = rng.gamma(4.0, 0.15, 600)
    table = {"z_spec": truth, "z_phot": truth + 0.05 * rng.standard_normal(600), "z_err": np.full(600, 0.05)}
    pd.DataFrame({**table, "mag_i": 21 + truth, "field": np.arange(600) // 4}).to_parquet("predictions.parquet")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_a_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_tables()
    wrong = [shown for shown in run_page(page) if not shown.agrees]
    assert not wrong, "\n".join(f"{s.prompt}--- the page says\n{s.wanted}\n--- it prints\n{s.got}" for s in wrong)


def _tables():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    return tables


CLAIMS = re.compile(r"(<!-- claims: [^\n]+ -->\n)(.*?)(\n<!-- end -->)", re.DOTALL)


def test_the_table_of_claims_in_the_readme_is_that_of_the_code():
    assert CLAIMS.search((ROOT / "README.md").read_text(encoding="utf-8"))[2] == _tables().readme_claims()


@pytest.mark.parametrize("name", ["claims", "choose", "cures", "declarations", "needs", "catalogue", "power"])
def test_every_generated_table_names_what_the_code_has(name):
    tables = _tables()
    assert tables.TABLES[name]().count("\n") > 3
    used = [page for page in PAGES if f"```{{generated}} {name}\n" in page.read_text(encoding="utf-8")]
    assert len(used) == 1


def test_every_cure_in_the_table_is_at_work_in_its_example_and_none_is_left_out():
    tables = _tables()
    names = {check.name for check in tables.CHECKS}
    for check, cure, example in tables.CURES:
        used = _used((ROOT / "examples" / f"{example}.py").read_text(encoding="utf-8"))
        assert check in names
        assert cure.split(".")[-1] in used, f"{example} does not show {cure}"
    wrappers = {name for name in methods.__all__ if _wraps(getattr(methods, name))}
    assert wrappers <= {cure.split(".")[-1] for _, cure, _ in tables.CURES}


def _used(source):
    """Names in the code of a script, imports left out."""
    nodes = list(ast.walk(ast.parse(source)))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}


def _wraps(item):
    return (
        isinstance(item, type) and issubclass(item, methods.Wrapper) and item not in (methods.Wrapper, methods.Frozen)
    )


def test_every_link_to_a_file_of_the_repository_leads_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+?)(?:#[\w-]*)?\)", BLOCK.sub("", page.read_text(encoding="utf-8"))):
            assert (page.parent / link).exists(), f"{page.relative_to(ROOT)} links to {link}"


def _rewrite(page):
    """The page with what its blocks print now."""
    text = page.read_text(encoding="utf-8")
    for shown in run_page(page):
        if shown.agrees:
            continue
        got = shown.got
        if shown.wanted.rstrip().endswith("\n..."):
            got = "\n".join([*got.splitlines()[: shown.wanted.rstrip().count("\n")], "..."]) + "\n"
        assert shown.prompt + shown.wanted in text, shown.prompt
        text = text.replace(shown.prompt + shown.wanted, shown.prompt + got, 1)
    return CLAIMS.sub(lambda match: match[1] + _tables().readme_claims() + match[3], text)


if __name__ == "__main__":
    for found in PAGES:
        with tempfile.TemporaryDirectory() as scratch:
            os.chdir(scratch)
            make_tables()
            found.write_text(_rewrite(found), encoding="utf-8")
            sys.stdout.write(f"{found.relative_to(ROOT)}\n")
            os.chdir(ROOT)
