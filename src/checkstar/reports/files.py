"""Files: the folder of a report, written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkstar.errors import InputError
from checkstar.reports.html import render_html
from checkstar.reports.junit import render_junit
from checkstar.reports.markdown import render_markdown
from checkstar.reports.model_card import render_model_card
from checkstar.reports.records import plain
from checkstar.reports.reforms import render_reforms

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_files", "write_report"]

_FILES = (
    *("report.html", "audit.json", "junit.xml", "summary.md", "model-card.md", "reforms.md"),
    *("flags.parquet", "flags.fits"),
)


def write_report(record: Mapping[str, Any], flags: pd.DataFrame | None, folder: str | Path) -> Path:
    """Write the report, the record, JUnit, a summary, a model card, a checklist, and flag tables where there are flags.

    Everything is rendered first, then written beside its place, then renamed: a reader never sees half a file.

    Parameters
    ----------
    record : mapping
        What `checkstar.audits.Audit.to_dict` gives.
    flags : DataFrame or None
        One row per test object.
    folder : path
        Created where it does not exist.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If the folder cannot be written; nothing is written then.
    """
    target = Path(folder)
    _prepare(target, _FILES)
    contents = {
        "report.html": render_html(record).encode(),
        "audit.json": _json(record),
        "junit.xml": render_junit(record).encode(),
        "summary.md": render_markdown(record).encode(),
        "model-card.md": render_model_card(record).encode(),
        "reforms.md": render_reforms(record).encode(),
    }
    if flags is not None:
        contents |= {"flags.parquet": _parquet(flags), "flags.fits": _fits(flags)}
    _write(contents, target)
    return target


def write_files(contents: Mapping[str, bytes], folder: Path) -> Path:
    """Write files of a report by name into a folder, all of them whole or none.

    Raises
    ------
    InputError
        If the folder cannot be written; nothing is written then.
    """
    _prepare(folder, tuple(contents))
    _write(contents, folder)
    return folder


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(plain(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _prepare(folder: Path, names: tuple[str, ...]) -> None:
    """Create the folder and try to write in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(8)}"
        probe.touch(exist_ok=False)
        probe.unlink()
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"cannot write the report to {folder}: there is a file in the way; give a folder.") from error
    except OSError as error:
        raise InputError(
            f"cannot write the report to {folder}: {error.strerror or error}; give a folder that you may write to."
        ) from error
    taken = [name for name in names if (folder / name).is_dir()]
    if taken:
        raise InputError(f"cannot write the report to {folder}: {taken[0]} is a folder there; give another folder.")


def _write(contents: Mapping[str, bytes], folder: Path) -> None:
    beside = {name: folder / f".{name}.{secrets.token_hex(4)}" for name in contents}
    try:
        for name, content in contents.items():
            beside[name].write_bytes(content)
        for name, path in beside.items():
            os.replace(path, folder / name)
    except OSError as error:
        raise InputError(
            f"could not write the report to {folder}: {error.strerror or error}; free space there or give another folder."
        ) from error
    finally:
        for path in beside.values():
            path.unlink(missing_ok=True)


def _parquet(flags: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    flags.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _fits(flags: pd.DataFrame) -> bytes:
    """The table as a FITS file: names of letters, digits and underscores that differ by more than case; ASCII text."""
    import pandas as pd
    from astropy.table import Table

    table, taken = Table(), set[str]()
    for column in flags:
        name = re.sub(r"\W", "_", str(column), flags=re.ASCII)[:60] or "column"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        values = flags[column].to_numpy()
        plain_numbers = values.dtype.kind in "biuf"
        table[name] = values if plain_numbers else ["" if pd.isna(v) else _ascii(str(v)) for v in values]
    buffer = io.BytesIO()
    table.write(buffer, format="fits")
    return buffer.getvalue()


def _ascii(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text.encode("ascii", "backslashreplace").decode())
