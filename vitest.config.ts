import { defineConfig } from 'vitest/config';

const heavy = ['test/integration/**', 'test/oracle/**', 'test/vm/**'];
/** Whole commands many times over, damage at every place, real time that passes: more than two thirds of the time of all unit tests. */
const long = [
  'test/boot/run-boot.test.ts',
  'test/cli/{auroraboot,compression,kairos-agent,verify}.test.ts',
  'test/image/compression/piece-encoders.test.ts',
  'test/image/damaged-image.test.ts',
  'test/image/erofs/{compressed-round-trip,damaged-image}.test.ts',
  'test/image/squashfs/hostile-image.test.ts',
  'test/node/download/partial-file.test.ts',
  'test/node/lifecycle/{change,download}-extension.test.ts',
  'test/platform/scratch-file.test.ts',
  'test/source/registry/read-blob.test.ts',
];

/** A project per cost of what it needs; see test/README.md. */
export default defineConfig({
  test: {
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...heavy, ...long, 'node_modules/**'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'long',
          include: long,
          // Some run the commands many times, which takes long on a machine that has other things to do.
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'oracle',
          include: ['test/oracle/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
