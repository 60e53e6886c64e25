import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './measure.ts';
import type { Bench } from './setting.ts';

/** Images in the store that is listed. */
const IMAGES = 100;

/** Starts of a program take milliseconds: many of them are needed for a median. */
const PAIRS_PER_RUN = 8;

/** Seconds that commands took, and as many starts of Node alone. */
export interface ListResult {
  readonly list: readonly number[];
  readonly help: readonly number[];
  readonly node: readonly number[];
}

/** Times the packaged `kairos-agent sysext list` on a store of 100 images, and `--help`, against the start of the same Node. */
export function compareList(
  { directory, auroraboot, key, certificate, runs }: Bench,
  kairosAgent: string,
): ListResult {
  const scratch = join(directory, 'list');
  const tree = join(scratch, 'tree/usr/share');
  mkdirSync(tree, { recursive: true });
  linkSync('LICENSE', join(tree, 'license'));
  const root = join(scratch, 'root');
  const store = join(root, 'var/lib/kairos/extensions');
  mkdirSync(store, { recursive: true });
  const signing = ['--private-key', key, '--certificate', certificate];
  for (let index = 0; index < IMAGES; index++) {
    const name = `extension${index}`;
    execFileSync(auroraboot, [
      'sysext',
      '--quiet',
      ...signing,
      '--output',
      store,
      name,
      `dir:${join(scratch, 'tree')}`,
    ]);
  }
  const agent = (...args: string[]): number => timed(kairosAgent, ['--root', root, ...args]);
  // A change writes the index of what the images say of themselves.
  agent('sysext', 'enable', '--active', 'extension0');

  const result = { list: [] as number[], help: [] as number[], node: [] as number[] };
  for (let pair = -1; pair < runs * PAIRS_PER_RUN; pair++) {
    const list = agent('sysext', 'list');
    const help = agent('--help');
    const node = timed(process.execPath, ['-e', '0']);
    if (pair < 0) continue;
    result.list.push(list);
    result.help.push(help);
    result.node.push(node);
  }
  return result;
}

function timed(program: string, args: readonly string[]): number {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
  const start = performance.now();
  execFileSync(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return (performance.now() - start) / 1000;
}

/** The result as a section of the report. */
export function listReport({ list, help, node }: ListResult): string[] {
  const milliseconds = (values: readonly number[]): string => `${(median(values) * 1000).toFixed(0)} ms`;
  const ratio = (values: readonly number[]): string =>
    median(values.map((value, index) => value / node[index]!)).toFixed(2);
  return [
    '## Starting',
    '',
    `Packaged, against \`node -e 0\`, ${milliseconds(node)} (${node.length} pairs):`,
    '',
    '| command | time | times as long |',
    '|---|---|---|',
    `| \`kairos-agent --help\` | ${milliseconds(help)} | ${ratio(help)} |`,
    `| \`kairos-agent sysext list\`, a store of ${IMAGES} images | ${milliseconds(list)} | ${ratio(list)} |`,
  ];
}
