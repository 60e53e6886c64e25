import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The inputs in a folder, by the names of their files; none if there is no such folder. */
export function readCorpus(directory: string): { readonly path: string; readonly input: Uint8Array }[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.sort().map((name) => {
    const path = join(directory, name);
    return { path, input: new Uint8Array(readFileSync(path)) };
  });
}

/** Saves an input under its hash; its path. */
export function saveInput(directory: string, input: Uint8Array): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, createHash('sha256').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return path;
}
