import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeControls } from '../../base/display.ts';
import type { ImageFinding } from '../../image/image-finding.ts';
import { TrustError } from '../error.ts';
import { findPemBlock, isCertificateLabel, pemText } from '../pem.ts';
import { parseCertificate } from '../pkcs7/parsed-certificate.ts';
import { readSmallFile } from '../small-file.ts';
import { reason } from '../system-error.ts';
import type { TrustedCertificate, TrustStoreCode } from '../trusted-keys.ts';

/** Where systemd looks for certificates, earlier directories first (verity.d, systemd 257 dissect-image.c). */
export const VERITY_DIRECTORIES = [
  '/etc/verity.d',
  '/run/verity.d',
  '/usr/local/lib/verity.d',
  '/usr/lib/verity.d',
] as const;

const SUFFIX = '.crt';
/** Files that a directory may have; real ones have a few. */
const FILES_MAX = 1000;

/** The certificates of some directories, and what was wrong with their files. */
export interface DirectoryCertificates {
  readonly certificates: readonly TrustedCertificate[];
  readonly findings: readonly ImageFinding<TrustStoreCode>[];
}

/**
 * The certificates of `verity.d` directories by systemd's rules (systemd 257 dissect-image.c: `validate_signature_userspace`;
 * conf-files.c): files called `*.crt` in the order of their names, of the same name the one in the earlier directory, none
 * where that one is empty or a link to /dev/null. PEM, and of each file the first certificate only. A directory that does
 * not exist has none; a file that cannot be read is reported.
 */
export async function verityDirectories(directories: readonly string[]): Promise<DirectoryCertificates> {
  const files = new Map<string, string>();
  const findings: ImageFinding<TrustStoreCode>[] = [];
  const report = (path: string, problem: string): void => {
    findings.push({
      code: 'certificate-unreadable',
      layer: 'trust',
      level: 'warning',
      message: `${escapeControls(path)}: ${problem}; systemd passes it over`,
      subjects: [],
    });
  };
  for (const directory of directories) {
    for (const name of await certificateNames(directory, report)) {
      if (!files.has(name)) files.set(name, join(directory, name));
    }
  }
  const certificates: TrustedCertificate[] = [];
  for (const name of [...files.keys()].sort()) {
    const path = files.get(name)!;
    try {
      const trusted = await readTrusted(path);
      if (trusted !== undefined) certificates.push(trusted);
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      report(path, error.message);
    }
  }
  return { certificates, findings };
}

async function certificateNames(
  directory: string,
  report: (path: string, problem: string) => void,
): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') report(directory, reason(error));
    return [];
  }
  const found = names.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).sort();
  if (found.length > FILES_MAX)
    report(directory, `more than ${FILES_MAX} files, the rest of which is left out`);
  return found.slice(0, FILES_MAX);
}

/** The first certificate of a file; undefined where it masks others of its name. */
async function readTrusted(path: string): Promise<TrustedCertificate | undefined> {
  if (await isNull(path)) return undefined;
  const { bytes } = await readSmallFile(path, 'certificate', 'unreadable-certificate');
  if (bytes.length === 0) return undefined;
  const block = findPemBlock(pemText(bytes), isCertificateLabel);
  if (block === undefined) {
    throw new TrustError('unreadable-certificate', 'the file holds no certificate in PEM');
  }
  return {
    certificate: await parseCertificate(derOf(block.text), path),
    store: 'verity.d',
    source: escapeControls(path),
    isAnchor: false,
  };
}

async function isNull(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink() && (await readlink(path)) === '/dev/null';
  } catch (error) {
    throw new TrustError('unreadable-certificate', reason(error), { cause: error });
  }
}

/** The bytes of a PEM block (RFC 7468). */
function derOf(block: string): Uint8Array {
  return Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64');
}
