import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

/**
 * Flags of V8 that leave little to chance in what is compiled: the hashes of strings, threads, and when garbage is collected, over
 * which compiled functions are thrown away.
 */
const FLAGS = [
  '--hash-seed=1',
  '--no-flush-bytecode',
  '--predictable',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
];
/** How often it is tried to get the same bytes twice. */
const TRIES = 8;

/**
 * Makes code caches of the modules in a directory with packaging/code-cache.ts, which runs these command lines.
 *
 * The functions in them have numbers, counted by V8 through all that the process compiles, Node's own functions among it. On a
 * busy machine a run now and then differs by one of those, so that the bytes are taken that came out twice.
 */
export function makeCodeCaches(
  directory: string,
  caches: readonly string[],
  commands: readonly (readonly string[])[],
): void {
  const source = readFileSync(fileURLToPath(new URL('code-cache.ts', import.meta.url)), 'utf8');
  // A script as plain as can be, and no environment.
  const { code } = transformSync(source, { loader: 'ts', format: 'cjs', platform: 'node' });
  writeFileSync(join(directory, 'code-cache.cjs'), code);
  const seen = new Set<string>();
  for (let tries = 0; tries < TRIES; tries++) {
    rmSync(join(directory, 'root'), { recursive: true, force: true });
    execFileSync(process.execPath, [...FLAGS, 'code-cache.cjs', JSON.stringify(commands)], {
      cwd: directory,
      env: {},
      // On a terminal Node would load more of itself, and count it.
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const hash = createHash('sha256');
    for (const name of caches) hash.update(readFileSync(join(directory, name)));
    const digest = hash.digest('hex');
    if (seen.has(digest)) return;
    seen.add(digest);
  }
  throw new Error(
    `the code caches came out differently ${TRIES} times: this machine is too busy, or the code is not as it should be`,
  );
}
