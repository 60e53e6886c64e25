import type { ByteString } from '../base/byte-string.ts';
import type { Host } from '../node/host/host.ts';
import { pem } from '../trust/pem.ts';
import { revocationOf } from '../trust/revocations.ts';
import { fingerprintOf, signerIdentity } from '../trust/signer-identity.ts';
import type { TrustedCertificate, TrustedKeys, TrustStore } from '../trust/trusted-keys.ts';
import type { TimeLimit } from './time-limit.ts';

/** Where systemd finds them; what is there is gone with the next boot. */
const DIRECTORY: ByteString = '/run/verity.d';

/** What the names of the files begin with, by where the certificates are from. verity.d's own need no second place. */
const PREFIXES: ReadonlyMap<TrustStore, string> = new Map([
  ['PK', 'PK'],
  ['KEK', 'KEK'],
  ['db', 'DB'],
  ['file', 'CONFIG'],
]);
const OURS = /^(?:PK|KEK|DB|CONFIG)\d+\.crt$/;
/** Certificates of one place that are written; real firmware has a few. */
const PER_STORE_MAX = 32;

/** A certificate that was written for systemd, as text for display. */
export interface WrittenCertificate {
  readonly file: string;
  readonly subject: string;
  readonly fingerprint: string;
}

/** What became of the certificates. */
export interface WrittenCertificates {
  readonly written: readonly WrittenCertificate[];
  /** Why others were not: sentences without the final full stop. */
  readonly problems: readonly string[];
}

/**
 * Writes the trusted certificates for systemd, which knows neither the variables of the firmware nor our configuration:
 * PK0.crt, KEK0.crt, DB0.crt and so on, by their places in the variables, and CONFIG0.crt for those of the configuration. Those
 * that are revoked are left out, since systemd knows no revocations. Files of ours that are there from before go.
 *
 * @throws NodeError ('io', 'unsafe-path').
 */
export function writeCertificates(initramfs: Host, keys: TrustedKeys, limit: TimeLimit): WrittenCertificates {
  const problems: string[] = [];
  const files = new Map<ByteString, TrustedCertificate>();
  for (const [store, prefix] of PREFIXES) {
    const all = keys.certificates.filter((certificate) => certificate.store === store);
    if (all.length > PER_STORE_MAX) {
      problems.push(`only the first ${PER_STORE_MAX} certificates of ${prefix} are written to ${DIRECTORY}`);
    }
    for (const [order, trusted] of all.slice(0, PER_STORE_MAX).entries()) {
      if (limit.isOver) {
        // Each is held against all of dbx, which somebody may have filled.
        problems.push(`${trusted.source} is not written to ${DIRECTORY}: there was no time for it`);
        continue;
      }
      const revoked = revocationOf(trusted.certificate, keys.revocations);
      if (revoked === undefined) files.set(`${prefix}${placeOf(trusted) ?? order}.crt`, trusted);
      else problems.push(`${trusted.source} is not written to ${DIRECTORY}: ${revoked}`);
    }
  }
  using directory = initramfs.openDirectory(DIRECTORY, { create: true });
  if (directory === undefined) return { written: [], problems };
  for (const name of directory.list()) {
    if (OURS.test(name) && !files.has(name)) directory.unlink(name);
  }
  const written = [...files].map(([name, { certificate }]): WrittenCertificate => {
    directory.put(name, Buffer.from(pem('CERTIFICATE', certificate.x509.raw)));
    const { subject } = signerIdentity(certificate);
    return { file: `${DIRECTORY}/${name}`, subject, fingerprint: fingerprintOf(certificate.x509) };
  });
  return { written, problems };
}

/** The place of a certificate in its variable, such as 2 of `db[2]`. */
function placeOf({ source }: TrustedCertificate): string | undefined {
  return /^(?:PK|KEK|db)\[(\d{1,4})\]$/.exec(source)?.[1];
}
