/**
 * Paired measurements: this project against what a user would do instead, on the same machine, in turn.
 *
 * Usage: npm run bench [-- --runs N] [-- --only WORKLOAD]
 * Needs root on Debian for the tools on the other side. Writes bench/RESULTS.md when every workload was run.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startRegistry } from '../test/support/registry.ts';
import { putImage } from './image.ts';
import { measure, median, type Run } from './measure.ts';
import { HUGE, packLayer, WORKLOADS, type Workload } from './workloads.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, only: { type: 'string' } },
});
const runs = Number(values.runs);
const chosen = WORKLOADS.filter(({ name }) => values.only === undefined || name === values.only);

interface Result {
  readonly workload: Workload;
  readonly layerBytes: number;
  readonly ours: readonly Run[];
  readonly theirs: readonly Run[];
}

const auroraboot = resolve('bin/auroraboot');
const reference = resolve('bench/reference.sh');

execFileSync('sh', ['scripts/debian-packages.sh'], { stdio: 'inherit' });
execFileSync('sh', ['lab/systemd-root.sh'], { stdio: ['ignore', 'ignore', 'inherit'] });

const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const registry = await startRegistry();
try {
  execFileSync(auroraboot, ['genkey', 'bench', '--output', join(directory, 'keys')], { stdio: 'ignore' });
  const results: Result[] = [];
  for (const workload of chosen) results.push(await compare(workload));
  const isWhole = chosen.length === WORKLOADS.length;
  const report = table(results, isWhole ? growth() : undefined);
  console.log(`\n${report}`);
  if (isWhole) writeFileSync('bench/RESULTS.md', report);
} finally {
  await registry.stop();
  rmSync(directory, { recursive: true });
}

async function compare(workload: Workload): Promise<Result> {
  const tree = join(directory, 'tree');
  const layer = join(directory, 'layer.tar.gz');
  console.error(`${workload.name}: making ${workload.description}`);
  mkdirSync(tree);
  workload.make(tree);
  packLayer(tree, layer);
  rmSync(tree, { recursive: true });
  const image = `${registry.host}/bench/${workload.name}:1`;
  await putImage(layer, image, directory);
  const layerBytes = statSync(layer).size;
  rmSync(layer);

  const key = join(directory, 'keys', 'db.key');
  const certificate = join(directory, 'keys', 'db.pem');
  const output = join(directory, 'output');
  const ourCommand = [
    ...[auroraboot, 'sysext', '--quiet', '--private-key', key, '--certificate', certificate],
    ...['--output', output, 'bench', `docker://${image}`],
  ];
  const theirCommand = [reference, join(directory, 'work'), image, key, certificate];
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let run = 0; run <= runs; run++) {
    const a = measure(ourCommand, directory);
    const b = measure(theirCommand, directory);
    // The first pair warms caches and is not counted.
    if (run === 0) continue;
    ours.push(a);
    theirs.push(b);
    console.error(`${workload.name} ${run}/${runs}: ${a.wall.toFixed(2)} s against ${b.wall.toFixed(2)} s`);
  }
  return { workload, layerBytes, ours, theirs };
}

/** One build of an image too large to be compared, for its memory. */
function growth(): Run {
  const tree = join(directory, 'tree');
  console.error(`${HUGE.name}: making ${HUGE.description}`);
  mkdirSync(tree);
  HUGE.make(tree);
  const output = join(directory, 'output');
  const run = measure(
    [auroraboot, 'sysext', '--quiet', '--output', output, 'bench', `dir:${tree}`],
    directory,
  );
  rmSync(tree, { recursive: true });
  return run;
}

function table(results: readonly Result[], huge: Run | undefined): string {
  const seconds = (side: readonly Run[]): string => {
    const walls = side.map(({ wall }) => wall);
    return `${median(walls).toFixed(2)} (${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)})`;
  };
  const rows = results.map(({ workload, layerBytes, ours, theirs }) => {
    const ratio = median(ours.map((run, index) => theirs[index]!.wall / run.wall));
    const cpu = median(ours.map(({ cpu }) => cpu));
    const peak = Math.max(...ours.map(({ peak }) => peak));
    return `| ${workload.description} | ${(layerBytes / 1e6).toFixed(0)} | ${seconds(ours)} | ${seconds(theirs)} | ${ratio.toFixed(2)} | ${cpu.toFixed(2)} | ${peak.toFixed(0)} |`;
  });
  return [
    '# Results of `npm run bench`',
    '',
    `Building a signed image from a registry on the same machine: \`auroraboot sysext docker://…\` against`,
    '`skopeo copy` + `tar x` + `systemd-repart --make-ddi=sysext` (257). Run in turn after one warm-up, times are medians',
    'with the range; the ratio is the median of the pairs, above 1 means that this project is faster.',
    '',
    '| layer | gzip MB | ours, s | repart, s | ratio | our CPU, s | our peak, MB |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    ...(huge === undefined
      ? []
      : [
          `Memory with ${HUGE.description}, from a directory: ${huge.peak.toFixed(0)} MB (${huge.wall.toFixed(0)} s).`,
          '',
        ]),
    `${runs} pairs; Node ${process.version}; ${cpus().length} × ${cpus()[0]!.model}; ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Linux ${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()}.`,
    '',
  ].join('\n');
}
