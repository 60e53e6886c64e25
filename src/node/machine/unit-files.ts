import { type ByteString, byteString } from '../../base/byte-string.ts';
import { decodeUtf8 } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';

/** Where units are, those that win first (systemd.unit(5)). */
const UNIT_DIRECTORIES: readonly ByteString[] = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
];
const UNIT_MAX = 256 * 1024;
/** Drop-ins that are read; real services have a few. */
const DROP_INS_MAX = 100;

/** The assignments of a service's unit: the values of each key, in their order. An empty value takes back those before it. */
export type ServiceAssignments = ReadonlyMap<string, readonly string[]>;

/**
 * Reads what a service's unit and its drop-ins say in the section `[Service]`, as systemd does that is not running under this
 * root. What cannot be read is passed over, as systemd does.
 *
 * @param unit Such as `systemd-sysext.service`.
 */
export function readServiceUnit(host: Host, unit: ByteString): ServiceAssignments {
  const files: ByteString[] = [];
  const main = UNIT_DIRECTORIES.map((directory) => `${directory}/${unit}`).find(
    (path) => readText(host, path) !== undefined,
  );
  if (main !== undefined) files.push(main);
  /** By name: of several, the one in the earlier directory counts. */
  const dropIns = new Map<ByteString, ByteString>();
  for (const directory of UNIT_DIRECTORIES) {
    const path = `${directory}/${unit}.d`;
    for (const name of namesIn(host, path)) {
      if (name.endsWith('.conf') && !dropIns.has(name)) dropIns.set(name, `${path}/${name}`);
    }
  }
  const names = [...dropIns.keys()].sort().slice(0, DROP_INS_MAX);
  files.push(...names.map((name) => dropIns.get(name)!));
  const assignments = new Map<string, string[]>();
  for (const path of files) assign(assignments, readText(host, path) ?? '');
  return assignments;
}

/** Adds what a unit file says in `[Service]` (systemd.syntax(7)). */
function assign(assignments: Map<string, string[]>, text: string): void {
  let section = '';
  for (const line of logicalLines(text)) {
    const header = /^\[(.*)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    const equals = line.indexOf('=');
    if (header !== undefined || equals < 1 || section !== 'Service') continue;
    const key = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    assignments.set(key, value === '' ? [] : [...(assignments.get(key) ?? []), value]);
  }
}

/** Lines without comments; one that ends in a backslash goes on in the next, over comments between them. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let begun: string | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('#') || line.startsWith(';')) continue;
    const whole: string = begun === undefined ? line : `${begun} ${line}`;
    begun = whole.endsWith('\\') ? whole.slice(0, -1) : undefined;
    if (begun === undefined && whole !== '') lines.push(whole);
  }
  if (begun !== undefined) lines.push(begun);
  return lines;
}

function namesIn(host: Host, path: ByteString): ByteString[] {
  try {
    using directory = host.openDirectory(path);
    return directory?.list() ?? [];
  } catch (error) {
    if (error instanceof NodeError) return [];
    throw error;
  }
}

function readText(host: Host, path: ByteString): string | undefined {
  try {
    const bytes = host.readFile(path, UNIT_MAX);
    return bytes && decodeUtf8(byteString(bytes));
  } catch (error) {
    if (error instanceof NodeError) return undefined;
    throw error;
  }
}
