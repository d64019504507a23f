import { describe, expect, it } from 'vitest';

import { progressLine } from './progress.js';

function watch(isTTY: boolean) {
  let text = '';
  let time = 0;
  const progress = progressLine({ isTTY, write: (more) => (text += more) }, () => time);
  const after = (ms: number, done: number): void => {
    time += ms;
    progress.show({ phase: 'programs', done, total: 9 });
  };
  return { after, clear: progress.clear, text: () => text };
}

describe('progress', () => {
  it('in a log: nothing of a short run, then a line every 15 seconds', () => {
    const log = watch(false);
    log.after(14_000, 1);
    expect(log.text()).toBe('');
    log.after(1_000, 2);
    log.after(100, 3);
    log.after(15_000, 4);
    log.clear();
    expect(log.text()).toBe('programs: 2 of 9\nprograms: 4 of 9\n');
  });

  it('on a terminal: one line, which is gone at the end', () => {
    const terminal = watch(true);
    terminal.after(200, 1);
    terminal.after(10, 2);
    terminal.after(200, 9);
    terminal.clear();
    expect(terminal.text()).toBe('\r\u001b[Kprograms: 1 of 9\r\u001b[Kprograms: 9 of 9\r\u001b[K');
  });
});
