"""The command line: arguments only. Exit status: 0 PASS, 1 FAIL, 2 INCONCLUSIVE, 3 bad input, 130 interrupted."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from checkstar import candidate_commands, study_commands
from checkstar.errors import ContractError, InputError

if TYPE_CHECKING:
    from checkstar.audits import Audit
    from checkstar.claim_settings import ClaimSettings
    from checkstar.claims import Claim
    from checkstar.runs import Run

__all__ = ["app", "main"]

BAD_INPUT, CRASH, INTERRUPTED, BROKEN_PIPE = 3, 70, 130, 141
_STATUS = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
#: Beside the reports while an audit runs: what --resume goes on from.
JOURNAL = "audit.partial.jsonl"
_HELP = "What may a machine-learned result in astrophysics be used for, and what not?"
_EPILOG = "Exit status: 0 PASS, 1 FAIL, 2 INCONCLUSIVE, 3 bad input."

#: Typer has click built in or beside it, by version; the base of its own exceptions is right in both.
_ClickException: Any = typer.BadParameter.__mro__[2]


class _Commands(TyperGroup):
    """Turns every end of a command into one exit status, and users' mistakes into one line."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (InputError, ContractError) as error:
            raise typer.Exit(_complain(str(error))) from error
        except BrokenPipeError:
            # The reader has gone; without this Python complains once more when it flushes at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from None
        except KeyboardInterrupt:
            sys.stderr.write("checkstar: interrupted\n")
            raise typer.Exit(INTERRUPTED) from None

    def main(self, *args: Any, **kwargs: Any) -> Any:
        standalone = kwargs.pop("standalone_mode", True)
        try:
            kwargs["standalone_mode"] = False
            status = super().main(*args, **kwargs)
        except _ClickException as error:
            # Its own status for wrong usage is 2, which here means INCONCLUSIVE.
            where = error.ctx.command_path if getattr(error, "ctx", None) else "checkstar"
            status = _complain(f"{error.format_message().rstrip('.')}; see {where} --help.")
        except typer.Abort:
            status = INTERRUPTED
        except Exception:  # noqa: BLE001 - a crash of ours must not exit with 1, which means FAIL
            traceback.print_exc()
            status = CRASH
        if standalone:
            sys.exit(status if isinstance(status, int) else 0)
        return status


def _complain(message: str) -> int:
    sys.stderr.write(f"checkstar: error: {message}\n")
    return BAD_INPUT


app = typer.Typer(
    cls=_Commands,
    help=_HELP,
    epilog=_EPILOG,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Entry point of the command `checkstar`."""
    app(prog_name="checkstar")


def _of_claim(help_: str, *names: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help_, metavar=metavar, rich_help_panel="The claim")


def _of_column(help_: str, *names: str, metavar: str = "COLUMN") -> Any:
    return typer.Option(*names, help=help_, metavar=metavar, rich_help_panel="Columns of the table")


Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Write report.html, audit.json and the rest there.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")]
Refit = Annotated[
    bool, typer.Option("--refit", help="Run the checks that fit the method again, too.", rich_help_panel="The work")
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Checks examined side by side.", show_default="one a core", rich_help_panel="The work"),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with a killed audit in the same --out.", rich_help_panel="The work"),
]
Plan = Annotated[
    bool,
    typer.Option(
        "--plan",
        help="Show which checks will run, what decides, and the expected cost; then stop.",
        rich_help_panel="The work",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the machine-readable record as JSON, and nothing else.")]
Use = Annotated[
    str | None,
    _of_claim(
        "What the result will be used for (checkstar list claims). Default: every use.", "--claim", metavar="USE"
    ),
]
NObjects = Annotated[int | None, _of_claim("How many objects are averaged, counted or picked.")]
Tolerance = Annotated[str | None, _of_claim("The largest fault that the science bears: 0.01, or '0.01 dex'.")]
Label = Annotated[str | None, _of_claim("Which label the claim is about, where there are several.")]
PopulationMean = Annotated[float | None, _of_claim("Mean of the population claimed, in the label's unit.")]
PopulationStd = Annotated[float | None, _of_claim("Its standard deviation.")]
PopulationShift = Annotated[
    float | None, _of_claim("Shift of its mean from that of the training set, in the label's unit.")
]
PopulationFile = Annotated[
    str | None, _of_claim("Label values of the population claimed.", "--population", metavar="FILE:COLUMN")
]
Truth = Annotated[str | None, _of_column("True value or class.")]
Predicted = Annotated[str | None, _of_column("Predicted value.")]
Sigma = Annotated[str | None, _of_column("Claimed standard error of the prediction.")]
TruthSigma = Annotated[str | None, _of_column("Standard error of the truth itself.")]
Probabilities = Annotated[
    list[str] | None, _of_column("Class probabilities: 'p_*', or each column (repeatable).", metavar="PATTERN")
]
Group = Annotated[str | None, _of_column("Independent unit that objects share: field, night, cluster, star.")]
Weight = Annotated[str | None, _of_column("Selection weight, 1/P(selected).")]
Meta = Annotated[list[str] | None, _of_column("Look for trends in it (repeatable). Default: all that are left.")]
LabelNames = Annotated[list[str] | None, _of_column("Names of the labels of samples (repeatable).", metavar="NAME")]
Unit = Annotated[str | None, _of_column("Unit of the truth, where the file lacks it.", metavar="UNIT")]


class ListKind(StrEnum):
    """What can be listed."""

    problems = "problems"
    methods = "methods"
    checks = "checks"
    claims = "claims"


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        import checkstar

        typer.echo(f"checkstar {checkstar.__version__}")
    elif ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@app.command()
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the reports.")] = Path("checkstar-demo"),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """The whole job on real stellar spectra: train, compare, audit, report. About a minute; nothing is downloaded."""
    from checkstar.demo import run_demo, show_demo
    from checkstar.settings import require_writable
    from checkstar.terminal import progress_bar, show_json

    require_writable(out)
    with progress_bar() as advance:
        result = run_demo(seed=seed, progress=advance)
    result.save(out)
    if as_json:
        show_json(result.to_dict())
    else:
        show_demo(result, out)


@app.command()
def audit(
    table: Annotated[Path, typer.Argument(help="CSV, Parquet, FITS or ECSV table; samples.npz; or a TOML file.")],
    truth: Truth = None,
    predicted: Predicted = None,
    sigma: Sigma = None,
    truth_sigma: TruthSigma = None,
    probabilities: Probabilities = None,
    group: Group = None,
    weight: Weight = None,
    meta: Meta = None,
    label_names: LabelNames = None,
    unit: Unit = None,
    claim: Use = None,
    n_objects: NObjects = None,
    tolerance: Tolerance = None,
    label: Label = None,
    population: PopulationFile = None,
    population_mean: PopulationMean = None,
    population_std: PopulationStd = None,
    population_shift: PopulationShift = None,
    name: Annotated[str | None, typer.Option(help="What the reports call it.")] = None,
    out: Out = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random. [default: 0]")
    ] = None,
    jobs: Jobs = None,
    resume: Resume = False,
    plan: Plan = False,
    as_json: Json = False,
) -> None:
    """Audit predictions that you already have: what may they be used for?

    Exit status: 0 PASS, 1 FAIL, 2 INCONCLUSIVE, 3 bad input. Without --claim: 0 if they may be used for something, 1 if
    for nothing, 2 otherwise.
    """
    from checkstar.settings import AuditSettings, read_settings

    given = {key: value for key, value in locals().items() if key in AuditSettings.model_fields and key != "table"}
    given.pop("claim")
    settings = read_settings(
        table,
        given,
        _claim_options(
            claim, n_objects, tolerance, label, population, population_mean, population_std, population_shift
        ),
    )
    work = _Work(out=settings.out, seed=settings.seed, jobs=jobs, resume=resume, plan=plan, as_json=as_json)
    _audit_and_show(settings.run, settings.claim, work)


@app.command("run")
def run_method(
    problem: Annotated[
        str, typer.Argument(help="A problem (checkstar list problems), settings in brackets: 'redshifts(survey=sdss)'.")
    ],
    method: Annotated[
        str, typer.Option(help="A method (checkstar list methods), or one around another: 'calibrated(cannon)'.")
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Setting of the method (repeatable).")
    ] = None,
    claim: Use = None,
    n_objects: NObjects = None,
    tolerance: Tolerance = None,
    label: Label = None,
    population: PopulationFile = None,
    population_mean: PopulationMean = None,
    population_std: PopulationStd = None,
    population_shift: PopulationShift = None,
    save_model: Annotated[Path | None, typer.Option(metavar="DIR", help="Save the fitted method there.")] = None,
    out: Out = None,
    seed: Seed = 0,
    refit: Refit = False,
    jobs: Jobs = None,
    resume: Resume = False,
    plan: Plan = False,
    as_json: Json = False,
) -> None:
    """Train a method on a problem and audit what it predicts."""
    from checkstar.claim_settings import read_claim
    from checkstar.components import method_of, parse_settings, problem_of
    from checkstar.runs import run
    from checkstar.settings import require_writable

    options = _claim_options(
        claim, n_objects, tolerance, label, population, population_mean, population_std, population_shift
    )
    claimed = read_claim(options)
    made = method_of(method, parse_settings(set_ or ()))
    question = problem_of(problem)
    if save_model is not None:
        require_writable(save_model)

    def train() -> Any:
        asked = question()
        if claimed is not None:
            claimed.claim(asked.test)  # refuses what does not fit before the work begins
        done = run(asked, made, seed=seed)
        if save_model is not None and done.method is not None:
            done.method.save(save_model)
        return done

    work = _Work(out=out, seed=seed, refit=refit, jobs=jobs, resume=resume, plan=plan, as_json=as_json)
    _audit_and_show(train, claimed, work)


@app.command()
def report(
    record: Annotated[Path, typer.Argument(metavar="AUDIT.JSON", help="An audit.json, or the folder that holds it.")],
    tolerance: Tolerance = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Render a stored audit again, or judge its evidence by another tolerance; needs neither model nor data."""
    from checkstar.audits import Audit
    from checkstar.claim_settings import tolerance_for
    from checkstar.settings import require_writable

    stored = Audit.load(record)
    if tolerance is not None:
        stored = stored.rescored(tolerance_for(stored, tolerance))
    if out is not None:
        require_writable(out)
    _show(stored, out, as_json=as_json)


@app.command()
def power(
    checks: Annotated[list[str] | None, typer.Argument(help="Checks (checkstar list checks). Default: all.")] = None,
    numbers: Annotated[
        list[int] | None, typer.Option("--n", min=2, help="Number of objects to try (repeatable).", metavar="N")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Trials of each number of objects and size of the fault.")] = 500,
    seconds: Annotated[float, typer.Option(min=0.0, help="Time for each of them; slow checks get fewer trials.")] = 4.0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table there, as JSON.")] = None,
    seed: Seed = 0,
    jobs: Jobs = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what --out holds and go on.")] = False,
    stored: Annotated[bool, typer.Option("--shipped", help="Show what the package ships; measure nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Check the checks: how often each finds its planted fault, and how often it raises a false alarm."""
    from checkstar.components import component
    from checkstar.examinations import jobs_of
    from checkstar.power import PowerTable, measure, power_rows, shipped
    from checkstar.terminal import progress_bar, show_json, show_table

    chosen = [component("checks", name).make() for name in checks] if checks else None
    if resume and out is None:
        raise InputError("--resume needs the file of the measurement that was killed; give its --out FILE.")
    if stored:
        names = [check.name for check in chosen] if chosen else list(shipped().checks)
        found = PowerTable(checks={n: m for n, m in shipped().checks.items() if n in names}, made=shipped().made)
    else:
        with progress_bar() as advance:
            found = measure(
                chosen,
                numbers=numbers or None,
                repeats=repeats,
                seconds=seconds,
                seed=seed,
                jobs=jobs_of(jobs),
                path=out,
                resume=resume,
                progress=advance,
            )
    if as_json:
        show_json(found.to_dict())
    else:
        show_table("", *power_rows(found))


@app.command("list")
def list_components(
    kind: Annotated[ListKind, typer.Argument(help="What to list.")],
) -> None:
    """List what can be used by name: problems, methods, checks or claims."""
    from checkstar.components import listing
    from checkstar.terminal import show_table

    show_table("", *listing(kind.value))


study_commands.register(app)
candidate_commands.register(app)


def _claim_options(
    use: str | None,
    n_objects: int | None,
    tolerance: str | None,
    label: str | None,
    population: str | None,
    population_mean: float | None,
    population_std: float | None,
    population_shift: float | None,
) -> dict[str, Any]:
    return {key: value for key, value in locals().items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class _Work:
    """How an audit is done and where it goes."""

    out: Path | None
    seed: int
    refit: bool = False
    jobs: int | None = None
    resume: bool = False
    plan: bool = False
    as_json: bool = False

    @property
    def journal(self) -> Path | None:
        """Where finished checks are kept while the audit runs."""
        return None if self.out is None else self.out / JOURNAL


def _audit_and_show(make_run: Callable[[], Run], claim: ClaimSettings | None, work: _Work) -> None:
    """Everything that can be refused is refused before the work begins."""
    from checkstar.settings import require_writable
    from checkstar.terminal import progress_bar

    if work.out is not None:
        require_writable(work.out)
    elif work.resume:
        raise InputError("--resume needs the folder of the audit that was killed; give its --out DIR.")
    with progress_bar() as advance:
        run = make_run()
        claimed = None if claim is None else claim.claim(run.test)
        from checkstar.audits import audit as examine

        if work.plan:
            _show_plan(run, claimed, work)
        result = examine(
            run,
            claimed,
            refit=work.refit,
            rng=work.seed,
            jobs=work.jobs,
            journal=work.journal,
            resume=work.resume,
            progress=advance,
        )
    _show(result, work.out, as_json=work.as_json)


def _show_plan(run: Run, claim: Claim | None, work: _Work) -> None:
    from checkstar.examinations import plan_table, plan_total
    from checkstar.terminal import say, show_json, show_table

    columns, rows = plan_table(run, claim, refit=work.refit)
    if work.as_json:
        show_json([dict(zip((c.removeprefix(">") for c in columns), row, strict=True)) for row in rows])
    else:
        show_table("", columns, rows)
        say(plan_total(run, claim, refit=work.refit))
    raise typer.Exit(0)


def _show(result: Audit, out: Path | None, *, as_json: bool) -> None:
    """Save, print, and end with the status that the verdict has."""
    from checkstar.terminal import say, show_audit

    if out is not None:
        result.save(out)
        (out / JOURNAL).unlink(missing_ok=True)
    show_audit(result, as_json=as_json)
    if out is not None and not as_json:
        say(f"\nreport: {out / 'report.html'}")
    sys.stdout.flush()
    raise typer.Exit(_STATUS[result.verdict.value])
