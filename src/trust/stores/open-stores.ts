import type { ImageFinding } from '../../image/image-finding.ts';
import { NO_REVOCATIONS } from '../revocations.ts';
import type { TrustedKeys, TrustStoreCode } from '../trusted-keys.ts';
import { certificateFile, writtenCertificate } from './certificate-files.ts';
import { firmwareVariables } from './firmware-variables.ts';
import { verityDirectories } from './verity-directories.ts';

/** The places that trusted certificates come from. */
export interface StorePlaces {
  readonly certificateFiles?: readonly string[];
  /** Certificates in PEM, and where they are written, for messages. */
  readonly certificates?: readonly { readonly pem: string; readonly source: string }[];
  /** `verity.d` directories, those that win first. */
  readonly verityDirectories?: readonly string[];
  /** Where efivarfs is mounted; its dbx counts for the other places, too. */
  readonly efivarsDirectory?: string | undefined;
  /** As {@link TrustedKeys.howToTrust}. */
  readonly howToTrust?: string;
}

/** Gathers the trusted certificates. Throws a TrustError for a certificate file that cannot be read, as it was named. */
export async function openStores(places: StorePlaces): Promise<TrustedKeys> {
  const {
    certificateFiles = [],
    certificates: written = [],
    verityDirectories: directories = [],
    efivarsDirectory,
    howToTrust,
  } = places;
  const files = await Promise.all([
    ...certificateFiles.map(certificateFile),
    ...written.map(({ pem, source }) => writtenCertificate(pem, source)),
  ]);
  const verity = await verityDirectories(directories);
  const firmware =
    efivarsDirectory === undefined
      ? { certificates: [], revocations: NO_REVOCATIONS, findings: [] }
      : await firmwareVariables(efivarsDirectory);
  const certificates = [...files, ...verity.certificates, ...firmware.certificates];
  const findings: ImageFinding<TrustStoreCode>[] = [...verity.findings, ...firmware.findings];
  if (certificates.length === 0) {
    findings.push({
      code: 'no-trusted-certificate',
      layer: 'trust',
      level: 'error',
      message: 'there is no trusted certificate in the places that were named',
      hint:
        howToTrust === undefined
          ? 'put the certificate of the signer there, or name it with --certificate'
          : `if you trust the signer: ${howToTrust}`,
      subjects: [],
    });
  }
  const keys = { certificates, revocations: firmware.revocations, findings };
  return howToTrust === undefined ? keys : { ...keys, howToTrust };
}
