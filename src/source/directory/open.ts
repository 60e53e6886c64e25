import { stat } from 'node:fs/promises';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { fileError } from '../file-error.ts';
import type { Source } from '../source.ts';
import { walkTree } from './walk.ts';
import { readTreeXattrs } from './xattrs.ts';

/**
 * Opens a directory as a source of one layer. Its extended attributes are read now, its entries when they are asked for.
 *
 * Throws a SourceError `not-found` where there is no directory, `unreadable` where it may not be listed or an attribute
 * in it may not be read. `warnings` says so where attributes cannot be read on this machine.
 */
export async function openDirectory(path: string, signal?: AbortSignal): Promise<Source> {
  const description = `directory ${escapeControls(path)}`;
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(path)).isDirectory();
  } catch (error) {
    throw fileError(error, path);
  }
  if (!isDirectory) {
    throw new SourceError('not-found', `${escapeControls(path)}: it is no directory`, {
      hint: 'for an archive write tar:FILE',
    });
  }
  const directory = Buffer.from(path);
  const xattrs = process.platform === 'linux' ? await readTreeXattrs(path, signal) : undefined;
  return {
    description,
    architecture: undefined,
    warnings: xattrs === undefined ? [missingXattrs(description)] : [],
    layers: [
      {
        description,
        size: undefined,
        entries: (options) => walkTree(directory, xattrs, options),
      },
    ],
    close: async () => undefined,
  };
}

function missingXattrs(description: string): string {
  const cause =
    process.platform === 'linux'
      ? 'the program getfattr is not installed (package attr)'
      : 'that is possible on Linux only';
  return `the extended attributes (capabilities, SELinux labels) of ${description} were not read: ${cause}`;
}
