"""`python -m tests.records [DRAWS]`: how the estimators recover known delays and outcomes, as tables."""

from __future__ import annotations

import sys

from tests.records.recovery import CONVICTED, measure_quantiles, measure_ratios, measure_share_coverage


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(f"Time to decision in days, {draws} draws a line; coverage is nominally 95 %\n")
    print("| mean delay | cases | quantile | truth | finished only | Kaplan-Meier | reached | covers | by person |")
    print("|--:|--:|---|--:|--:|--:|--:|--:|--:|")
    for mean in (240.0, 700.0):
        for cases in (15, 40, 150):
            for row in measure_quantiles(cases, mean, draws, seed=20260930):
                print(
                    f"| {mean:.0f} | {row.cases} | {row.name} | {row.truth:.0f} | {row.finished_only:.0f} "
                    f"| {row.estimate:.0f} | {row.reached:.0%} "
                    f"| {row.covered_by_case:.1%} | {row.covered_by_person:.1%} |"
                )
    print("\nLimits of a share of persons, nominally 95 %\n")
    print("| cases | truth | within a case | covers | by person |\n|--:|--:|---|--:|--:|")
    for cases in (8, 15, 40, 150):
        for truth in (0.72, 0.1):
            for alike in (True, False):
                coverage = measure_share_coverage(cases, truth, alike, 4 * draws, seed=20260930)
                words = "the same outcome" if alike else "independent"
                print(f"| {cases} | {truth} | {words} | {coverage.by_case:.1%} | {coverage.by_person:.1%} |")
    print(f"\nConviction ratio, truth {CONVICTED}\n")
    print("| seed | convicted over indicted of 2025 | cohorts after 8 quarters, of the decided | 95 % | persons |")
    print("|--:|--:|--:|---|--:|")
    for seed in range(1, 11):
        ratio = measure_ratios(seed)
        print(
            f"| {seed} | {ratio.period:.2f} | {ratio.cohort:.2f} | {ratio.cohort_low:.2f} to {ratio.cohort_high:.2f} "
            f"| {ratio.persons} |"
        )


if __name__ == "__main__":
    main()
