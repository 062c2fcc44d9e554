/** Adds up Vitest's JSON reports and prints the closing line `N passed, N failed`. A run that tested nothing is a failure. */
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  /** A file that could not be loaded fails without a test. */
  readonly numFailedTestSuites: number;
  readonly success: boolean;
}

const reports = process.argv.slice(2).map((file): Report => JSON.parse(readFileSync(file, "utf8")));
const sum = (count: (report: Report) => number) => reports.reduce((total, report) => total + count(report), 0);

const passed = sum((report) => report.numPassedTests);
const skipped = sum((report) => report.numPendingTests);
const broken = reports.filter((report) => !report.success && report.numFailedTests === 0).length;
const failed = sum((report) => report.numFailedTests) + broken;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
