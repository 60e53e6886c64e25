import { join } from 'node:path';
import { openStores } from '../trust/stores/open-stores.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import type { InlineCertificate } from './config/configuration.ts';
import type { Host } from './host/host.ts';

/** Where systemd looks for the certificates of signers, those that win first (src/shared/dissect-image.c). */
const VERITY_DIRECTORIES = ['/etc/verity.d', '/run/verity.d', '/usr/local/lib/verity.d', '/usr/lib/verity.d'];
const EFIVARS = '/sys/firmware/efi/efivars';

/** Whose signatures this machine accepts. */
export interface MachineTrust {
  /** Undefined where no signature is demanded. */
  readonly trusted: TrustedKeys | undefined;
  /** Why signatures are demanded, or why not: a sentence without the final full stop. */
  readonly reason: string;
}

/** What decides whether signatures are demanded. */
export interface TrustRequest {
  /** Whether the firmware verified what was booted. */
  readonly isTrustedBoot: boolean;
  /** Whether the configuration demands signatures, however the machine was booted. */
  readonly requireSignatures: boolean;
  /** Certificate files of the configuration. */
  readonly certificateFiles: readonly string[];
  readonly certificates: readonly InlineCertificate[];
}

/**
 * Gathers whose signatures the machine accepts: under Trusted Boot the firmware's keys and those of the configuration; where
 * only the configuration demands signatures, the certificates in verity.d as well.
 *
 * @throws TrustError for a certificate of the configuration that cannot be read.
 */
export async function machineTrust(
  host: Host,
  { isTrustedBoot, requireSignatures, certificateFiles, certificates }: TrustRequest,
): Promise<MachineTrust> {
  if (!isTrustedBoot && !requireSignatures) {
    return {
      trusted: undefined,
      reason: 'this is no Trusted Boot, and the configuration demands no signatures',
    };
  }
  const within = (path: string): string => join(host.root, path);
  const trusted = await openStores({
    certificateFiles: certificateFiles.map(within),
    certificates,
    // Under Trusted Boot, only the firmware's keys count and those that the configuration adds: verity.d may be anybody's.
    verityDirectories: isTrustedBoot ? [] : VERITY_DIRECTORIES.map(within),
    efivarsDirectory: within(EFIVARS),
  });
  const reason = isTrustedBoot ? 'this is Trusted Boot' : 'the configuration demands signatures';
  return { trusted, reason };
}
