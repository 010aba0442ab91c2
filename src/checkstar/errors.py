"""The three ways to say no: wrong input, broken contract, does not apply.

"Cannot tell" is none of these: it is a verdict (`checkstar.evidence.Verdict.INCONCLUSIVE`).
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["ContractError", "InputError", "NotApplicable", "unknown_name"]


class InputError(ValueError):
    """What was given cannot be used. The message says what came, what is needed and what to do."""


class ContractError(TypeError):
    """A component (method, problem, check) does not keep the contract of its kind."""


class NotApplicable(Exception):  # noqa: N818 - a state, not an error: the question has no meaning for this subject
    """The question has no meaning for this subject; the message is the reason shown in the report."""


def unknown_name(kind: str, name: str, known: Iterable[object]) -> InputError:
    """Build the one error for a name that does not exist, with the nearest that does.

    Examples
    --------
    >>> str(unknown_name("column", "z_sepc", ["z_spec", "z_phot"]))
    "there is no column 'z_sepc'; did you mean 'z_spec'? Available: z_spec, z_phot."
    """
    names = [str(item) for item in known]
    close = get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    shown = ", ".join(names[:20]) + (f", ... ({len(names)} in all)" if len(names) > 20 else "")
    return InputError(f"there is no {kind} {name!r}{hint} Available: {shown or 'none'}.")
