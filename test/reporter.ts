import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends the run with what was not run and why, and with one line `N passed, N failed, N skipped` alone.
 * A part that could not be had is a skipped test with a note; it is listed, so that it never looks like a pass.
 */
export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    const notRun = new Map<string, string[]>();
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) count(test, counts, notRun);
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) counts.failed += 1;
    }
    for (const [because, tests] of notRun)
      console.log(`NOT RUN: ${tests.length} × ${tests[0]}${tests.length > 1 ? ' …' : ''} because ${because}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

function count(
  test: TestCase,
  counts: { passed: number; failed: number; skipped: number },
  notRun: Map<string, string[]>,
): void {
  const result = test.result();
  if (result.state === 'passed') counts.passed += 1;
  else if (result.state === 'failed') counts.failed += 1;
  else {
    counts.skipped += 1;
    const because = (result.state === 'skipped' ? result.note : undefined) ?? 'no reason was given';
    notRun.set(because, [...(notRun.get(because) ?? []), test.fullName]);
  }
}
