import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GenkeyResult, generateKeys } from '../../src/trust/genkey.ts';

const NOW = new Date('2026-01-02T03:04:05Z');

let directory: string;
let made: GenkeyResult;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'efi-tools-'));
  made = await generateKeys({ name: 'integration', directory, now: NOW });
});
afterAll(() => rmSync(directory, { recursive: true }));

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
const content = (name: string) => readFileSync(join(directory, name));

describe.each(['PK', 'KEK', 'db'])('the files of %s', (variable) => {
  test('openssl accepts the certificate as its own issuer, and the key', () => {
    expect(
      run(
        'openssl',
        'verify',
        '-x509_strict',
        '-partial_chain',
        '-check_ss_sig',
        '-attime',
        String(NOW.getTime() / 1000),
        '-trusted',
        `${variable}.pem`,
        `${variable}.pem`,
      ),
    ).toContain('OK');
    expect(run('openssl', 'rsa', '-in', `${variable}.key`, '-check', '-noout')).toContain('RSA key ok');
    expect(run('openssl', 'x509', '-in', `${variable}.der`, '-inform', 'DER', '-noout', '-pubkey')).toBe(
      run('openssl', 'pkey', '-in', `${variable}.key`, '-pubout'),
    );
  });

  test('efitools takes the certificate out of the list and writes the same list', () => {
    expect(run('sig-list-to-certs', `${variable}.esl`, `${variable}-out`)).toContain(made.owner);
    expect(content(`${variable}-out-0.der`)).toEqual(content(`${variable}.der`));
    run('cert-to-efi-sig-list', '-g', made.owner, `${variable}.pem`, `${variable}-theirs.esl`);
    expect(content(`${variable}-theirs.esl`)).toEqual(content(`${variable}.esl`));
  });

  test('efitools signs the same bytes', () => {
    const key = variable === 'db' ? 'KEK' : 'PK';
    const signing = ['-t', '2026-01-02 03:04:05', '-k', `${key}.key`, '-c', `${key}.pem`];
    run('sign-efi-sig-list', ...signing, variable, `${variable}.esl`, `${variable}-theirs.auth`);
    expect(content(`${variable}-theirs.auth`)).toEqual(content(`${variable}.auth`));
  });
});

test('db signs a UEFI program that sbverify accepts for db and for nothing else', () => {
  run(
    'sbsign',
    '--key',
    'db.key',
    '--cert',
    'db.pem',
    '--output',
    'signed.efi',
    '/usr/lib/efitools/x86_64-linux-gnu/HashTool.efi',
  );
  expect(run('sbverify', '--cert', 'db.pem', 'signed.efi')).toContain('Signature verification OK');
  expect(() => run('sbverify', '--cert', 'KEK.pem', 'signed.efi')).toThrow();
});
