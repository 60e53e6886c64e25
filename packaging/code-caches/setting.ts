import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CERTIFICATE, PRIVATE_KEY } from './key.ts';
import { FILES, LINK } from './layer.ts';

const CONFIGURATION = `# A node that takes signed extensions only.
require_signatures: true
certificates:
  - /etc/verity.d/signer.crt
boot_timeout: 60
`;

/**
 * Makes in the current directory what the commands work on, as if for the first time: `key.pem` and `certificate.pem`; `tree`, which
 * becomes an extension; and two nodes without extensions, booted from the active system, `root`, and `strict`, which demands signatures.
 */
export function makeSetting(): void {
  for (const path of ['tree', 'images', 'root', 'strict']) rmSync(path, { recursive: true, force: true });
  write('key.pem', PRIVATE_KEY);
  write('certificate.pem', CERTIFICATE);
  for (const { path, content } of FILES) write(`tree/${path}`, content);
  symlinkSync(LINK.target, `tree/${LINK.path}`);
  for (const node of ['root', 'strict']) {
    write(`${node}/proc/cmdline`, 'COS_ACTIVE\n');
    write(`${node}/etc/verity.d/signer.crt`, CERTIFICATE);
    write(`${node}/etc/os-release`, 'ID=sample\nVERSION_ID=1\n');
    write(`${node}/usr/lib/systemd/libsystemd-shared-257.so`, '');
  }
  write('strict/etc/kairos/sysext.yaml', CONFIGURATION);
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  // A build warns of a key that others can read.
  writeFileSync(path, content, { mode: 0o600 });
}
