/**
 * Makes what the npm package holds, in dist: JavaScript of the program and of the library, which packages and not copies of them
 * are imported by, the library's types, and a file for each command.
 *
 * Usage: node packaging/npm.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PROGRAMS } from '../src/cli/programs.ts';
import { bundleModules, ENTRY_POINTS } from './javascript.ts';

const OUTPUT = 'dist';

for (const name of ['lib', 'types', 'bin']) rmSync(join(OUTPUT, name), { recursive: true, force: true });
await bundleModules({
  entryPoints: ['src/index.ts', ...ENTRY_POINTS],
  // The program reads its version two directories above.
  outdir: join(OUTPUT, 'lib'),
  packages: 'external',
});
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [typescript, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
mkdirSync(join(OUTPUT, 'bin'));
const command = readFileSync('packaging/npm-command.js', 'utf8');
for (const name of Object.keys(PROGRAMS)) {
  writeFileSync(join(OUTPUT, 'bin', `${name}.js`), command.replaceAll('COMMAND', name), { mode: 0o755 });
}
