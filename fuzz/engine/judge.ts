import { fileURLToPath } from 'node:url';
import { CodedError } from '../../src/base/error.ts';
import type { Target } from './target.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** How a target ended: by itself, by refusing its input, or in a way that it must not. */
export type Outcome =
  | { readonly kind: 'value' }
  /** `gist`: the error without what differs from one input to the next. */
  | { readonly kind: 'refused'; readonly gist: string; readonly text: string }
  | { readonly kind: 'failed'; readonly gist: string; readonly text: string };

/** Runs a target on an input. */
export async function judge(target: Target, input: Uint8Array): Promise<Outcome> {
  try {
    await target.run(input);
    return { kind: 'value' };
  } catch (error) {
    if (error instanceof CodedError) {
      const text = `${error.name} ${error.code}: ${error.message}`;
      return { kind: 'refused', gist: gistOf(text), text };
    }
    if (!(error instanceof Error)) {
      return { kind: 'failed', gist: typeof error, text: `not an Error was thrown: ${String(error)}` };
    }
    return { kind: 'failed', gist: `${error.name} ${placeOf(error)}`, text: textOf(error) };
  }
}

function gistOf(text: string): string {
  return text
    .slice(0, 300)
    .replace(/'[^']*'|"[^"]*"/g, '…')
    .replace(/0x[0-9a-f]+|[0-9a-f]{8,}|\d+/gi, '#')
    .slice(0, 160);
}

/** Where in the project an error came from, or what it says if that cannot be told. */
function placeOf(error: Error): string {
  const line = error.stack
    ?.split('\n')
    .find((frame) => frame.includes(PROJECT) && !frame.includes('node_modules'));
  return line === undefined ? gistOf(error.message) : line.slice(line.indexOf(PROJECT) + PROJECT.length);
}

/** What an error says, and where in what is tested it came from. */
function textOf(error: Error): string {
  const lines = (error.stack ?? String(error)).split('\n');
  return lines.filter((line) => !line.includes('/fuzz/engine/')).join('\n');
}
