import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { extensionPartitions, readPartitionTable } from '../test/support/partition-table.ts';
import { type Pairs, peak, runPairs, seconds, speedRatio } from './pairs.ts';
import type { Bench } from './setting.ts';
import type { Workload } from './workloads.ts';

/** A method, as each side spells it. */
interface Method {
  readonly ours: string;
  readonly theirs: readonly string[];
}

/** Ours with zstd puts the ends of files beside the inodes, which mkfs.erofs does only where it is told. */
const TAIL_PACKING = '-Eztailpacking';
const FAST_METHODS: readonly Method[] = [
  { ours: 'lz4', theirs: ['-zlz4'] },
  { ours: 'lz4hc:9', theirs: ['-zlz4hc,level=9'] },
  { ours: 'zstd:3', theirs: ['-zzstd,level=3', TAIL_PACKING] },
  { ours: 'zstd:3', theirs: ['-zzstd,level=3'] },
];
/** With this mkfs.erofs takes minutes for the largest. */
const SLOW_METHOD: Method = { ours: 'zstd:15', theirs: ['-zzstd,level=15', TAIL_PACKING] };
const SLOW_MAX = 300_000_000;

/** Bytes that are compressed together at most, on both sides. */
const CLUSTER = 65_536;

/** A file system of one workload, compressed by both. */
export interface CompressionResult {
  readonly workload: Workload;
  readonly method: Method;
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
  const methods = statSync(layer).size > SLOW_MAX ? FAST_METHODS : [...FAST_METHODS, SLOW_METHOD];
  const results: CompressionResult[] = [];
  for (const method of methods) {
    const pairs = await runPairs(
      `${workload.name} ${method.theirs.join(' ')}`,
      [
        ...[auroraboot, 'sysext', '--quiet', '--compression', method.ours, '--cluster-size', '64K'],
        ...['--output', output, workload.name, `tar:${layer}`],
      ],
      [
        ...['sh', resolve('bench/erofs-utils.sh'), 'mkfs.erofs', '--quiet', '--tar=f', '-T0'],
        ...[...method.theirs, `-C${CLUSTER}`, theirs, layer],
      ],
      runs,
      directory,
    );
    const image = join(output, `${workload.name}.sysext.raw`);
    const { data } = extensionPartitions(await readPartitionTable(image));
    results.push({
      workload,
      method,
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
      method.ours,
      method.theirs.join(' '),
      megabytes(ourBytes),
      megabytes(theirBytes),
      `${((ourBytes / theirBytes - 1) * 100).toFixed(1)} %`,
      seconds(pairs.ours),
      seconds(pairs.theirs),
      speedRatio(pairs),
      peak(pairs.ours),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '## Compression',
    '',
    'From a tar archive, in clusters of 64 KiB: `auroraboot sysext --compression`, packaged, which also makes hash tree and partition table,',
    'against `mkfs.erofs` 1.8, which does not.',
    '',
    '| content | method | mkfs.erofs | ours, MB | mkfs.erofs, MB | larger by | ours, s | mkfs.erofs, s | ratio | our peak, MB |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ];
}
