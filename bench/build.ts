import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { drawBars } from './chart.ts';
import { putImage } from './image.ts';
import { median } from './measure.ts';
import { type Pairs, peak, runPairs, seconds, speedRatio } from './pairs.ts';
import type { Bench } from './setting.ts';
import { packLayer, type Workload } from './workloads.ts';

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
  const against = (name: string, theirs: readonly string[]): Promise<Pairs> =>
    runPairs(`${workload.name} against ${name}`, ours, theirs, runs, directory);
  const pairs = await against('systemd-repart', [reference, work, imageReference, key, certificate]);
  const expert = await against('mkfs.erofs', [
    ...['sh', resolve('bench/expert.sh')],
    ...[work, imageReference, key, certificate],
  ]);
  const floor = await against('the floor', [
    ...[process.execPath, '--min-semi-space-size=2', '--max-semi-space-size=2', resolve('bench/floor.ts')],
    ...[registryHost, `bench/${workload.name}`, '1', join(directory, 'floor')],
  ]);
  return { workload, layerBytes, pairs, expert, floor, image: join(output, `${workload.name}.sysext.raw`) };
}

/** The results as a section of the report. */
export function buildReport(results: readonly BuildResult[]): string[] {
  const rows = results.map(({ workload, layerBytes, pairs, expert, floor, image }) => {
    const cpu = median(pairs.ours.map((run) => run.cpu)).toFixed(2);
    const cells = [
      workload.description,
      (layerBytes / 1e6).toFixed(0),
      (statSync(image).size / 1e6).toFixed(0),
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
    'A signed image from a registry on the same machine, not compressed: `auroraboot sysext docker://…`, packaged, against',
    '(a) `skopeo copy` + `tar x` + `systemd-repart --make-ddi=sysext` (257),',
    '(b) `skopeo copy` + `mkfs.erofs --tar=f` (1.8) + `veritysetup format` + `openssl smime`, without a partition table,',
    '(c) the floor: one Node process that only inflates, takes both SHA-256 digests and writes the bytes.',
    '',
    '| layer | gzip, MB | image, MB | ours, s | (a), s | ratio | (b), s | ratio | (c), s | ratio | our CPU, s | our peak, MB |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '![Seconds to build an image](building.svg)',
  ];
}

/** The times as a chart. */
export function buildChart(results: readonly BuildResult[]): string {
  const wall = (runs: Pairs['ours']): number => median(runs.map((run) => run.wall));
  return drawBars({
    title: 'Seconds to build a signed image from a registry',
    unit: 's',
    series: [
      'auroraboot sysext',
      'tar + systemd-repart',
      'mkfs.erofs --tar + veritysetup',
      'floor: only inflate, hash, write',
    ],
    groups: results.map(({ workload, pairs, expert, floor }) => ({
      name: workload.description,
      values: [wall(pairs.ours), wall(pairs.theirs), wall(expert.theirs), wall(floor.theirs)],
    })),
  });
}
