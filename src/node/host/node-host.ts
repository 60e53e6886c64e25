import fs from 'node:fs';
import { type ByteString, byteString, bytesOf, utf8ByteString } from '../../base/byte-string.ts';
import { displayName, escapeControls } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import { announce } from './announce.ts';
import type { Host } from './host.ts';
import { OpenDirectory } from './open-directory.ts';
import { READ_FLAGS } from './open-file.ts';
import { errorCode, systemError } from './system-error.ts';

/** Links in a path, as the kernel counts them (path_resolution(7)). */
const LINKS_MAX = 40;

/** A machine as Node reaches it. */
export interface NodeHostOptions {
  /** The directory that is the machine's root; `/` if absent. */
  readonly root?: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** The door to the machine that this process runs on, or to another root directory on it. */
export function nodeHost({ root = '/', environment }: NodeHostOptions): Host {
  const base = realRoot(root);
  const openExisting = (path: ByteString): OpenDirectory | undefined => {
    const resolved = resolvePath(base, path);
    return resolved === undefined
      ? undefined
      : unlessMissing('open', path, () => OpenDirectory.open(bytesOf(resolved), path, resolves));
  };
  const resolves = (directory: ByteString, target: ByteString): boolean => {
    try {
      return resolvePath(base, target.startsWith('/') ? target : `${directory}/${target}`) !== undefined;
    } catch (error) {
      if (error instanceof NodeError) return false;
      throw error;
    }
  };
  const createDirectory = (path: ByteString): OpenDirectory => {
    const names = parts(path);
    let known = names.length;
    let directory = openExisting(path);
    while (directory === undefined) {
      if (known === 0) throw new NodeError('io', `${displayName(base)}: the root directory is gone`);
      known -= 1;
      directory = openExisting(`/${names.slice(0, known).join('/')}`);
    }
    for (const name of names.slice(known)) {
      using parent: OpenDirectory = directory;
      directory = parent.openDirectory(name, { create: true });
      if (directory === undefined)
        throw new NodeError('io', `${displayName(path)}: a part of it was removed`);
    }
    return directory;
  };
  return {
    root,
    isRunning: base === '',
    environment,
    now: () => new Date(),
    openDirectory: (path, { create = false } = {}) => (create ? createDirectory(path) : openExisting(path)),
    readFile(path, limit) {
      const resolved = resolvePath(base, path);
      if (resolved === undefined) return undefined;
      return unlessMissing('read', path, () => readBounded(bytesOf(resolved), path, limit));
    },
    announce(line) {
      if (base === '') announce(line);
    },
    run: async (program, args, options) => {
      const { runProgram } = await import('./run-program.ts');
      return runProgram(program, args, environment, options);
    },
  };
}

/** The root without links and without a slash at its end: empty on the running machine. */
function realRoot(root: string): ByteString {
  try {
    const real = fs.realpathSync(root, { encoding: 'buffer' });
    if (!fs.statSync(real).isDirectory()) {
      throw new NodeError(
        'not-found',
        `${escapeControls(root)}: it is no directory, so it cannot be the root`,
      );
    }
    return byteString(real).replace(/^\/$/, '');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw systemError('open', utf8ByteString(root), error);
    throw new NodeError('not-found', `${escapeControls(root)}: there is no such directory`, { cause: error });
  }
}

/**
 * The path to this process of what a path leads to within a root: without links, as chroot(2) would follow them. Undefined
 * where a part of it is missing.
 */
function resolvePath(base: ByteString, path: ByteString): ByteString | undefined {
  const ahead = parts(path);
  let resolved: ByteString[] = [];
  let links = 0;
  for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
    if (part === '..') {
      resolved.pop();
      continue;
    }
    const target = linkTarget(`${base}/${[...resolved, part].join('/')}`, path);
    if (target === undefined) return undefined;
    if (target === NO_LINK) {
      resolved.push(part);
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) {
      throw new NodeError('unsafe-path', `${displayName(path)}: more than ${LINKS_MAX} symbolic links`);
    }
    if (target.startsWith('/')) resolved = [];
    ahead.unshift(...parts(target));
  }
  return `${base}/${resolved.join('/')}`;
}

/** What {@link linkTarget} answers for what is there and no link; no link has this target. */
const NO_LINK = '';

/** Where a link leads; undefined where there is nothing. */
function linkTarget(location: ByteString, path: ByteString): ByteString | undefined {
  try {
    return fs.readlinkSync(Buffer.from(bytesOf(location)), { encoding: 'latin1' });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EINVAL') return NO_LINK;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw systemError('follow', path, error);
  }
}

function parts(path: ByteString): ByteString[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function unlessMissing<T>(action: string, path: ByteString, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw systemError(action, path, error);
  }
}

/** The content of a file whose size may not be known before, as of those in /proc. */
function readBounded(location: Uint8Array, path: ByteString, limit: number): Uint8Array {
  const descriptor = fs.openSync(Buffer.from(location), READ_FLAGS);
  try {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const piece = new Uint8Array(64 * 1024);
      const count = fs.readSync(descriptor, piece);
      if (count === 0) return Buffer.concat(pieces);
      size += count;
      if (size > limit) throw new NodeError('io', `${displayName(path)}: it has more than ${limit} bytes`);
      pieces.push(piece.subarray(0, count));
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
