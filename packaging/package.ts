/**
 * Makes what is handed out, in dist: an executable for each architecture, the licences of what is in them, completions, man pages,
 * and what installs all that on a node. Prints the sizes of the executables, what they hold and how fast they start. The same bytes every time.
 *
 * Usage: node packaging/package.ts [ARCHITECTURE...]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PROGRAMS } from '../src/cli/programs.ts';
import { ExecutableParts } from './executable.ts';
import { writeInstallation } from './installation.ts';
import { ARCHITECTURES, type Architecture } from './node-binary.ts';

const OUTPUT = 'dist';
/** Starts of each command, taken in turns with those of Node. */
const PAIRS = 20;

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!ARCHITECTURES.includes(name as Architecture)) {
    console.error(`package: '${name}' is none of the architectures: ${ARCHITECTURES.join(', ')}`);
    process.exit(2);
  }
}
const architectures = ARCHITECTURES.filter((name) => wanted.length === 0 || wanted.includes(name));

mkdirSync(OUTPUT, { recursive: true });
const parts = await ExecutableParts.bundle();
for (const architecture of architectures) {
  const path = join(OUTPUT, `kairos-sysext-linux-${architecture}`);
  const { node, modules, moduleCount, codeCaches } = parts.write(architecture, path);
  console.log(`${path}: ${megabytes(statSync(path).size)}, ${compressedSize(path)} as zstd -19`);
  console.log(`  Node ${process.version} without symbols   ${megabytes(node)}`);
  console.log(`  ${moduleCount} modules of JavaScript          ${megabytes(modules)}`);
  console.log(`  their code caches                ${codeCaches === 0 ? 'none' : megabytes(codeCaches)}`);
  if (architecture === process.arch) reportStart(path);
}
await writeInstallation(OUTPUT);

function compressedSize(path: string): string {
  const { status, stdout } = spawnSync('zstd', ['-19', '-T0', '-q', '-c', path], { maxBuffer: 2 ** 28 });
  return status === 0 ? megabytes(stdout.length) : 'unknown (zstd is not installed)';
}

/** Prints how long the executable takes to start, against the Node that runs this. */
function reportStart(path: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'kairos-sysext-start-'));
  const link = (name: string): string => join(directory, name);
  for (const name of Object.keys(PROGRAMS)) symlinkSync(resolve(path), link(name));
  const commands = [
    ['auroraboot', '--help'],
    ['kairos-agent', '--root', directory, 'sysext', 'list'],
  ] as const;
  for (const [name, ...args] of commands) {
    const ours: number[] = [];
    const bare: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      bare.push(milliseconds(process.execPath, ['-e', '0']));
      ours.push(milliseconds(link(name), args));
    }
    const [a, b] = [median(ours), median(bare)];
    const command = [name, ...args].join(' ').replace(directory, 'DIR');
    console.log(
      `  ${command}: ${a.toFixed(1)} ms, node -e 0: ${b.toFixed(1)} ms, ratio ${(a / b).toFixed(2)}`,
    );
  }
  rmSync(directory, { recursive: true });
}

function milliseconds(program: string, args: readonly string[]): number {
  // Loading the machine's own extra certificates is no part of either side.
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
  const start = performance.now();
  const { status } = spawnSync(program, args, { stdio: 'ignore', env });
  const time = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed (${status})`);
  return time;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
