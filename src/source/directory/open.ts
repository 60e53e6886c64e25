import { stat } from 'node:fs/promises';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { fileError } from '../file-error.ts';
import type { Source } from '../source.ts';
import { walkTree } from './walk.ts';
import { readTreeXattrs } from './xattrs.ts';

/** Opens a directory as a source of one layer. Throws a SourceError where there is none. */
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
  const xattrs = await readTreeXattrs(path, signal);
  return {
    description,
    architecture: undefined,
    warnings: xattrs === undefined ? [missingXattrs(description)] : [],
    layers: [
      {
        description,
        size: undefined,
        entries: (options) =>
          walkTree(directory, { xattrs, signal: options.signal, onBytes: options.onBytes }),
      },
    ],
    close: async () => undefined,
  };
}

function missingXattrs(description: string): string {
  return (
    `the extended attributes (capabilities, SELinux labels) of ${description} were not read: ` +
    'the program getfattr is not installed (package attr)'
  );
}
