import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { base64Bytes } from '../../base/base64.ts';
import { escapeControls } from '../../base/display.ts';
import type { ImageFinding } from '../../image/image-finding.ts';
import { TrustError } from '../error.ts';
import { findPemBlock, pemText } from '../pem.ts';
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

type Report = (path: string, problem: string) => void;

/**
 * The certificates of `verity.d` directories by systemd's rules (systemd 257 dissect-image.c: `validate_signature_userspace`;
 * conf-files.c: `files_add`): files called `*.crt` in the order of their names, of the same name the one in the earlier
 * directory, none where that one is a mask: empty, or a link to /dev/null. PEM, and of each file the first certificate only.
 * A directory that does not exist has none; a file that cannot be read is reported, and hides later ones all the same.
 */
export async function verityDirectories(directories: readonly string[]): Promise<DirectoryCertificates> {
  /** By name; undefined for a mask. */
  const files = new Map<string, string | undefined>();
  const findings: ImageFinding<TrustStoreCode>[] = [];
  const report: Report = (path, problem) => {
    const message = `${escapeControls(path)}: ${problem}`;
    findings.push({
      code: 'certificate-unreadable',
      layer: 'trust',
      level: 'warning',
      message,
      subjects: [],
    });
  };
  for (const directory of directories) {
    for (const [index, name] of (await certificateNames(directory, report)).entries()) {
      if (files.has(name)) continue;
      const path = join(directory, name);
      if (index >= FILES_MAX) {
        // What it is stays unknown. It may be a mask.
        files.set(name, undefined);
        continue;
      }
      switch (await kindOf(path, report)) {
        case 'file':
          files.set(name, path);
          break;
        case 'mask':
          files.set(name, undefined);
          break;
        case 'other':
      }
    }
  }
  const certificates: TrustedCertificate[] = [];
  for (const name of [...files.keys()].sort()) {
    const path = files.get(name);
    if (path === undefined) continue;
    try {
      certificates.push(await readTrusted(path));
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      report(path, error.message);
    }
  }
  return { certificates, findings };
}

async function certificateNames(directory: string, report: Report): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') report(directory, reason(error));
    return [];
  }
  const found = names.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).sort();
  if (found.length > FILES_MAX) report(directory, `only the first ${FILES_MAX} files are read`);
  return found;
}

/** What a name stands for; `other` neither counts nor hides a file of its name in a later directory. */
async function kindOf(path: string, report: Report): Promise<'file' | 'mask' | 'other'> {
  try {
    const status = await stat(path);
    if (status.isCharacterDevice() || status.isBlockDevice()) return 'mask';
    if (status.isFile()) return status.size === 0 ? 'mask' : 'file';
    report(path, 'it is no file');
  } catch (error) {
    if (await isLinkToNull(path)) return 'mask';
    report(path, reason(error));
  }
  return 'other';
}

/** Whether it is the usual mask, also where there is no /dev/null, as in another root directory. */
async function isLinkToNull(path: string): Promise<boolean> {
  try {
    return (await readlink(path)) === '/dev/null';
  } catch (error) {
    reason(error);
    return false;
  }
}

async function readTrusted(path: string): Promise<TrustedCertificate> {
  const { bytes } = await readSmallFile(path, 'certificate', 'unreadable-certificate');
  // PEM_read_X509 passes over blocks with other labels, TRUSTED CERTIFICATE among them.
  const block = findPemBlock(
    pemText(bytes),
    (label) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE',
  );
  if (block === undefined) {
    throw new TrustError('unreadable-certificate', 'it holds no certificate in PEM');
  }
  const lines = block.text.trimEnd().split(/\r?\n/);
  const der = base64Bytes(lines.slice(1, -1).join('').replace(/\s/g, ''));
  if (der === undefined) throw new TrustError('unreadable-certificate', 'the PEM block is damaged');
  return {
    certificate: await parseCertificate(der, 'the PEM block'),
    store: 'verity.d',
    source: escapeControls(path),
    isAnchor: false,
  };
}
