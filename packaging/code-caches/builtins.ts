import childProcess, { type SpawnOptions } from 'node:child_process';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';

/**
 * Modules of Node in place of those whose answers depend on the machine: getfattr is installed and finds nothing, and every file system
 * takes O_DIRECT, for which it is then left out. The other program that the commands run is flock, which a node needs anyway.
 */
export const SAME_EVERYWHERE: Readonly<Record<string, unknown>> = {
  'node:child_process': {
    ...childProcess,
    spawn: (program: string, args: readonly string[], options: SpawnOptions) =>
      program === 'getfattr'
        ? childProcess.spawn('/bin/sh', ['-c', ':'], options)
        : childProcess.spawn(program, args, options),
  },
  'node:fs/promises': {
    ...fs,
    open: (path: string | Buffer, flags?: string | number, mode?: number) =>
      fs.open(path, typeof flags === 'number' ? flags & ~constants.O_DIRECT : flags, mode),
  },
};
