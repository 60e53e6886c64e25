import { join } from 'node:path';
import type { ByteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';
import type { BootEvidence } from './boot-state.ts';

/** Where what tells the boot state is, as {@link host} sees it. */
export interface EvidencePlaces {
  readonly host: Host;
  /** The kernel command line. */
  readonly commandLine: ByteString;
  /** Where efivarfs is mounted. */
  readonly efivars: ByteString;
}

/** The places of a machine. */
export function evidencePlaces(host: Host): EvidencePlaces {
  return { host, commandLine: '/proc/cmdline', efivars: '/sys/firmware/efi/efivars' };
}

/** Where efivarfs is to this process. */
export function efivarsDirectory({ host, efivars }: EvidencePlaces): string {
  return join(host.root, efivars);
}

/** What tells the boot state, and what of it could not be read. */
export interface ReadEvidence extends BootEvidence {
  /** Sentences without the final full stop. */
  readonly problems: readonly string[];
}

/** The vendor GUID of the boot loader interface (systemd.io/BOOT_LOADER_INTERFACE). */
const LOADER_VENDOR = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
const COMMAND_LINE_MAX = 64 * 1024;
const VARIABLE_MAX = 64 * 1024;
/** Bytes before a variable's value: its attributes (Linux Documentation/filesystems/efivarfs.rst). */
const ATTRIBUTES_SIZE = 4;

/** Reads what tells the boot state. What cannot be read counts as missing. */
export function readBootEvidence(places: EvidencePlaces): ReadEvidence {
  const problems: string[] = [];
  const read = (path: ByteString, limit: number): Uint8Array | undefined => {
    try {
      return places.host.readFile(path, limit);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const variable = (name: string): string | undefined =>
    loaderText(read(`${places.efivars}/${name}-${LOADER_VENDOR}`, VARIABLE_MAX));
  const commandLine = read(places.commandLine, COMMAND_LINE_MAX);
  return {
    commandLine: Buffer.from(commandLine ?? [])
      .toString('utf8')
      .trim(),
    loaderPartition: variable('LoaderDevicePartUUID'),
    loaderEntry: variable('LoaderEntrySelected'),
    problems,
  };
}

/** The text of a variable of the boot loader: UTF-16LE, ended by NUL. Undefined where there is none. */
function loaderText(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length <= ATTRIBUTES_SIZE) return undefined;
  const text = Buffer.from(bytes.subarray(ATTRIBUTES_SIZE)).toString('utf16le');
  return escapeControls(text.replace(/\0.*$/s, ''));
}
