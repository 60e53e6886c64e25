import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { FLAGS } from './flags.ts';

/** How often a cache must come out the same to be taken. */
const AGREEING = 3;
/** How often it is tried. */
const TRIES = 9;

/**
 * Makes code caches of the modules in a directory: runs these command lines in them, and takes what V8 compiled meanwhile.
 *
 * The executable is to be the same whenever and wherever it is made. The commands do the same every time by setting.ts, server.ts and
 * builtins.ts, and V8 makes the same of it by flags.ts and renumber.ts. What is left is the order in which a busy machine gets to things,
 * which may decide whether some function is called; so each module gets the cache that first came out {@link AGREEING} times.
 *
 * @param caches Their file names: a module's own with `.cache`.
 * @param commands See commands.ts.
 */
export function makeCodeCaches(
  directory: string,
  caches: readonly string[],
  commands: readonly (readonly string[])[],
): void {
  buildSync({
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    entryPoints: ['run.ts', 'renumber.ts'],
    outdir: directory,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
  });
  const run = (script: string, ...args: string[]): void => {
    execFileSync(process.execPath, [...FLAGS, script, ...args], {
      cwd: directory,
      // Nothing of who makes it, neither logins nor proxies.
      env: { HOME: directory, XDG_RUNTIME_DIR: directory },
      // On a terminal Node would load more of itself.
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  };
  const counts = new Map<string, number>();
  const taken = new Map<string, Buffer>();
  for (let tries = 0; tries < TRIES && taken.size < caches.length; tries++) {
    run('run.cjs', JSON.stringify(commands));
    run('renumber.cjs');
    for (const name of caches) {
      const bytes = readFileSync(join(directory, name));
      const result = `${name} ${createHash('sha256').update(bytes).digest('hex')}`;
      const count = (counts.get(result) ?? 0) + 1;
      counts.set(result, count);
      if (count === AGREEING && !taken.has(name)) taken.set(name, bytes);
    }
  }
  const restless = caches.filter((name) => !taken.has(name));
  if (restless.length > 0) {
    throw new Error(
      `no ${AGREEING} of ${TRIES} runs gave the same ${restless.join(', ')}: this machine is too busy, or a command does not do the same every time`,
    );
  }
  for (const [name, bytes] of taken) writeFileSync(join(directory, name), bytes);
}
