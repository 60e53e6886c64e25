import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { putImage } from './image.ts';
import { measure, median } from './measure.ts';
import { type Pairs, peak, runPairs, seconds, speedRatio } from './pairs.ts';
import type { Bench } from './setting.ts';
import { HUGE, packLayer, type Workload } from './workloads.ts';

/** Building one workload's image from a registry, against the reference. */
export interface BuildResult {
  readonly workload: Workload;
  /** Bytes of the compressed layer. */
  readonly layerBytes: number;
  readonly pairs: Pairs;
  /** Against the pipeline of an expert, and against what cannot be left out. */
  readonly expert: Pairs;
  readonly floor: Pairs;
  /** What was built last. */
  readonly image: string;
}

/** Builds a workload's image from a registry with both sides. */
export async function compareBuilds(workload: Workload, bench: Bench): Promise<BuildResult> {
  const { directory, registryHost, auroraboot, reference, key, certificate, runs } = bench;
  const tree = join(directory, 'tree');
  const layer = join(directory, 'layer.tar.gz');
  console.error(`${workload.name}: making ${workload.description}`);
  mkdirSync(tree);
  workload.make(tree);
  packLayer(tree, layer);
  rmSync(tree, { recursive: true });
  const imageReference = `${registryHost}/bench/${workload.name}:1`;
  await putImage(layer, imageReference, directory);
  const layerBytes = statSync(layer).size;
  rmSync(layer);
  const output = join(directory, 'output');
  const ours = [
    ...[
      auroraboot,
      'sysext',
      '--quiet',
      '--compression',
      'none',
      '--private-key',
      key,
      '--certificate',
      certificate,
    ],
    ...['--output', output, workload.name, `docker://${imageReference}`],
  ];
  const work = join(directory, 'work');
  const against = (name: string, theirs: readonly string[]): Pairs =>
    runPairs(`${workload.name} against ${name}`, ours, theirs, runs, directory);
  const pairs = against('systemd-repart', [reference, work, imageReference, key, certificate]);
  const expert = against('mkfs.erofs', [
    ...['sh', resolve('bench/expert.sh')],
    ...[work, imageReference, key, certificate],
  ]);
  const floor = against('the floor', [
    ...[process.execPath, '--max-semi-space-size=2', resolve('bench/floor.ts')],
    ...[registryHost, `bench/${workload.name}`, '1', join(directory, 'floor')],
  ]);
  return { workload, layerBytes, pairs, expert, floor, image: join(output, `${workload.name}.sysext.raw`) };
}

/** Builds once an image too large to be compared, for its memory, and says how much that was. */
export function growth({ directory, auroraboot }: Bench): string {
  const tree = join(directory, 'tree');
  console.error(`${HUGE.name}: making ${HUGE.description}`);
  mkdirSync(tree);
  HUGE.make(tree);
  const output = join(directory, 'output');
  const command = [
    ...[auroraboot, 'sysext', '--quiet', '--compression', 'none'],
    ...['--output', output, HUGE.name, `dir:${tree}`],
  ];
  const run = measure(command, directory);
  rmSync(tree, { recursive: true });
  rmSync(join(output, `${HUGE.name}.sysext.raw`));
  return `Memory with ${HUGE.description}, from a directory: ${run.peak.toFixed(0)} MB (${run.wall.toFixed(0)} s).`;
}

/** The results as a section of the report. */
export function buildReport(results: readonly BuildResult[]): string[] {
  const rows = results.map(({ workload, layerBytes, pairs, expert, floor }) => {
    const cpu = median(pairs.ours.map((run) => run.cpu)).toFixed(2);
    const cells = [
      workload.description,
      (layerBytes / 1e6).toFixed(0),
      seconds(pairs.ours),
      seconds(pairs.theirs),
      speedRatio(pairs),
      seconds(expert.theirs),
      speedRatio(expert),
      seconds(floor.theirs),
      speedRatio(floor),
      cpu,
      peak(pairs.ours),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '## Building',
    '',
    'A signed image from a registry on the same machine, not compressed: `auroraboot sysext docker://…` against',
    '(a) `skopeo copy` + `tar x` + `systemd-repart --make-ddi=sysext` (257),',
    '(b) `skopeo copy` + `mkfs.erofs --tar=f` (1.8) + `veritysetup format` + `openssl smime`, without a partition table,',
    '(c) the floor: one Node process that only inflates, takes both SHA-256 digests and writes the bytes.',
    '',
    '| layer | gzip MB | ours, s | (a), s | ratio | (b), s | ratio | (c), s | ratio | our CPU, s | our peak, MB |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ];
}
