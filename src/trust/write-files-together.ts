import { lstat, mkdir, mkdtemp, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TrustError } from './error.ts';
import { reason } from './system-error.ts';

/** A file to be written. */
export interface NewFile {
  /** In the directory; without a slash. */
  readonly name: string;
  readonly content: Uint8Array | string;
  /** Whether only the owner may read it. */
  readonly secret: boolean;
}

/**
 * Writes files into a directory, which is made if need be: all of them or, after a failure, none, and what was
 * there before stays.
 *
 * Throws a TrustError `file-exists` that lists the files in the way, unless `force` lets them be replaced, and
 * `unwritable`.
 */
export async function writeFilesTogether(
  directory: string,
  files: readonly NewFile[],
  force: boolean,
): Promise<void> {
  let created: string | undefined;
  let staging: string | undefined;
  let written = false;
  try {
    created = await mkdir(directory, { recursive: true });
    await checkTargets(directory, files, force);
    staging = await mkdtemp(join(directory, '.new-'));
    for (const file of files) await writeDurably(join(staging, file.name), file);
    await publish(staging, directory, files, force);
    await syncDirectory(directory);
    written = true;
  } catch (cause) {
    if (cause instanceof TrustError) throw cause;
    throw new TrustError('unwritable', `directory ${directory}: ${reason(cause)}`, { cause });
  } finally {
    if (staging !== undefined) await rm(staging, { recursive: true, force: true });
    if (created !== undefined && !written) await removeEmpty(directory, created);
  }
}

/** Looks before anything is written, so that all files in the way are named at once. */
async function checkTargets(directory: string, files: readonly NewFile[], force: boolean): Promise<void> {
  const existing: string[] = [];
  for (const { name } of files) {
    const status = await lstat(join(directory, name)).catch(absent);
    if (status?.isDirectory()) {
      throw new TrustError('unwritable', `${join(directory, name)}: a directory is in the way`);
    }
    if (status !== undefined) existing.push(name);
  }
  if (existing.length > 0 && !force) throw filesExist(directory, existing);
}

async function writeDurably(path: string, { content, secret }: NewFile): Promise<void> {
  await using file = await open(path, 'wx', secret ? 0o600 : 0o644);
  await file.writeFile(content);
  await file.sync();
}

/** Moves the files to their places; if one cannot be moved, puts everything back as it was. */
async function publish(
  staging: string,
  directory: string,
  files: readonly NewFile[],
  force: boolean,
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { name } of files) {
      const target = join(directory, name);
      if (force) {
        const former = join(staging, `${name}.former`);
        if (await moveIfPresent(target, former)) undo.push(() => rename(former, target));
      }
      await reserve(directory, name);
      undo.push(() => rm(target));
      await rename(join(staging, name), target);
    }
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** Takes a name in the one way that cannot overwrite a file which appears in the same moment. */
async function reserve(directory: string, name: string): Promise<void> {
  try {
    const file = await open(join(directory, name), 'wx', 0o600);
    await file.close();
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw filesExist(directory, [name]);
    throw error;
  }
}

async function moveIfPresent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    absent(error);
    return false;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(directory, 'r');
  await handle.sync();
}

/** Removes the directories that were made, from the innermost to `outermost`, as far as they are empty. */
async function removeEmpty(innermost: string, outermost: string): Promise<void> {
  const last = resolve(outermost);
  for (let directory = resolve(innermost); ; directory = dirname(directory)) {
    try {
      await rmdir(directory);
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY')) return;
      throw error;
    }
    if (directory === last) return;
  }
}

function filesExist(directory: string, names: readonly string[]): TrustError {
  return new TrustError('file-exists', `directory ${directory}: it already holds ${names.join(', ')}`, {
    hint: 'name another directory with --output, or replace them with --force; keys that are enrolled somewhere cannot be made again',
  });
}

function absent(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT')) throw error;
  return undefined;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
