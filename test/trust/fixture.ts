import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of a file that fixtures/make.sh made. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** Content of a file that fixtures/make.sh made. */
export function fixture(name: string): Buffer {
  return readFileSync(fixturePath(name));
}
