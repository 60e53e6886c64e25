import { TrustError } from '../error.ts';
import { EFI_GLOBAL_VARIABLE } from './key-variables.ts';
import { readVariable } from './read-variable.ts';

/** What the firmware says of Secure Boot: UEFI 2.10, section 3.3 and 32.3. Undefined: it says nothing, as old firmware does. */
export interface SecureBootState {
  /** Programs are verified before they are started. */
  readonly secureBoot: boolean | undefined;
  /** There is no platform key: whoever comes first may enrol one, and everything else. */
  readonly setupMode: boolean | undefined;
  /** Programs are verified, but started all the same. */
  readonly auditMode: boolean | undefined;
  readonly deployedMode: boolean | undefined;
  /**
   * Whether only programs that db accepts were started, and only the holders of its keys can change PK, KEK, db and dbx. If
   * not, the variables may be anybody's.
   */
  readonly isEnforcing: boolean;
}

/**
 * Reads the state of Secure Boot from efivarfs.
 *
 * @param directory Such as /sys/firmware/efi/efivars. Where it is missing the firmware is none of UEFI, and enforces nothing.
 * @throws TrustError ('malformed') where a variable cannot be read or is neither 0 nor 1.
 */
export async function readSecureBootState(directory: string): Promise<SecureBootState> {
  const secureBoot = await readFlag(directory, 'SecureBoot');
  const setupMode = await readFlag(directory, 'SetupMode');
  return {
    secureBoot,
    setupMode,
    auditMode: await readFlag(directory, 'AuditMode'),
    deployedMode: await readFlag(directory, 'DeployedMode'),
    isEnforcing: secureBoot === true && setupMode !== true,
  };
}

async function readFlag(directory: string, name: string): Promise<boolean | undefined> {
  const value = await readVariable(directory, name, EFI_GLOBAL_VARIABLE);
  if (value === undefined) return undefined;
  if (value.length !== 1 || value[0]! > 1) {
    throw new TrustError('malformed', `variable ${name}: it is not one byte that is 0 or 1`);
  }
  return value[0] === 1;
}
