import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/image/extension/version-compare.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';

const PAIRS = 10_000;
/** Processes at a time: every pair costs systemd-analyze one. */
const LANES = 4;
const SEED = 257;

/** Names as people give them, and the characters where the comparison turns; no white space, which separates the output. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'~~-^.'), minLength: 1, maxLength: 4 }),
  fc.string({ unit: fc.constantFrom(...'~-^.~-^.012009abAZ_+:ü'), maxLength: 10 }),
  fc
    .array(fc.constantFrom('1', '01', '10', 'a', 'ab', 'A', '~', '-', '^', '.', '_', '+', '~é', 'rc1'), {
      maxLength: 8,
    })
    .map((parts) => parts.join('')),
);
/** Pairs that differ late, as well as pairs that have nothing in common. */
const pair = fc.oneof(
  fc.tuple(name, name),
  fc.tuple(name, name, name).map(([start, a, b]) => [start + a, start + b] as [string, string]),
);

const SIGNS = new Map([
  ['<', -1],
  ['==', 0],
  ['>', 1],
]);

describe('version comparison', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp('/var/tmp/kairos-sysext-oracle-');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it(`agrees with systemd-analyze compare-versions on ${PAIRS} random pairs`, async () => {
    const pairs = fc.sample(pair, { seed: SEED, numRuns: PAIRS });
    const share = Math.ceil(pairs.length / LANES);
    const lanes = Array.from({ length: LANES }, (_, lane) => pairs.slice(lane * share, (lane + 1) * share));
    await Promise.all(
      lanes.map((lane, index) =>
        writeFile(join(directory, `pairs-${index}`), lane.map(([a, b]) => `${a}\0${b}\0`).join('')),
      ),
    );
    // systemd-analyze ends with status 11 or 12 when names differ, which makes xargs end with 123.
    const compare =
      'xargs -0 -n 2 systemd-analyze -- compare-versions <"pairs-$lane" >"answers-$lane" 2>errors';
    const numbers = lanes.map((_, index) => index).join(' ');
    await mustRunInSystemdRoot(directory, [
      'sh',
      '-c',
      `for lane in ${numbers}; do (${compare} || [ $? = 123 ]) & done; wait`,
    ]);

    const different: string[] = [];
    for (const [index, lane] of lanes.entries()) {
      const answers = (await readFile(join(directory, `answers-${index}`), 'utf8')).trimEnd().split('\n');
      expect(answers).toHaveLength(lane.length);
      for (const [at, [a, b]] of lane.entries()) {
        const sign = SIGNS.get(answers[at]!.split(' ')[1]!);
        if (sign !== compareVersions(a, b)) {
          different.push(`${answers[at]}; here it is ${compareVersions(a, b)}`);
        }
      }
    }
    expect(different).toEqual([]);
    expect(new Set(pairs.map(([a, b]) => compareVersions(a, b)))).toEqual(new Set([-1, 0, 1]));
  });
});
