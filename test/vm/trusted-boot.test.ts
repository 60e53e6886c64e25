import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pem } from '../../src/trust/pem.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { flipByte } from '../support/flip-byte.ts';
import type { VirtualMachineRun } from '../support/guest-script.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { mustRun, succeeded } from '../support/run-command.ts';
import { bootNode, bootNodes, buildNode, CONFEXTS, makePersistent, STORE } from '../support/virtual-node.ts';
import { makeIdentity } from '../trust/pki.ts';

/** Images that are live after a boot, and why others are not: what the log says of them. */
const GOOD = ['by-db', 'by-kek', 'by-pk', 'expired'] as const;
const BAD = {
  stranger: /none of those who are trusted/,
  unsigned: /not signed/,
  revoked: /revoked|dbx/,
  'flipped-data': /corrupt|damaged|hash tree|changed/,
  'flipped-tree': /corrupt|damaged|hash tree|changed/,
  'flipped-signature': /signature/,
  renamed: /renamed/,
  'wrong-architecture': /arm64/,
} as const;
type Name = (typeof GOOD)[number] | keyof typeof BAD;
const NAMES = [...GOOD, ...Object.keys(BAD)] as Name[];

/** Images that are enabled for one profile only; all of them are signed by db. */
const PROFILES = ['active', 'passive', 'recovery', 'common'] as const;
const STATES = ['active', 'passive', 'recovery', 'autoreset'] as const;
let directory: string;
let runs: Record<(typeof STATES)[number], VirtualMachineRun>;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-trusted-');
  const at = (name: string) => join(directory, name);
  const image = await buildNode();
  const stranger = await makeKeyPair(directory, 'stranger', 'rsa-2048');
  const revoked = await makeKeyPair(directory, 'revoked', 'rsa-2048');
  const expired = await expiredKeyPair();
  await mustRun('cert-to-efi-sig-list', [revoked.certificate, at('dbx.esl')]);
  const { KEK, db, PK } = image.keys;
  await mustRun('sign-efi-sig-list', [
    ...['-k', KEK.key, '-c', KEK.certificate],
    ...['dbx', at('dbx.esl'), at('dbx.auth')],
  ]);

  const images: Record<Name, string> = {
    'by-db': await build('by-db', db),
    'by-kek': await build('by-kek', KEK),
    'by-pk': await build('by-pk', PK),
    expired: await build('expired', expired),
    stranger: await build('stranger', stranger),
    unsigned: await build('unsigned', undefined),
    revoked: await build('revoked', revoked),
    'flipped-data': await build('flipped-data', db),
    'flipped-tree': await build('flipped-tree', db),
    'flipped-signature': await build('flipped-signature', db),
    renamed: await build('original', db),
    'wrong-architecture': await build('wrong-architecture', db, ['--arch', 'arm64']),
  };
  const partitions = async (name: Name) => extensionPartitions(await readPartitionTable(images[name]));
  // Each where neither mounting nor a look at the headers would notice.
  await flipByte(images['flipped-data'], (await partitions('flipped-data')).data.offset + 40_000);
  await flipByte(images['flipped-tree'], (await partitions('flipped-tree')).hash.offset + 4096 + 64);
  await flipByte(
    images['flipped-signature'],
    (await partitions('flipped-signature')).signature!.offset + 900,
  );
  const files: Record<string, { host: string } | { link: string }> = Object.fromEntries(
    NAMES.flatMap((name) => [
      [`${STORE}/${name}.sysext.raw`, { host: images[name] }],
      ...['active', 'passive', 'recovery'].map(
        (profile) => [`${STORE}/${profile}/${name}.sysext.raw`, { link: `../${name}.sysext.raw` }] as const,
      ),
    ]),
  );
  for (const profile of PROFILES) {
    const name = `only-${profile}`;
    files[`${STORE}/${name}.sysext.raw`] = { host: await build(name, db) };
    files[`${STORE}/${profile}/${name}.sysext.raw`] = { link: `../${name}.sysext.raw` };
  }
  const settings = {
    signed: await build('settings', db, [], 'confext'),
    unsigned: await build('smuggled', undefined, [], 'confext'),
  };
  for (const [name, host] of [
    ['settings', settings.signed],
    ['smuggled', settings.unsigned],
  ] as const) {
    files[`${CONFEXTS}/${name}.confext.raw`] = { host };
    files[`${CONFEXTS}/common/${name}.confext.raw`] = { link: `../${name}.confext.raw` };
  }
  // What an installer left on the EFI system partition.
  await mkdir(at('esp/EFI/kairos/active.efi.extra.d'), { recursive: true });
  const migrated = await build('migrated', db);
  await mustRun('cp', [migrated, at('esp/EFI/kairos/active.efi.extra.d/migrated.sysext.raw')]);

  runs = await bootNodes(
    Object.fromEntries(
      STATES.map((state) => [
        state,
        async () => {
          const persistent = at(`${state}.persistent`);
          await makePersistent(persistent, files);
          return bootNode({
            image,
            entry: state,
            trusted: { db: [expired.certificate, revoked.certificate], dbx: [at('dbx.auth')] },
            persistent,
            esp: at('esp'),
            // A machine whose clock has lost its battery: nobody has a certificate yet.
            ...(state === 'passive' && { clock: '2000-01-01' }),
            timeout: 400,
            script: `
              for name in ${NAMES.join(' ')} ${PROFILES.map((profile) => `only-${profile}`).join(' ')} original migrated; do
                step "$name" sh -c "lab-$name"
              done
              step settings cat /etc/lab-settings
              step smuggled cat /etc/lab-smuggled
              step clock cat /sys/class/rtc/rtc0/date
              step target systemctl is-active multi-user.target
              step log cat /run/immucore/immucore.log
              step report cat /run/immucore/extensions.json
              step certificates ls /run/verity.d
              step service systemctl show systemd-sysext.service --property=ExecStart
              step 'service of confext' systemctl show systemd-confext.service --property=ExecStart
              step table dmsetup table
              step status kairos-agent sysext status
              step esp find /efi/EFI/kairos -name '*.raw'
              step store ls /var/lib/kairos/extensions/active
              step 'secure boot' sh -c 'od -An -tu1 /sys/firmware/efi/efivars/SecureBoot-*'
              step smuggle sh -c 'cp /var/lib/kairos/extensions/unsigned.sysext.raw /run/extensions/ && systemctl restart systemd-sysext && lab-unsigned'
            `,
          });
        },
      ]),
    ) as Record<(typeof STATES)[number], () => Promise<VirtualMachineRun>>,
  );
}, 900_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A key pair with a certificate that has expired. */
async function expiredKeyPair(): Promise<KeyPair> {
  const { key, certificate } = makeIdentity('expired', { notAfter: new Date('2021-01-01T00:00:00Z') });
  const pair = { key: join(directory, 'expired.key'), certificate: join(directory, 'expired.pem') };
  await writeFile(pair.key, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(pair.certificate, pem('CERTIFICATE', certificate));
  return pair;
}

async function build(
  name: string,
  signer: KeyPair | undefined,
  flags: readonly string[] = [],
  kind: 'sysext' | 'confext' = 'sysext',
): Promise<string> {
  const tree = join(directory, `${name}.tree`);
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await mkdir(join(tree, 'usr/share'));
  await mkdir(join(tree, 'etc'));
  await writeFile(join(tree, `etc/lab-${name}`), `${name}\n`);
  await writeFile(join(tree, `usr/bin/lab-${name}`), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
  await writeFile(join(tree, `usr/share/lab-${name}`), `${name} `.repeat(20_000));
  const keys = signer === undefined ? [] : ['--private-key', signer.key, '--certificate', signer.certificate];
  const outcome = await auroraboot([
    // Not compressed, so that there is data to damage.
    ...[kind, '--quiet', '--compression', 'none', ...keys, ...flags],
    ...['--output', directory, name, `dir:${tree}`],
  ]);
  return succeeded(outcome).stdout.trim();
}

describe.each(STATES)('Trusted Boot into %s', (state) => {
  it('is enforced by the firmware', () => {
    expect(runs[state].step('secure boot').stdout.trim().split(/\s+/).at(-1)).toBe('1');
  });
  it('reaches the system, whatever the images are', () => {
    expect(runs[state].step('target')).toMatchObject({ status: 0, stdout: 'active\n' });
  });
  it.each(GOOD)('loads what is signed %s', (name) => {
    expect(runs[state].step(name)).toMatchObject({ status: 0, stdout: `${name}\n` });
  });
  it.each(Object.entries(BAD))('leaves out what is %s, and says why', (name, reason) => {
    expect(runs[state].step(name)).toMatchObject({ status: 127 });
    const line = runs[state]
      .step('log')
      .stdout.split('\n')
      .find((text) => text.includes(`${name}.sysext.raw is left out`));
    expect(line).toMatch(reason);
    const status = runs[state].step('status').stdout;
    expect(status).toContain(`${name}.sysext.raw`);
  });
  it('does the same with configuration extensions', () => {
    expect(runs[state].step('settings')).toMatchObject({ status: 0, stdout: 'settings\n' });
    expect(runs[state].step('smuggled')).toMatchObject({ status: 1 });
    expect(runs[state].step('log').stdout).toMatch(
      /confext smuggled\.confext\.raw is left out: .*not signed/,
    );
    expect(runs[state].step('service of confext').stdout).toContain('root=signed+absent:usr=signed+absent');
  });
  it('tells on the console what is left out, a line each, and how many there are besides', () => {
    const { console } = runs[state];
    for (const name of ['stranger', 'unsigned', 'revoked', 'flipped-data']) {
      expect(
        console.match(new RegExp(`immucore: sysext ${name}\\.sysext\\.raw is left out: `, 'g')),
      ).toHaveLength(1);
    }
    expect(console).toMatch(/immucore: and \d+ more: see \/run\/immucore\/immucore\.log/);
  });
  it.each(PROFILES)('has what is enabled for %s, if it loads that', (profile) => {
    const isLoaded = profile === 'common' || profile === (state === 'autoreset' ? 'recovery' : state);
    expect(runs[state].step(`only-${profile}`).status).toBe(isLoaded ? 0 : 127);
  });
  it('does not load an image under another name', () => {
    expect(runs[state].step('original')).toMatchObject({ status: 127 });
  });
  it('lets systemd take only what is signed, whoever puts it there', () => {
    expect(runs[state].step('service').stdout).toContain('root=signed+absent:usr=signed+absent');
    expect(runs[state].step('smuggle').status).not.toBe(0);
  });
  it('gives systemd the certificates that are not revoked', () => {
    expect(runs[state].step('certificates').stdout.trim().split('\n')).toEqual([
      'DB0.crt',
      'DB1.crt',
      'KEK0.crt',
      'PK0.crt',
    ]);
  });
  it('has the signature by db checked by the kernel, too', () => {
    expect(runs[state].step('table').stdout).toContain('root_hash_sig_key_desc');
  });
});

describe('images that an installer left on the EFI system partition', () => {
  it('move into the store, enabled for their profile, and are loaded', () => {
    expect(runs.active.step('migrated')).toMatchObject({ status: 0, stdout: 'migrated\n' });
    expect(runs.active.step('store').stdout).toContain('migrated.sysext.raw');
    expect(runs.active.step('esp').stdout).toBe('');
  });
});

it('a clock of before there were any certificates changes nothing of that', () => {
  expect(runs.passive.step('clock').stdout).toMatch(/^2000-/);
});
