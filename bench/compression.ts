import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { extensionPartitions, readPartitionTable } from '../test/support/partition-table.ts';
import { type Pairs, runPairs, seconds, speedRatio } from './pairs.ts';
import type { Bench } from './setting.ts';
import type { Workload } from './workloads.ts';

/** Methods that both have, as each spells them. */
const METHODS = [
  ['lz4', 'lz4'],
  ['lz4hc:9', 'lz4hc,level=9'],
  ['zstd:3', 'zstd,level=3'],
  ['zstd:15', 'zstd,level=15'],
] as const;

/** Bytes that are compressed together at most, on both sides. */
const CLUSTER = 65_536;

/** A file system of one workload, compressed by both. */
export interface CompressionResult {
  readonly workload: Workload;
  readonly method: string;
  readonly pairs: Pairs;
  /** Bytes of the file system. */
  readonly ourBytes: number;
  readonly theirBytes: number;
}

/** Builds compressed images from a tar archive with auroraboot, and file systems of the same with mkfs.erofs 1.8. */
export async function compareCompression(workload: Workload, bench: Bench): Promise<CompressionResult[]> {
  const { directory, auroraboot, runs } = bench;
  const tree = join(directory, 'tree');
  const layer = join(directory, 'layer.tar');
  console.error(`${workload.name}: making ${workload.description}`);
  mkdirSync(tree);
  workload.make(tree);
  const names = ['--sort=name', '--owner=0', '--group=0', '--format=posix'];
  execFileSync('tar', ['-C', tree, ...names, '-cf', layer, 'usr']);
  rmSync(tree, { recursive: true });
  const output = join(directory, 'output');
  const theirs = join(directory, 'theirs');
  const results: CompressionResult[] = [];
  for (const [ours, erofs] of METHODS) {
    const pairs = runPairs(
      `${workload.name} ${ours}`,
      [
        ...[auroraboot, 'sysext', '--quiet', '--compression', ours, '--cluster-size', '64K'],
        ...['--output', output, workload.name, `tar:${layer}`],
      ],
      [
        ...['sh', resolve('bench/erofs-utils.sh'), 'mkfs.erofs', '--quiet', '--tar=f', '-T0'],
        ...[`-z${erofs}`, `-C${CLUSTER}`, theirs, layer],
      ],
      runs,
      directory,
    );
    const image = join(output, `${workload.name}.sysext.raw`);
    const { data } = extensionPartitions(await readPartitionTable(image));
    results.push({
      workload,
      method: ours,
      pairs,
      ourBytes: data.size,
      theirBytes: statSync(theirs).size,
    });
  }
  rmSync(layer);
  rmSync(theirs);
  rmSync(output, { recursive: true });
  return results;
}

/** The results as a section of the report. */
export function compressionReport(results: readonly CompressionResult[]): string[] {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const rows = results.map(({ workload, method, pairs, ourBytes, theirBytes }) => {
    const cells = [
      workload.description,
      method,
      megabytes(ourBytes),
      megabytes(theirBytes),
      `${((ourBytes / theirBytes - 1) * 100).toFixed(1)} %`,
      seconds(pairs.ours),
      seconds(pairs.theirs),
      speedRatio(pairs),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '## Compression',
    '',
    'From a tar archive, in clusters of 64 KiB: `auroraboot sysext --compression`, which also makes hash tree and partition table, against',
    '`mkfs.erofs` 1.8, which does not.',
    '',
    '| content | method | ours, MB | mkfs.erofs, MB | larger by | ours, s | mkfs.erofs, s | ratio |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ];
}
