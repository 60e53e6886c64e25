import { readFileSync } from 'node:fs';
import { embeddedText } from '../platform/embedded-text.ts';

/** The version of this package, from its package.json. */
export function packageVersion(): string {
  const text =
    embeddedText('package.json') ?? readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}
