import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { putImage } from './image.ts';
import { measure, type Run } from './measure.ts';
import type { Bench } from './setting.ts';
import { GROWING, packLayer } from './workloads.ts';

/** What was done with images of one size. */
export interface GrowthResult {
  readonly description: string;
  /** Bytes of the images. */
  readonly plainBytes: number;
  readonly compressedBytes: number;
  readonly plain: Run;
  readonly compressed: Run;
  readonly verify: Run;
  readonly verifyCompressed: Run;
}

/** Builds and verifies images of growing size, to see whether time grows with the size and memory does not. */
export async function measureGrowth(bench: Bench): Promise<GrowthResult[]> {
  const { directory, registryHost, auroraboot, key, certificate } = bench;
  const results: GrowthResult[] = [];
  for (const workload of GROWING) {
    console.error(`${workload.name}: making ${workload.description}`);
    const tree = join(directory, 'tree');
    const layer = join(directory, 'layer.tar.gz');
    mkdirSync(tree);
    workload.make(tree);
    packLayer(tree, layer, 1);
    rmSync(tree, { recursive: true });
    const reference = `${registryHost}/bench/${workload.name}:1`;
    await putImage(layer, reference, directory);
    rmSync(layer);
    const signing = ['--private-key', key, '--certificate', certificate];
    const image = (compression: string): { path: string; build: Run; verify: Run } => {
      const output = join(directory, compression);
      const flags = ['--quiet', '--compression', compression, ...signing, '--output', output];
      const build = measure(
        [auroraboot, 'sysext', ...flags, workload.name, `docker://${reference}`],
        directory,
      );
      const path = join(output, `${workload.name}.sysext.raw`);
      const verify = measure(
        [auroraboot, 'verify', '--quiet', '--certificate', certificate, path],
        directory,
      );
      console.error(`${workload.name} ${compression}: ${build.wall} s, ${build.peak.toFixed(0)} MB`);
      return { path, build, verify };
    };
    const plain = image('none');
    const compressed = image('zstd');
    results.push({
      description: workload.description,
      plainBytes: statSync(plain.path).size,
      compressedBytes: statSync(compressed.path).size,
      plain: plain.build,
      compressed: compressed.build,
      verify: plain.verify,
      verifyCompressed: compressed.verify,
    });
    rmSync(plain.path);
    rmSync(compressed.path);
  }
  return results;
}

/** The results as a section of the report. */
export function growthReport(results: readonly GrowthResult[]): string[] {
  const run = ({ wall, peak }: Run): string => `${wall.toFixed(2)} s, ${peak.toFixed(0)} MB`;
  const rows = results.map((result) => {
    const cells = [
      result.description,
      (result.plainBytes / 1e6).toFixed(0),
      run(result.plain),
      run(result.verify),
      (result.compressedBytes / 1e6).toFixed(0),
      run(result.compressed),
      run(result.verifyCompressed),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '## Growth',
    '',
    'Time and peak memory with the size of the layer, from a registry on the same machine, once each.',
    '',
    '| content | image, MB | build | verify | image with zstd, MB | build | verify |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ];
}
