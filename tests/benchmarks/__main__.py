"""``python -m tests.benchmarks``: both products side by side; prints a table, writes JSON, Markdown and plots."""

import argparse
import dataclasses
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from .campaign import MEASURES, Campaign, Options
from .content import Trace, read_trace, synthetic_trace
from .plots import draw
from .products import JupyterCollab, JupyterCollaboration, Product
from .report import complaints, rounds, table, targets

__all__ = ["main"]

_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_PRODUCTS = (JupyterCollab.name, JupyterCollaboration.name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--trace", type=Path, help="an editing trace, gzipped JSON; a synthetic one without it")
    parser.add_argument(
        "--peer-python", help="the python of an environment with jupyter-collaboration; made without it"
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks-out"), help="where the results go")
    parser.add_argument("--quick", action="store_true", help="a few small runs, to see that everything works")
    parser.add_argument("--only", action="append", choices=MEASURES, help="only this measure; may be repeated")
    parser.add_argument("--keep", action="store_true", help="keep the other measures' results that are in --out")
    parser.add_argument("--product", action="append", choices=_PRODUCTS, help="only this product; may be repeated")
    parser.add_argument("--people", type=int, nargs="+", help="sizes of the room")
    parser.add_argument("--edits-per-second", type=float, help="in all, in a room")
    parser.add_argument("--seconds", type=float, dest="fanout_seconds", help="of typing in a run")
    parser.add_argument("--rounds", type=int, help="runs of everything but the trace")
    parser.add_argument("--ingest-edits", type=int, help="only the first so many edits of the trace")
    parser.add_argument(
        "--ingest-timeout-seconds", type=float, help="after so long a product is asked how much of the trace it has"
    )
    parser.add_argument("--docs", type=Path, help="the folder of benchmarks.md, to put the results there")
    return parser


def _options(arguments: argparse.Namespace) -> Options:
    options = Options.quick() if arguments.quick else Options()
    given = {name: getattr(arguments, name, None) for name in Options.__dataclass_fields__}
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if value
    }
    return dataclasses.replace(options, **changes)


def _trace(path: Path | None) -> Trace:
    return read_trace(path) if path is not None else synthetic_trace()


def _peer_python(given: str | None, out: Path) -> str:
    """An interpreter that has jupyter-collaboration: the one given, or one in an environment made under ``out``."""
    if given is not None:
        path = Path(given)
        return str(path / "bin" / "python" if path.is_dir() else path)
    home = out / "peer"
    python = home / "bin" / "python"
    if not python.exists():
        print(f"making an environment with jupyter-collaboration in {home}")
        venv.create(home, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "jupyter-collaboration"], check=True)
    return str(python)


def main() -> int:
    """Run it. The exit status says whether everything ran, not whether a target was reached."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended as well
    out: Path = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    options = _options(arguments)
    trace = _trace(arguments.trace).prefix(options.ingest_edits)
    print(f"trace: {trace.name}" + ("" if arguments.trace else " (no --trace given: this one is made up)"))
    wanted = arguments.product or list(_PRODUCTS)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        products: list[Product] = []
        if JupyterCollaboration.name in wanted:
            products.append(JupyterCollaboration(_peer_python(arguments.peer_python, out), Path(scratch)))
        if JupyterCollab.name in wanted:
            products.append(JupyterCollab(Path(scratch)))
        campaign = Campaign(options, products, trace, out / "benchmarks.json")
        measures = tuple(arguments.only or MEASURES)
        if arguments.keep:
            campaign.keep(measures)
        campaign.run(measures)
    _publish(campaign, out)
    if arguments.docs is not None:
        _document(campaign, out, arguments.docs)
    return 0


def _publish(campaign: Campaign, out: Path) -> None:
    text = table(campaign.runs)
    (out / "benchmarks.md").write_text(text + "\n")
    print(f'\nMedians over the rounds; "times better" above 1 is in favour of jupyter_collab.\n\n{text}\n')
    for target, reached in targets(campaign.runs):
        print(f"{'reached' if reached else 'MISSED '}  {target}")
    for complaint in complaints(campaign.runs):
        print(f"note     {complaint}")
    files = [out / "benchmarks.json", out / "benchmarks.md", *draw(campaign.runs, out)]
    print("written:", ", ".join(str(file) for file in files))


def _document(campaign: Campaign, out: Path, docs: Path) -> None:
    """Put the results between the marks in ``benchmarks.md``, and the plot beside it."""
    page = docs / "benchmarks.md"
    before, rest = page.read_text().split(_BEGIN)
    _, after = rest.split(_END)
    about = f"{campaign.about()} Rounds: {rounds(campaign.runs)}."
    results = f"{about}\n\n![The same in pictures](benchmarks.svg)\n\n{table(campaign.runs)}\n"
    page.write_text(f"{before}{_BEGIN}\n{results}{_END}{after}")
    shutil.copy(out / "benchmarks.svg", docs / "benchmarks.svg")


if __name__ == "__main__":
    sys.exit(main())
