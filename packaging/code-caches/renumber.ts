/**
 * Makes code caches anew from themselves, each module's after the other. V8 numbers functions and scripts as they come, and the numbers
 * stand in the caches, though nobody needs them there: those that a process counts that does nothing else are always the same.
 *
 * Usage: node FLAGS renumber.cjs
 *
 * The current directory has the modules, and a file NAME.cache beside each.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import vm from 'node:vm';
import { setFlagsOfExecutable } from './flags.ts';

setFlagsOfExecutable();
for (const file of readdirSync('.').sort()) {
  if (!file.endsWith('.cache')) continue;
  const filename = file.slice(0, -'.cache'.length);
  const script = new vm.Script(readFileSync(filename, 'latin1'), {
    filename,
    cachedData: readFileSync(file),
  });
  if (script.cachedDataRejected !== false) throw new Error(`V8 does not take the code cache of ${filename}`);
  writeFileSync(file, script.createCachedData());
}
