"""Command line of the generator: `python -m tests.samples [--out DIR] [--golden DIR] [--years N] [--scale N]`.

With no options it writes the demonstration and the files to try into `raw_samples/`, and the golden files into
`tests/golden/`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.submissions.listed_assessments import FILE
from tests.samples import arrivals, assessments, questionnaire, trying
from tests.support.paths import ROOT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.samples", description="Write the demonstration returns.")
    parser.add_argument("--out", type=Path, help="folder to write to (default: raw_samples, with golden files)")
    parser.add_argument("--golden", type=Path, help="folder for golden files (default with no --out: tests/golden)")
    parser.add_argument("--years", type=int, default=4, help="years of returns up to 2026-Q3 (default: 4)")
    parser.add_argument("--scale", type=int, default=1, help="editions of every return (default: 1)")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--only", nargs="*", help="codes of territories (default: all)")
    options = parser.parse_args()
    whole = options.years == 4 and options.scale == 1 and options.seed == 2026 and not options.only
    if options.out is None and not whole:
        parser.error("raw_samples holds the whole demonstration only; name another folder with --out")
    golden = options.golden or (ROOT / "tests" / "golden" if options.out is None else None)
    returns = arrivals.make_editions(options.seed, options.scale, options.only, options.years)
    written = arrivals.write_returns(returns, options.out or ROOT / "raw_samples", golden)
    if options.out is None:
        trying.write_try_files(ROOT / "raw_samples")
        path = ROOT / "raw_samples" / FILE
        path.write_text(assessments.assessments_csv(options.seed), encoding="utf-8")
        path = ROOT / "raw_samples" / questionnaire.FILE
        path.write_text(questionnaire.rounds_csv(options.seed), encoding="utf-8")
    print(f"{len(written)} returns, {sum(len(sample.data) for sample in written):,} bytes")


if __name__ == "__main__":
    main()
