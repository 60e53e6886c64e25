import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../packaging/bundle.ts', import.meta.url));

/** Bundles the program into a directory, with this Node beside it, so that it runs on a machine that has none. */
export function bundleWithNode(directory: string): void {
  execFileSync(process.execPath, [script, directory]);
  copyFileSync(process.execPath, join(directory, 'bin/node'));
}
