import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

/** Rooms read each other's source: no test depends on what was built before. */
const conditions = [
  'keyturn-source',
  // `module` reaches packages that Node loads itself: @opentelemetry/api, which Pulumi's SDK needs, then gives files that Node cannot load.
  ...defaultServerConditions.filter((condition) => condition !== 'module'),
];
const source = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: { name: 'unit', include: ['*/src/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 60_000 },
      },
      {
        ...source,
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
