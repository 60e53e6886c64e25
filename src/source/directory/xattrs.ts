import { spawn } from 'node:child_process';
import { displayName, escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { fileError } from '../file-error.ts';
import { parseGetfattr, type TreeXattrs } from './getfattr-output.ts';

/** Bytes kept of what getfattr complains about: two paths as long as they can be. */
const COMPLAINTS_MAX = 16 * 1024;
/** Characters shown from either end of a complaint: the cause is at its end, after a path. */
const SHOWN_MAX = 200;

/**
 * The extended attributes of everything below a directory, by the program getfattr: Node has no call for them.
 *
 * Returns undefined where the program is not installed. Throws a SourceError `unreadable` where an attribute cannot be
 * read, and what `signal` was aborted with.
 */
export async function readTreeXattrs(
  directory: string,
  signal: AbortSignal | undefined,
): Promise<TreeXattrs | undefined> {
  signal?.throwIfAborted();
  const child = spawn('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '--', '.'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal }),
  });
  // Never rejects: it may settle long before it is awaited, and nobody would be there to take the rejection.
  const ended = new Promise<{ status?: number | null; error?: NodeJS.ErrnoException }>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (status) => resolve({ status }));
  });
  let complaints = '';
  child.stderr.setEncoding('latin1');
  child.stderr.on('data', (text: string) => {
    if (complaints.length < COMPLAINTS_MAX) complaints += text;
  });
  child.stdout.setEncoding('latin1');
  let xattrs: TreeXattrs;
  try {
    xattrs = await parseGetfattr(child.stdout);
  } catch (error) {
    child.kill();
    signal?.throwIfAborted();
    throw error;
  }
  const { status, error } = await ended;
  signal?.throwIfAborted();
  if (error?.code === 'ENOENT') return undefined;
  // Starting it includes going into the directory, which is what may be forbidden.
  if (error !== undefined) throw fileError(error, directory);
  if (status !== 0) throw unreadable(directory, complaints);
  return xattrs;
}

function unreadable(directory: string, complaints: string): SourceError {
  const [first = ''] = complaints.split('\n', 1);
  const shown =
    first.length <= 2 * SHOWN_MAX ? first : `${first.slice(0, SHOWN_MAX)}…${first.slice(-SHOWN_MAX)}`;
  return new SourceError(
    'unreadable',
    `the extended attributes of ${escapeControls(directory)} cannot be read: ${displayName(shown)}`,
    { hint: 'run as a user who may read the whole tree, while nothing writes to it' },
  );
}
