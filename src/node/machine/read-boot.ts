import { readSecureBootState } from '../../trust/efi/secure-boot-state.ts';
import { TrustError } from '../../trust/error.ts';
import type { Host } from '../host/host.ts';
import { efivarsDirectory, evidencePlaces, readBootEvidence } from './boot-evidence.ts';
import { type Boot, bootOf } from './boot-state.ts';
import { readSentinels } from './sentinels.ts';

/**
 * The boot state of the running machine: by the sentinels that the boot stage left, else by the rules that it follows itself.
 */
export function readBoot(host: Host): Boot {
  const boot = bootOf(readBootEvidence(evidencePlaces(host)));
  const sentinels = readSentinels(host);
  if (sentinels === undefined) return boot;
  const { state, isUki, isInRam, reason } = sentinels;
  return { state, isUki: boot.isUki || isUki, isInRam: boot.isInRam || isInRam, reason };
}

/** Whether the firmware verified what was booted, and how that is known. */
export interface TrustedBoot {
  readonly isTrustedBoot: boolean;
  /** A sentence without the final full stop. */
  readonly reason: string;
}

/**
 * Whether the machine is in Trusted Boot: a unified kernel image, which the firmware verified. A machine on which that cannot be
 * told counts as one.
 *
 * @param efivars Where efivarfs is to this process.
 */
export async function readTrustedBoot(
  host: Host,
  { isUki }: Boot,
  efivars = efivarsDirectory(evidencePlaces(host)),
): Promise<TrustedBoot> {
  if (!isUki) return { isTrustedBoot: false, reason: 'no unified kernel image was booted' };
  try {
    const { isEnforcing } = await readSecureBootState(efivars);
    return isEnforcing
      ? { isTrustedBoot: true, reason: 'a unified kernel image was booted, and Secure Boot is on' }
      : // Signatures are demanded of it all the same: an attacker who turns Secure Boot off must gain nothing.
        { isTrustedBoot: true, reason: 'a unified kernel image was booted, although Secure Boot is off' };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return { isTrustedBoot: true, reason: `a unified kernel image was booted (${error.message})` };
  }
}
