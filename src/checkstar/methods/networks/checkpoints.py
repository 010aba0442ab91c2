"""Checkpoints: a training as tensors and plain values in one safetensors file; nothing is pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from checkstar.data.files import replacing
from checkstar.errors import InputError

__all__ = ["Checkpoint", "read_checkpoint", "write_checkpoint"]

Tensors = dict[str, Any]


class Checkpoint(NamedTuple):
    """Tensors by name, and a record of plain values."""

    tensors: Tensors
    record: dict[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write beside the file and rename, so that a kill leaves the last checkpoint or the one before, never half of one."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    with replacing(path) as fresh:
        save_file(tensors, fresh, metadata={"record": json.dumps(checkpoint.record)})


def read_checkpoint(path: Path, about: str) -> Checkpoint:
    """Read what `write_checkpoint` wrote.

    Parameters
    ----------
    about : str
        What the record must say under "about": the training that it belongs to.

    Raises
    ------
    InputError
        If the file is no checkpoint or belongs to another training.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            record = json.loads((file.metadata() or {})["record"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no checkpoint of a training ({error}); remove it or give another file.") from error
    if record.get("about") != about:
        raise InputError(
            f"{path} is the checkpoint of a training with other settings or data; remove it or give another file."
        )
    return Checkpoint(tensors, record)
