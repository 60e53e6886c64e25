import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandDescription } from '../command-tree.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

/** Writes completions for bash, zsh and fish, each file named as its shell looks for it. */
export function writeCompletions(directory: string, programs: readonly CommandDescription[]): void {
  for (const program of programs) {
    const files = {
      [`bash/${program.name}`]: bashCompletion(program),
      [`zsh/_${program.name}`]: zshCompletion(program),
      [`fish/${program.name}.fish`]: fishCompletion(program),
    };
    for (const [name, text] of Object.entries(files)) {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
}
