import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ExecutableParts } from '../packaging/executable.ts';
import { ARCHITECTURES } from '../packaging/node-binary.ts';
import { PROGRAMS } from '../src/cli/programs.ts';

/** Makes the executable of this machine in a directory, with a link of every name it answers to. Returns the path of a name. */
export async function packaged(directory: string): Promise<(name: keyof typeof PROGRAMS) => string> {
  const architecture = ARCHITECTURES.find((name) => name === process.arch);
  if (architecture === undefined) throw new Error(`there is no executable for ${process.arch}`);
  const parts = await ExecutableParts.bundle();
  const written = join(directory, 'executable');
  parts.write(architecture, written);
  // As it is installed. What was written in one piece is in the page cache in large pieces, which count as memory of whoever touches a
  // page of them.
  execFileSync('install', ['-m', '755', written, join(directory, 'kairos-sysext')]);
  for (const name of Object.keys(PROGRAMS)) symlinkSync('kairos-sysext', join(directory, name));
  return (name) => join(directory, name);
}
