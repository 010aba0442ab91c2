"""Audit: the evidence of all checks for a claim, one verdict, the limits of use; or the table of uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from checkstar import provenance
from checkstar.checks import Check, default_checks
from checkstar.claims import JOINT, USES, Claim, Population, Shift, Use
from checkstar.errors import InputError
from checkstar.evidence import ALPHA, Evidence, Limit, Verdict, decide, holm
from checkstar.examinations import Examiner, Planned, Progress, fingerprint, jobs_of, plan
from checkstar.journals import Journal
from checkstar.runs import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCHEMA_VERSION", "Audit", "Judgement", "Planned", "audit", "plan"]

SCHEMA_VERSION = 1

#: The uses judged for each kind of task where no claim is made.
_USES_OF_TASK: dict[str, tuple[Use, ...]] = {
    "regression": ("ranking", "object_value", "object_interval", "population_mean", "posterior", "anomaly"),
    "classification": ("ranking", "classification", "anomaly"),
}

#: What must be given before a use of all labels together is judged without being claimed.
_GIVEN: dict[Use, Callable[[Run], bool]] = {
    "posterior": lambda run: "samples" in run.gives,
    "anomaly": lambda run: run.scope.declares("novelties"),
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict on one claim with the evidence that decided it."""

    claim: Claim
    evidence: tuple[Evidence, ...]

    @property
    def deciding(self) -> tuple[Evidence, ...]:
        """Evidence that decides and has a meaning for this run."""
        return tuple(e for e in self.evidence if e.deciding and e.verdict is not Verdict.NOT_APPLICABLE)

    @property
    def upheld(self) -> tuple[Evidence, ...]:
        """Deciding failures that survive Holm's correction over the deciding checks."""
        ran = [e for e in self.deciding if e.verdict.ran]
        adjusted = holm([e.p_fail for e in ran])
        return tuple(e for e, p in zip(ran, adjusted, strict=True) if e.verdict is Verdict.FAIL and p <= ALPHA)

    @property
    def verdict(self) -> Verdict:
        """FAIL if a deciding check fails (Holm-corrected), PASS if every one passes, INCONCLUSIVE otherwise."""
        if self.upheld:
            return Verdict.FAIL
        if self.deciding and all(e.verdict is Verdict.PASS for e in self.deciding):
            return Verdict.PASS
        return Verdict.INCONCLUSIVE

    @property
    def coverage(self) -> dict[str, int]:
        """How many of the deciding checks ran."""
        return {
            "deciding": len(self.deciding),
            "ran": sum(e.verdict.ran for e in self.deciding),
            "passed": sum(e.verdict is Verdict.PASS for e in self.deciding),
            "failed": len(self.upheld),
        }

    @property
    def missing(self) -> tuple[str, ...]:
        """What to give, or how many more objects, so that an undecided claim can be decided; empty for a decided one."""
        wanted: dict[str, None] = {}
        for e in self.deciding if self.verdict is Verdict.INCONCLUSIVE else ():
            for item in e.missing:
                wanted[item] = None
            if e.verdict is Verdict.INCONCLUSIVE and e.n_needed is not None:
                wanted[f"about {e.n_needed:,.0f} independent test objects instead of {e.n:,.0f} ({e.check})"] = None
            elif e.verdict is Verdict.INCONCLUSIVE:
                wanted[f"more test objects ({e.check}: the fault is too near its limit to say how many)"] = None
        return tuple(wanted)

    @property
    def limits_of_use(self) -> tuple[Limit, ...]:
        """Measured limits of use, from all evidence."""
        return tuple(limit for e in self.evidence for limit in e.limits_of_use)

    @property
    def headline(self) -> str:
        """One sentence: what was decided, by what."""
        coverage = self.coverage
        ran = f"{coverage['ran']} of {coverage['deciding']} deciding checks ran"
        verdict = self.verdict
        if verdict is Verdict.FAIL:
            return f"{self.upheld[0].reason} ({ran})"
        if verdict is Verdict.PASS:
            return f"every deciding check passed ({ran})"
        undecided = next((e for e in self.deciding if e.verdict is not Verdict.PASS), None)
        meaningless = next((e for e in self.evidence if e.deciding), None)
        shown = undecided or meaningless
        return f"{shown.reason if shown else 'none of the checks that were run decides this claim'} ({ran})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "claim": self.claim.to_dict(),
            "sentence": self.claim.sentence(),
            "question": USES[self.claim.use].question,
            "verdict": self.verdict.value,
            "headline": self.headline,
            "coverage": self.coverage,
            "missing": list(self.missing),
            "limits_of_use": [limit for e in self.evidence for limit in e.to_dict()["limits_of_use"]],
            "evidence": [e.to_dict() for e in self.evidence],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Judgement:
        """Read back what `to_dict` gave."""
        fields = dict(stored["claim"])
        population = fields.pop("population")
        kind = Shift if population is not None and "by" in population else Population
        claim = Claim(**fields, population=None if population is None else kind(**population))
        return cls(claim=claim, evidence=tuple(Evidence.from_dict(item) for item in stored["evidence"]))


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Verdicts on one claim, or on all the claims that the data allow (the table of uses).

    Attributes
    ----------
    judgements : tuple of Judgement
        One for a claim; one a use and label for the table of uses.
    is_table : bool
        Whether no claim was made.
    subject, environment : dict
        What was audited (hashes, settings, costs) and where.
    flags : DataFrame or None
        One row per test object; None in an audit read back from JSON.
    """

    judgements: tuple[Judgement, ...]
    is_table: bool
    subject: dict[str, Any]
    environment: dict[str, Any]
    flags: pd.DataFrame | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict on the claim; of a table of uses PASS if it may be used for something."""
        verdicts = {j.verdict for j in self.judgements}
        if Verdict.PASS in verdicts:
            return Verdict.PASS
        return Verdict.FAIL if verdicts == {Verdict.FAIL} else Verdict.INCONCLUSIVE

    def to_dict(self) -> dict[str, Any]:
        """The one record, as in `audit.json` (schema: `checkstar/reports/audit.schema.json`)."""
        stored = [j.to_dict() for j in self.judgements]
        single = None if self.is_table else stored[0]
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict.value,
            "claim": single["claim"] if single else None,
            "sentence": single["sentence"] if single else None,
            "headline": single["headline"] if single else _headline_of_table(self.judgements),
            "coverage": single["coverage"] if single else _coverage_of_table(self.judgements),
            "missing": single["missing"] if single else [],
            "limits_of_use": single["limits_of_use"] if single else _limits_of_table(stored),
            "evidence": single["evidence"] if single else [],
            "uses": [] if single else stored,
            "subject": self.subject,
            "environment": self.environment,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Audit:
        """Read back an audit from `audit.json`.

        Raises
        ------
        InputError
            If it is not an audit, or of another schema version.
        """
        version = stored.get("schema_version") if isinstance(stored, Mapping) else None
        if version != SCHEMA_VERSION:
            raise InputError(
                f"this is not an audit of schema version {SCHEMA_VERSION} (found {version!r}); "
                "give an audit.json written by this version of checkstar."
            )
        try:
            judgements = tuple(Judgement.from_dict(item) for item in stored["uses"] or [stored])
            audit = cls(
                judgements=judgements,
                is_table=stored["claim"] is None,
                subject=dict(stored["subject"]),
                environment=dict(stored["environment"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"the audit is damaged ({type(error).__name__}: {error}); make it again.") from error
        _require_unaltered(audit, stored)
        return audit

    @classmethod
    def load(cls, path: str | Path) -> Audit:
        """Read an `audit.json`, or the folder that holds it."""
        file = Path(path)
        file = file / "audit.json" if file.is_dir() else file
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(
                f"cannot read {file}: {error.strerror or error}; give the path of an audit.json."
            ) from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file} is not JSON ({error}); give the path of an audit.json.") from error
        return cls.from_dict(stored)

    def rescored(self, tolerance: float) -> Audit:
        """The same evidence judged against another tolerance; no model and no data are needed.

        Raises
        ------
        InputError
            For a table of uses, whose claims have tolerances in different units.
        """
        if self.is_table:
            raise InputError(
                "this audit is a table of uses, with tolerances in different units; re-score the audit of one claim."
            )
        old = self.judgements[0]
        if old.claim.use == "population_mean" and old.claim.tolerance is None and old.claim.n_objects is not None:
            raise InputError(
                "this audit was made without a tolerance and did not count the scatter of the claimed number of objects; "
                "audit again with a tolerance."
            )
        claim = replace(old.claim, tolerance=tolerance)
        evidence = tuple(e.rejudged(tolerance) for e in old.evidence)
        return replace(self, judgements=(Judgement(claim=claim, evidence=evidence),))

    def save(self, folder: str | Path) -> Path:
        """Write the report, the record, JUnit, a summary, a model card, a checklist and, where there are objects, flags.

        Each file is written beside its place and then renamed, so a reader never sees half of one.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        from checkstar.reports import write_report

        return write_report(self.to_dict(), self.flags, Path(folder))

    def _repr_html_(self) -> str:
        from checkstar.reports import render_fragment

        return render_fragment(self.to_dict())

    def __repr__(self) -> str:
        from checkstar.reports import render_text

        return render_text(self.to_dict())


def audit(
    run: Run,
    claim: Claim | Use | None = None,
    *,
    checks: Iterable[Check] | None = None,
    refit: bool = False,
    rng: int = 0,
    jobs: int | None = None,
    journal: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Audit:
    """What may the result be used for?

    Parameters
    ----------
    run : Run
    claim : Claim or str, optional
        What the result will be used for. Without one, every claim that the data allow is judged, at conventional
        tolerances: the table of uses.
    checks : iterable of Check, optional
        By default all (`checkstar.checks.default_checks`).
    refit : bool
        Whether the default checks include those that fit the method again.
    rng : int
        Seed of redrawn data and resampling; the same seed gives the same audit.
    jobs : int, optional
        Checks examined side by side; by default one a core.
    journal : path, optional
        File in which evidence is kept as each check ends; delete it once the audit is saved.
    resume : bool
        Go on from the journal of an audit that was killed; finished checks are not repeated.
    progress : callable, optional
        ``progress(name, done, total)`` whenever a check begins or ends.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        If the claim does not fit the run (its label, its unit, its task), the run failed, or the journal is that of
        another audit; or what the run's scope declares is observed otherwise than the test objects.
    """
    chosen = default_checks(refit=refit) if checks is None else tuple(checks)
    if not isinstance(run, Run):
        raise InputError(f"audit got a {type(run).__name__}; give a Run, made by run(), Run.of() or Run.from_table().")
    if rng < 0:
        raise InputError(f"the seed is {rng}; give an integer that is not negative.")
    if run.failure:
        raise InputError(f"the run of {run.name} failed and cannot be audited: {run.failure}")
    run.scope.require_like(run.test)
    claims = _claims_of(run) if claim is None else (_fitting(claim if isinstance(claim, Claim) else Claim(claim), run),)
    work = [(c, check) for c in claims for check in chosen if claim is not None or check.decides(c)]
    before = run.costs.objects_predicted
    kept = None if journal is None else Journal(Path(journal), fingerprint(run, rng))
    examiner = Examiner(run, rng, jobs=jobs_of(jobs), journal=kept)
    if resume:
        examiner.resume()
    found: dict[Claim, list[Evidence]] = {c: [] for c in claims}
    for (c, check), evidence in zip(work, examiner.examine_all(work, progress), strict=True):
        found[c].append(replace(evidence, deciding=check.decides(c)))
    judgements = tuple(Judgement(claim=c, evidence=_ordered(found[c])) for c in claims)
    run.costs.audit_calls = (run.costs.objects_predicted - before) / len(run.test)
    return Audit(
        judgements=judgements,
        is_table=claim is None,
        subject=run.subject(),
        environment=provenance.environment(rng),
        flags=_flag_table(run, judgements),
    )


def _require_unaltered(audit: Audit, stored: Mapping[str, Any]) -> None:
    """Raise where the stored verdicts do not follow from the stored numbers."""
    for judgement in audit.judgements:
        for e in judgement.evidence:
            claimed = {p.limit for p in e.parts if p.of_tolerance and p.limit_kind == "claim"}
            if (e.parts and decide(e.parts)["verdict"] is not e.verdict) or claimed - {judgement.claim.tolerance}:
                raise InputError(
                    f"the audit was altered: the verdict or the limit of {e.check!r} does not follow from its numbers; "
                    "make it again."
                )
    if stored["verdict"] != audit.verdict.value:
        raise InputError(
            f"the audit was altered: it says {stored['verdict']!r} but its evidence says {audit.verdict.value}; make it again."
        )


def _claims_of(run: Run) -> tuple[Claim, ...]:
    uses = _USES_OF_TASK[run.test.task]
    single = [use for use in uses if use not in JOINT]
    of_labels = [Claim(use, label=label, unit=run.test.units.get(label)) for label in run.labels for use in single]
    return (*of_labels, *(Claim(use) for use in uses if use in JOINT and _GIVEN[use](run)))


def _fitting(claim: Claim, run: Run) -> Claim:
    """The claim with its label named and its tolerance in the label's unit."""
    if claim.use not in _USES_OF_TASK[run.test.task]:
        allowed = ", ".join(_USES_OF_TASK[run.test.task])
        raise InputError(
            f"the claim {claim.use!r} is not made of {run.test.task} results; claims for these: {allowed}."
        )
    if claim.use in JOINT and claim.label is None:
        return replace(claim, **_converted(claim, ""))
    view = run.view(claim.label)
    return replace(claim, label=view.name, **_converted(claim, view.unit))


def _converted(claim: Claim, unit: str) -> dict[str, Any]:
    if claim.unit is None or claim.tolerance is None or claim.unit == unit:
        return {"unit": unit or None}
    if claim.use not in ("object_value", "population_mean"):
        raise InputError(
            f"the tolerance of {claim.use!r} is a pure number ({USES[claim.use].tolerance}); drop the unit {claim.unit!r}."
        )
    from astropy import units

    try:
        tolerance = float(units.Quantity(claim.tolerance, claim.unit).to_value(unit))
    except (ValueError, TypeError, units.UnitConversionError) as error:
        why = str(error).split(".")[0].splitlines()[0]
        has = f"is in {unit!r}" if unit else "has no unit"
        raise InputError(
            f"the tolerance is in {claim.unit!r} but {claim.label or 'the label'} {has} ({why}); give it in the label's unit."
        ) from error
    return {"unit": unit, "tolerance": tolerance}


def _ordered(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Deciding evidence first, otherwise as planned."""
    return tuple(sorted(evidence, key=lambda e: not e.deciding))


def _headline_of_table(judgements: Sequence[Judgement]) -> str:
    def names(verdict: Verdict) -> str:
        chosen = [
            j.claim.use if j.claim.label is None else f"{j.claim.use} of {j.claim.label}"
            for j in judgements
            if j.verdict is verdict
        ]
        return ", ".join(chosen) or "nothing that was tested"

    return (
        f"may be used for: {names(Verdict.PASS)}; may not be used for: {names(Verdict.FAIL)}; "
        f"could not be decided: {names(Verdict.INCONCLUSIVE)}"
    )


def _coverage_of_table(judgements: Sequence[Judgement]) -> dict[str, int]:
    total = {"deciding": 0, "ran": 0, "passed": 0, "failed": 0}
    for judgement in judgements:
        for name, number in judgement.coverage.items():
            total[name] += number
    return total


def _limits_of_table(stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Limits of all uses, each once."""
    unique = {json.dumps(limit, sort_keys=True): limit for item in stored for limit in item["limits_of_use"]}
    return list(unique.values())


def _flag(name: str) -> str:
    return name if name.startswith("flag_") else f"flag_{name}"


def _flag_table(run: Run, judgements: Sequence[Judgement]) -> pd.DataFrame:
    """One row per test object: its name, predictions, one column a flag, and all flags as a bit mask.

    Boolean columns of the metadata are flags too: what was found when the data were cleaned.
    """
    import pandas as pd

    columns: dict[str, Any] = {"row": np.arange(len(run.test))}
    for name in ("id", "name", "object_id", "objid"):
        if name in run.test.meta:
            columns[name] = run.test.meta[name].to_numpy()
    if run.test.task == "regression":
        mean, std = run.prediction.mean(), run.prediction.std()
        for i, label in enumerate(run.labels):
            columns[f"{label}_predicted"] = mean[:, i]
            if not np.isnan(std[:, i]).all():
                columns[f"{label}_sigma"] = std[:, i]
    meta = run.test.meta
    flags = {_flag(str(name)): meta[name].to_numpy() for name in meta if meta[name].dtype == bool}
    for judgement in judgements:
        for evidence in judgement.evidence:
            flags.update({f"flag_{name}": np.asarray(values, dtype=bool) for name, values in evidence.flags.items()})
    mask = np.zeros(len(run.test), dtype=np.int64)
    for bit, values in enumerate(flags.values()):
        mask |= values.astype(np.int64) << bit
    return pd.DataFrame({**columns, **flags, "flags": mask})
