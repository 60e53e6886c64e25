import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TargetModule } from './engine/target.ts';

/** Every target: a module in fuzz/targets each. */
export const targets: readonly TargetModule[] = readdirSync(new URL('./targets/', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => ({
    name: file.slice(0, -'.ts'.length),
    url: new URL(`./targets/${file}`, import.meta.url).href,
  }));

/** Folder of the inputs that once were findings; they stay, and are run first. */
export function corpusOf(name: string): string {
  return fileURLToPath(new URL(`./corpus/${name}`, import.meta.url));
}

/** Folder where new findings of a target are put. */
export function findingsOf(name: string): string {
  return fileURLToPath(new URL(`./findings/${name}`, import.meta.url));
}
