import { getAsset, isSea } from 'node:sea';

/**
 * A text that packaging put into the executable, by its name there; undefined where the program runs as JavaScript files
 * (nodejs.org/docs/latest-v24.x/api/single-executable-applications.html).
 */
export function embeddedText(name: string): string | undefined {
  return isSea() ? getAsset(name, 'utf8') : undefined;
}
