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
  parts.write(architecture, join(directory, 'kairos-sysext'));
  for (const name of Object.keys(PROGRAMS)) symlinkSync('kairos-sysext', join(directory, name));
  return (name) => join(directory, name);
}
