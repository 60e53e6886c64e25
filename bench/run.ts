/**
 * Paired measurements: this project against what a user would do instead, on the same machine, in turn.
 *
 * Usage: npm run bench [-- --runs N] [-- --only WORKLOAD|compression|download|list|boot]
 * Needs root on Debian for the tools on the other side. Writes bench/RESULTS.md when everything was run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startRegistry } from '../test/support/registry.ts';
import { bootReport, compareBoot } from './boot.ts';
import { type BuildResult, buildReport, compareBuilds, growth } from './build.ts';
import { type CompressionResult, compareCompression, compressionReport } from './compression.ts';
import { compareDownload, downloadReport } from './download.ts';
import { compareList, listReport } from './list.ts';
import { packaged } from './packaged.ts';
import type { Bench } from './setting.ts';
import { compareVerification, verifyReport } from './verify.ts';
import { WORKLOADS } from './workloads.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, only: { type: 'string' } },
});
const runs = Number(values.runs);
const names = [...WORKLOADS.map(({ name }) => name), 'compression', 'download', 'list', 'boot'];
const isWhole = values.only === undefined;
if (!(runs >= 1) || (values.only !== undefined && !names.includes(values.only))) {
  throw new Error(`--runs is a number, --only one of: ${names.join(', ')}`);
}
const isChosen = (name: string): boolean => isWhole || values.only === name;

execFileSync('sh', ['scripts/debian-packages.sh'], { stdio: 'inherit' });
execFileSync('sh', ['lab/systemd-root.sh'], { stdio: ['ignore', 'ignore', 'inherit'] });

const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const registry = await startRegistry();
try {
  const keys = join(directory, 'keys');
  const bench: Bench = {
    directory,
    registryHost: registry.host,
    auroraboot: resolve('bin/auroraboot'),
    reference: resolve('bench/reference.sh'),
    key: join(keys, 'db.key'),
    certificate: join(keys, 'db.pem'),
    runs,
  };
  execFileSync(bench.auroraboot, ['genkey', 'bench', '--output', keys], { stdio: 'ignore' });
  const sections: string[][] = [];
  const builds: BuildResult[] = [];
  for (const workload of WORKLOADS) {
    if (isChosen(workload.name)) builds.push(await compareBuilds(workload, bench));
  }
  const largest = builds.at(-1);
  if (largest !== undefined) {
    sections.push(buildReport(builds));
    if (isWhole) sections.push([growth(bench)]);
    const { workload, image } = largest;
    sections.push(verifyReport(await compareVerification(workload.description, image, bench)));
  }
  if (isChosen('compression')) {
    const compressed: CompressionResult[] = [];
    for (const workload of WORKLOADS) compressed.push(...(await compareCompression(workload, bench)));
    sections.push(compressionReport(compressed));
  }
  const program = await packaged(directory);
  if (isChosen('download')) {
    sections.push(downloadReport(await compareDownload(bench, program('kairos-agent'))));
  }
  if (isChosen('list')) sections.push(listReport(compareList(bench, program('kairos-agent'))));
  if (isChosen('boot')) sections.push(bootReport(await compareBoot(bench, program('immucore'))));
  const report = [
    '# Results of `npm run bench`',
    '',
    'Both sides run in turn after one warm-up; times are medians with the range. The ratio is the median of the pairs, above 1',
    'means that this project is faster.',
    '',
    ...sections.flatMap((section) => [...section, '']),
    `${runs} pairs; Node ${process.version}; ${cpus().length} × ${cpus()[0]!.model}; ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Linux ${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()}.`,
    '',
  ].join('\n');
  console.log(`\n${report}`);
  if (isWhole) writeFileSync('bench/RESULTS.md', report);
} finally {
  await registry.stop();
  rmSync(directory, { recursive: true });
}
