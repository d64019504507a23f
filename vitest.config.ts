import { defineConfig } from 'vitest/config';

const resolve = { conditions: ['keyturn-source'] };
const ssr = {
  resolve: {
    conditions: ['keyturn-source', 'node', 'import', 'default'],
    externalConditions: ['node', 'import', 'default'],
  },
};

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: { name: 'unit', include: ['*/src/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 60_000 },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
    globalSetup: ['./test/build.ts'],
    reporters: ['default', './test/reporter.ts'],
    maxWorkers: 2,
  },
});
