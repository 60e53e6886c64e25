/**
 * Bundles the program for installation: a directory that holds JavaScript without its sources, and a launcher for each of its
 * names, which runs the Node beside them, or else the system's.
 *
 * Usage: node packaging/bundle.ts [DIR]
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAMS } from '../src/cli/programs.ts';
import { bundleModules } from './javascript.ts';

const [directory = 'dist/bundle'] = process.argv.slice(2);

rmSync(directory, { recursive: true, force: true });
mkdirSync(join(directory, 'bin'), { recursive: true });
await bundleModules({
  outdir: join(directory, 'lib/bundle'),
  // What comes as CommonJS asks for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  legalComments: 'linked',
});
// The program reads its version there.
copyFileSync('package.json', join(directory, 'package.json'));
copyFileSync('LICENSE', join(directory, 'LICENSE'));
copyFileSync('packaging/launcher.sh', join(directory, 'bin/kairos-sysext'));
chmodSync(join(directory, 'bin/kairos-sysext'), 0o755);
for (const name of Object.keys(PROGRAMS)) symlinkSync('kairos-sysext', join(directory, 'bin', name));

const files = readdirSync(join(directory, 'lib/bundle'));
const bytes = files.reduce((sum, name) => sum + statSync(join(directory, 'lib/bundle', name)).size, 0);
console.log(`${directory}: ${files.length} files, ${Math.round(bytes / 1000)} kB of JavaScript`);
