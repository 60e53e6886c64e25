/**
 * Packages the sources of this checkout for the virtual node: executable, units, hooks, install.sh.
 *
 * Usage: node lab/product.ts DIR
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExecutableParts } from '../packaging/executable.ts';
import { writeInstallation } from '../packaging/installation.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: node lab/product.ts DIR');
  process.exit(2);
}
mkdirSync(directory, { recursive: true });
const parts = await ExecutableParts.bundle();
parts.write('x64', join(directory, 'kairos-sysext-linux-x64'));
await writeInstallation(directory);
