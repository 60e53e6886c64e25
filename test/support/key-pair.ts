import { join } from 'node:path';
import { mustRun } from './run-command.ts';

/** A private key and its self-signed certificate, as PEM files. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

/** openssl's words for the kinds of key that sign images. */
const kinds = {
  'rsa-2048': ['rsa:2048'],
  'p-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'p-384': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
} as const;

/** Makes a key pair with openssl: DIRECTORY/NAME.key and DIRECTORY/NAME.crt, with the name as common name. */
export async function makeKeyPair(
  directory: string,
  name: string,
  kind: keyof typeof kinds,
): Promise<KeyPair> {
  const pair = { key: join(directory, `${name}.key`), certificate: join(directory, `${name}.crt`) };
  const files = ['-keyout', pair.key, '-out', pair.certificate];
  const subject = ['-subj', `/CN=${name}`, '-days', '3650'];
  await mustRun('openssl', ['req', '-x509', '-nodes', '-newkey', ...kinds[kind], ...files, ...subject]);
  return pair;
}
