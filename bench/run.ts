/**
 * Paired measurements: this project against what a user would do instead, on the same machine, in turn.
 *
 * Usage: npm run bench [-- --runs N] [-- --only build|growth|compression|download|list|boot|WORKLOAD]
 * Needs root on Debian for the tools on the other side. Writes what was measured to bench/RESULTS.md and bench/building.svg; a
 * workload alone is printed only.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startRegistry } from '../test/support/registry.ts';
import { bootReport, compareBoot } from './boot.ts';
import { type BuildResult, buildChart, buildReport, compareBuilds } from './build.ts';
import { type CompressionResult, compareCompression, compressionReport } from './compression.ts';
import { compareDownload, downloadReport } from './download.ts';
import { growthReport, measureGrowth } from './growth.ts';
import { compareList, listReport } from './list.ts';
import { packaged } from './packaged.ts';
import { withSections } from './results.ts';
import type { Bench } from './setting.ts';
import { compareVerification, verifyReport } from './verify.ts';
import { WORKLOADS } from './workloads.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, only: { type: 'string' } },
});
const RESULTS = 'bench/RESULTS.md';
const CHART = 'bench/building.svg';
const runs = Number(values.runs);
const workloads = WORKLOADS.map(({ name }) => name);
const names = ['build', ...workloads, 'growth', 'compression', 'download', 'list', 'boot'];
const { only } = values;
if (!(runs >= 1) || (only !== undefined && !names.includes(only))) {
  throw new Error(`--runs is a number, --only one of: ${names.join(', ')}`);
}
const isChosen = (name: string): boolean => only === undefined || only === name;

execFileSync('sh', ['scripts/debian-packages.sh'], { stdio: 'inherit' });
execFileSync('sh', ['lab/systemd-root.sh'], { stdio: ['ignore', 'ignore', 'inherit'] });

const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const registry = await startRegistry();
try {
  const program = await packaged(directory);
  const keys = join(directory, 'keys');
  const bench: Bench = {
    directory,
    registryHost: registry.host,
    auroraboot: program('auroraboot'),
    reference: resolve('bench/reference.sh'),
    key: join(keys, 'db.key'),
    certificate: join(keys, 'db.pem'),
    runs,
  };
  execFileSync(bench.auroraboot, ['genkey', 'bench', '--output', keys], { stdio: 'ignore' });
  const sections: string[][] = [];
  const builds: BuildResult[] = [];
  for (const workload of WORKLOADS) {
    if (isChosen('build') || isChosen(workload.name)) builds.push(await compareBuilds(workload, bench));
  }
  const largest = builds.at(-1);
  if (largest !== undefined) {
    sections.push(buildReport(builds));
    if (isChosen('build')) writeFileSync(CHART, buildChart(builds));
    const { workload, image } = largest;
    sections.push(verifyReport(await compareVerification(workload.description, image, bench)));
  }
  if (isChosen('growth')) sections.push(growthReport(await measureGrowth(bench)));
  if (isChosen('compression')) {
    const compressed: CompressionResult[] = [];
    for (const workload of WORKLOADS) compressed.push(...(await compareCompression(workload, bench)));
    sections.push(compressionReport(compressed));
  }
  if (isChosen('download')) {
    sections.push(downloadReport(await compareDownload(bench, program('kairos-agent'))));
  }
  if (isChosen('list')) sections.push(listReport(compareList(bench, program('kairos-agent'))));
  if (isChosen('boot')) sections.push(bootReport(await compareBoot(bench, program('immucore'))));
  const machine = `${availableParallelism()} × ${cpus()[0]!.model}; ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  const how = `${runs} pairs; Node ${process.version}; ${machine}; Linux ${kernel}.`;
  const texts = sections.map((section) => [...section, '', how, ''].join('\n'));
  console.log(`\n${texts.join('\n')}`);
  const isPart = only !== undefined && workloads.includes(only);
  if (!isPart) writeFileSync(RESULTS, withSections(readFileSync(RESULTS, 'utf8'), texts));
} finally {
  await registry.stop();
  rmSync(directory, { recursive: true });
}
