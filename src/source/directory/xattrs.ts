import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ByteString } from '../../base/byte-string.ts';
import { SourceError } from '../error.ts';

/** Attributes of a tree: path as getfattr was given it → name → value. */
export type TreeXattrs = ReadonlyMap<ByteString, ReadonlyMap<ByteString, Uint8Array>>;

/** Attributes that belong to the machine the tree lies on, not to the tree. */
const MACHINE_ATTRIBUTES =
  /^(system\.(nfs4?_|cifs_|richacl)|trusted\.overlay\.(origin|impure|upper|nlink|uuid)$)/;

/**
 * The extended attributes of everything below a directory, by the program getfattr: Node has no call for them.
 *
 * Returns undefined where the program is not installed.
 */
export async function readTreeXattrs(
  directory: string,
  signal: AbortSignal | undefined,
): Promise<TreeXattrs | undefined> {
  const args = ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '--', '.'];
  const child = spawn('getfattr', args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal }),
  });
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(undefined) : reject(error),
    );
    child.once('close', (code) => resolve(code ?? 1));
  });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => {
    if (complaints.length < 2000) complaints += text.toString();
  });
  const xattrs = new Map<ByteString, Map<ByteString, Uint8Array>>();
  let current: Map<ByteString, Uint8Array> | undefined;
  child.stdout.setEncoding('latin1');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('# file: ')) {
      current = new Map();
      xattrs.set(unescapeName(line.slice('# file: '.length)), current);
      continue;
    }
    const equals = line.lastIndexOf('=');
    const name = unescapeName(equals === -1 ? line : line.slice(0, equals));
    if (name === '' || MACHINE_ATTRIBUTES.test(name)) continue;
    const value = equals === -1 ? '' : line.slice(equals + 1);
    current?.set(name, Buffer.from(value.replace(/^0x/, ''), 'hex'));
  }
  const status = await ended;
  if (status === undefined) return undefined;
  if (status !== 0) {
    throw new SourceError(
      'unreadable',
      `the extended attributes of ${directory} cannot be read: ${complaints.trim()}`,
    );
  }
  return xattrs;
}

/** getfattr writes backslashes, newlines and other bytes that would confuse as `\NNN`, octal. */
function unescapeName(text: string): ByteString {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
