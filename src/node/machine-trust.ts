import { join } from 'node:path';
import { openStores } from '../trust/stores/open-stores.ts';
import { VERITY_DIRECTORIES } from '../trust/stores/verity-directories.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import type { InlineCertificate } from './config/configuration.ts';
import type { Host } from './host/host.ts';
import { efivarsDirectory, evidencePlaces } from './machine/boot-evidence.ts';

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

/** Where the certificates are to this process. */
export interface TrustPlaces {
  /** The root that the certificate files of the configuration are under. */
  readonly root: string;
  /** Where systemd looks for the certificates of signers, those that win first. */
  readonly verityDirectories: readonly string[];
  /** Where efivarfs is mounted. */
  readonly efivars: string;
}

/** The places of a machine. */
export function trustPlaces(host: Host): TrustPlaces {
  return {
    root: host.root,
    verityDirectories: VERITY_DIRECTORIES.map((path) => join(host.root, path)),
    efivars: efivarsDirectory(evidencePlaces(host)),
  };
}

/**
 * Gathers whose signatures the machine accepts: under Trusted Boot the firmware's keys and those of the configuration; where
 * only the configuration demands signatures, the certificates in verity.d as well.
 *
 * @throws TrustError for a certificate of the configuration that cannot be read.
 */
export async function machineTrust(
  { root, verityDirectories, efivars }: TrustPlaces,
  { isTrustedBoot, requireSignatures, certificateFiles, certificates }: TrustRequest,
): Promise<MachineTrust> {
  if (!isTrustedBoot && !requireSignatures) {
    return {
      trusted: undefined,
      reason: 'this is no Trusted Boot, and the configuration demands no signatures',
    };
  }
  const trusted = await openStores({
    certificateFiles: certificateFiles.map((path) => join(root, path)),
    certificates,
    // Under Trusted Boot, only the firmware's keys count and those that the configuration adds: verity.d may be anybody's.
    verityDirectories: isTrustedBoot ? [] : verityDirectories,
    efivarsDirectory: efivars,
    howToTrust: `name its certificate under certificates in /etc/kairos/sysext.yaml, or ${
      isTrustedBoot ? 'enrol it in db' : 'put it into /etc/verity.d'
    }`,
  });
  const reason = isTrustedBoot ? 'this is Trusted Boot' : 'the configuration demands signatures';
  return { trusted, reason };
}
