import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyPair, makeKeyPair } from './key-pair.ts';
import { mustRun } from './run-command.ts';

/** A certificate authority that no machine trusts by itself. */
export interface Authority {
  /** Its certificate, PEM. */
  readonly certificate: string;
  /** A key pair with a certificate of this authority for a server of these names and addresses, or for a client. */
  issue(name: string, ...alternativeNames: string[]): Promise<KeyPair>;
}

/** Makes an authority with openssl; its files go to the directory. */
export async function makeAuthority(directory: string): Promise<Authority> {
  const own = await makeKeyPair(directory, 'authority', 'p-256');
  return {
    certificate: own.certificate,
    async issue(name, ...alternativeNames) {
      const at = (suffix: string): string => join(directory, `${name}.${suffix}`);
      const names = alternativeNames.map((text) => (/^[\d.]+$/.test(text) ? `IP:${text}` : `DNS:${text}`));
      writeFileSync(at('ext'), names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`);
      const curve = ['-pkeyopt', 'ec_paramgen_curve:P-256'];
      const request = ['-keyout', at('key'), '-out', at('csr'), '-subj', `/CN=${name}`];
      await mustRun('openssl', ['req', '-nodes', '-newkey', 'ec', ...curve, ...request]);
      const signing = ['-CA', own.certificate, '-CAkey', own.key, '-CAcreateserial', '-days', '30'];
      const files = ['-in', at('csr'), '-out', at('crt'), '-extfile', at('ext')];
      await mustRun('openssl', ['x509', '-req', ...files, ...signing]);
      return { key: at('key'), certificate: at('crt') };
    },
  };
}
