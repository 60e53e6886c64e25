import { join } from 'node:path';
import { veritysetupOf } from './cut-partitions.ts';
import { type Command, type Pairs, peak, runPairs, seconds, speedRatio } from './pairs.ts';
import type { Bench } from './setting.ts';

/** Verifying the largest image against `veritysetup verify`, and what is done without reading all of it against a mere start. */
export interface VerifyResult {
  readonly description: string;
  readonly full: Pairs;
  readonly quick: Pairs;
  readonly inspect: Pairs;
}

/** Both sides of every pair have the same two processors. */
const ON_TWO_CORES: Command = ['taskset', '--cpu-list', '0,1'];

/** Verifies and inspects an image that was built before. */
export async function compareVerification(
  description: string,
  image: string,
  { directory, auroraboot, certificate, runs }: Bench,
): Promise<VerifyResult> {
  const veritysetup = await veritysetupOf(image, join(directory, 'cut'));
  const verify = [auroraboot, 'verify', '--quiet', '--certificate', certificate];
  const start = [...ON_TWO_CORES, auroraboot, '--version'];
  const pairs = (name: string, ours: Command, theirs: Command): Promise<Pairs> =>
    runPairs(name, [...ON_TWO_CORES, ...ours], theirs, runs, directory);
  return {
    description,
    full: await pairs('verify', [...verify, image], [...ON_TWO_CORES, ...veritysetup]),
    quick: await pairs('verify --quick', [...verify, '--quick', image], start),
    inspect: await pairs('inspect', [auroraboot, 'inspect', '--quiet', image], start),
  };
}

/** The results as a section of the report. */
export function verifyReport({ description, full, quick, inspect }: VerifyResult): string[] {
  const row = (name: string, pairs: Pairs, ratio: string): string =>
    `| ${[name, seconds(pairs.ours), seconds(pairs.theirs), ratio, peak(pairs.ours)].join(' | ')} |`;
  return [
    '## Verifying and inspecting',
    '',
    `The signed image of ${description}, on two processors: \`auroraboot verify\`, packaged, against \`veritysetup verify\`, which checks the`,
    'hash tree and the data alone; `--quick` and `inspect`, which do not read all data, against `auroraboot --version`, the mere start.',
    '',
    '| command | ours, s | the other, s | ratio | our peak, MB |',
    '|---|---|---|---|---|',
    row('verify', full, speedRatio(full)),
    row('verify --quick', quick, '–'),
    row('inspect', inspect, '–'),
  ];
}
