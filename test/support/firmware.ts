import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { mustRunInSystemdRoot } from './systemd-root.ts';

/** The keys of a machine's firmware, as PEM certificates. */
export interface FirmwareKeys {
  readonly pk: string;
  readonly kek: string;
  /** Whose signatures the firmware, and with it the kernel, accepts. */
  readonly db: readonly string[];
  /** Whose signatures it refuses; signed updates (.auth) of dbx. */
  readonly dbx?: readonly string[];
}

/** Owner of the keys in the firmware's lists; any GUID would do. */
const OWNER = '11111111-2222-4333-8444-555555555555';

/** The firmware's own empty variable store, in the systemd root. */
const EMPTY_STORE = '/usr/share/OVMF/OVMF_VARS_4M.fd';

/** Writes a variable store for OVMF, `directory`/variables.fd, with the keys enrolled, or none, and Secure Boot on or off. Returns its path. */
export async function makeVariableStore(
  directory: string,
  keys: FirmwareKeys | undefined,
  secureBoot = false,
): Promise<string> {
  const store = join(directory, 'variables.fd');
  if (keys === undefined) {
    await mustRunInSystemdRoot(directory, ['cp', EMPTY_STORE, store]);
    return store;
  }
  const enrolments = [
    ['--set-pk', keys.pk],
    ['--add-kek', keys.kek],
    ...keys.db.map((certificate) => ['--add-db', certificate]),
  ] as [string, string][];
  const options: string[] = [];
  for (const [index, [option, certificate]] of enrolments.entries()) {
    // Copied to where the tool can see them.
    const copy = join(directory, `${index}-${basename(certificate)}`);
    await copyFile(certificate, copy);
    options.push(option, OWNER, copy);
  }
  for (const [index, update] of (keys.dbx ?? []).entries()) {
    const copy = join(directory, `dbx${index}.auth`);
    await copyFile(update, copy);
    options.push('--set-dbx', copy);
  }
  if (secureBoot) options.push('--secure-boot');
  await mustRunInSystemdRoot(directory, [
    'virt-fw-vars',
    '--input',
    EMPTY_STORE,
    '--output',
    store,
    ...options,
  ]);
  return store;
}
