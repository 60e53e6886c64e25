/**
 * Bundles the program for installation: a directory that holds JavaScript without its sources, and a launcher for each of its
 * names, which runs the Node beside them, or else the system's.
 *
 * Usage: node packaging/bundle.ts [DIR]
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const [directory = 'dist/bundle'] = process.argv.slice(2);
/** The names that the program answers to. */
const NAMES = ['auroraboot', 'kairos-agent'];

rmSync(directory, { recursive: true, force: true });
mkdirSync(join(directory, 'bin'), { recursive: true });
await build({
  // What is loaded on demand becomes files of its own, so that a start reads only what it needs.
  entryPoints: [
    'src/cli/main.ts',
    'src/platform/compression-thread.ts',
    'src/platform/hash-thread.ts',
    'src/platform/sha256-thread-main.ts',
  ],
  outdir: join(directory, 'lib/bundle'),
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Modules keep their named exports when they are loaded on demand, which CommonJS does not.
  mainFields: ['module', 'main'],
  // Not identifiers: what parses certificates tells its types by the names of classes.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
});
// The program reads its version there.
copyFileSync('package.json', join(directory, 'package.json'));
copyFileSync('LICENSE', join(directory, 'LICENSE'));
copyFileSync('packaging/launcher.sh', join(directory, 'bin/kairos-sysext'));
chmodSync(join(directory, 'bin/kairos-sysext'), 0o755);
for (const name of NAMES) symlinkSync('kairos-sysext', join(directory, 'bin', name));

const files = readdirSync(join(directory, 'lib/bundle'));
const bytes = files.reduce((sum, name) => sum + statSync(join(directory, 'lib/bundle', name)).size, 0);
console.log(`${directory}: ${files.length} files, ${Math.round(bytes / 1000)} kB of JavaScript`);
