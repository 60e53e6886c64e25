import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { bundleWithNode } from '../support/bundle.ts';
import { flipByte } from '../support/flip-byte.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { succeeded } from '../support/run-command.ts';
import { makeAuthority } from '../support/tls.ts';
import { bootVirtualMachine, type VirtualMachineRun } from '../support/virtual-machine.ts';

/** The hierarchies of a Kairos node, so that /usr/local stays writable as a whole. */
const HIERARCHIES = ['bin', 'include', 'lib', 'sbin', 'share', 'src']
  .flatMap((name) => [`/usr/local/${name}`, `/usr/${name}`])
  .join(':');

/** The image policies of a Kairos node that is not in Trusted Boot. */
const SYSEXT_DROP_IN = `[Service]
Environment=SYSTEMD_SYSEXT_HIERARCHIES=${HIERARCHIES}
ExecStart=
ExecStart=systemd-sysext refresh --image-policy=root=verity+absent:usr=verity+absent
ExecReload=
ExecReload=systemd-sysext refresh --image-policy=root=verity+absent:usr=verity+absent
`;
const CONFEXT_DROP_IN = `[Service]
ExecStart=
ExecStart=systemd-confext refresh --image-policy=root=verity+absent:usr=verity+absent
ExecReload=
ExecReload=systemd-confext refresh --image-policy=root=verity+absent:usr=verity+absent
`;

const NGINX = `
user root;
events {}
http {
  log_format requests '$request_method $request_uri $status';
  access_log /run/lab/requests requests;
  server {
    listen 127.0.0.1:443 ssl;
    server_name example.org;
    ssl_certificate /etc/lab/server.crt;
    ssl_certificate_key /etc/lab/server.key;
    root /srv;
  }
}
`;

const NODE_TREE = '/opt/kairos-sysext';

let directory: string;
let run: VirtualMachineRun;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-agent-');
  const at = (name: string) => join(directory, name);
  const signer = await makeKeyPair(directory, 'db', 'rsa-2048');
  const authority = await makeAuthority(directory);
  const server = await authority.issue('server', 'example.org');
  bundleWithNode(at('bundle'));

  const k3s = await build('sysext', 'k3sv1.32.1', signer, {
    'usr/local/bin/k3s': '#!/bin/sh\necho k3s version v1.32.1+k3s1\n',
    'usr/lib/systemd/system/k3s.service': '[Service]\nExecStart=/usr/local/bin/k3s server\n',
  });
  const damaged = await build('sysext', 'damaged', signer, { 'usr/bin/damaged': 'x'.repeat(100_000) });
  const { data } = extensionPartitions(await readPartitionTable(damaged));
  await flipByte(damaged, data.offset + 8192);
  const elsewhere = await build('sysext', 'elsewhere', signer, { 'usr/bin/elsewhere': 'x' }, [
    '--id',
    'fedora',
    '--version-id',
    '40',
  ]);
  const motd = await build('confext', 'motd', signer, { 'etc/motd.lab': 'from an extension\n' });

  const texts: Record<string, string> = {
    '/etc/systemd/system/systemd-sysext.service.d/kairos.conf': SYSEXT_DROP_IN,
    '/etc/systemd/system/systemd-confext.service.d/kairos.conf': CONFEXT_DROP_IN,
    '/etc/lab/nginx.conf': NGINX,
    '/etc/kairos/sysext.yaml': 'ca_file: /etc/lab/ca.crt\n',
  };
  await mkdir(at('texts'));
  const written = await Promise.all(
    Object.entries(texts).map(async ([guest, text], index) => {
      const host = at(`texts/${index}`);
      await writeFile(host, text);
      return { guest, host };
    }),
  );
  run = await bootVirtualMachine({
    timeout: 600,
    files: [
      ...written,
      { guest: NODE_TREE, host: at('bundle') },
      { guest: '/etc/lab/ca.crt', host: authority.certificate },
      { guest: '/etc/lab/server.crt', host: server.certificate },
      { guest: '/etc/lab/server.key', host: server.key },
      // The document's own name, without .sysext.
      { guest: '/srv/extensions/k3sv1.32.1.raw', host: k3s },
      { guest: '/srv/extensions/damaged.sysext.raw', host: damaged },
      { guest: '/srv/extensions/elsewhere.sysext.raw', host: elsewhere },
      { guest: '/srv/extensions/motd.confext.raw', host: motd },
    ],
    script: `
      ln -s ${NODE_TREE}/bin/kairos-agent /usr/local/sbin/kairos-agent
      mkdir -p /run/cos
      echo 1 >/run/cos/active_mode
      echo '127.0.0.1 example.org' >>/etc/hosts
      systemctl daemon-reload
      step nginx nginx -c /etc/lab/nginx.conf
      nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

      step download kairos-agent sysext download https://example.org/extensions/k3sv1.32.1.raw
      step enable kairos-agent sysext enable --active --now k3s
      step list kairos-agent sysext list --active
      step merged env SYSTEMD_SYSEXT_HIERARCHIES=${HIERARCHIES} systemd-sysext status --json=short
      step k3s k3s
      step unit systemctl cat k3s.service
      step writable touch /usr/local/etc/written
      step 'status of anyone' nobody kairos-agent sysext status
      step again kairos-agent sysext enable --active --now k3s

      step 'enable in common' kairos-agent sysext enable --common --now k3s
      step 'disable in active' kairos-agent sysext disable --active --now k3s
      step 'k3s in common' k3s
      step 'disable in common' kairos-agent sysext disable --common --now k3s
      step 'k3s disabled' sh -c k3s
      step 'enable for passive' kairos-agent sysext enable --passive --now k3s
      step 'k3s of passive' sh -c k3s
      step 'enable again' kairos-agent sysext enable --active --now k3s
      step 'k3s again' k3s

      step 'download damaged' kairos-agent sysext download https://example.org/extensions/damaged.sysext.raw
      step 'download elsewhere' kairos-agent sysext download https://example.org/extensions/elsewhere.sysext.raw
      step 'enable elsewhere' kairos-agent sysext enable --active --now elsewhere
      step store find /var/lib/kairos /run/extensions -mindepth 1

      step 'download confext' kairos-agent confext download https://example.org/extensions/motd.confext.raw
      step 'enable confext' kairos-agent confext enable --active --now motd
      step motd cat /etc/motd.lab
      step 'remove confext' kairos-agent confext remove --now motd
      step 'motd removed' cat /etc/motd.lab

      step remove kairos-agent sysext remove --now k3s
      step 'k3s removed' sh -c k3s
      step left find /var/lib/kairos /run/extensions -mindepth 1 -name '*k3s*'
      step 'merged at the end' env SYSTEMD_SYSEXT_HIERARCHIES=${HIERARCHIES} systemd-sysext status --json=short
    `,
  });
}, 900_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Builds and signs an image of some files; returns its path. */
async function build(
  kind: 'sysext' | 'confext',
  name: string,
  signer: KeyPair,
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<string> {
  const tree = join(directory, `${name}.tree`);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(tree, path, '..'), { recursive: true });
    await writeFile(join(tree, path), text, { mode: 0o755 });
  }
  const keys = ['--private-key', signer.key, '--certificate', signer.certificate];
  // Not compressed, so that there is data to damage.
  const where = ['--quiet', '--compression', 'none', '--output', directory];
  const outcome = await auroraboot([kind, ...keys, ...where, ...flags, name, `dir:${tree}`]);
  return succeeded(outcome).stdout.trim();
}

describe("the document's workflow, word for word", () => {
  it('downloads over HTTPS', () => {
    succeeded(run.step('download'));
  });
  it('enables, and the extension is live: systemd lists it, its program runs, its unit is known', () => {
    succeeded(run.step('enable'));
    expect(run.step('merged').stdout).toMatch(
      /"hierarchy":"\/usr\/local\/bin","extensions":\["k3sv1\.32\.1"\]/,
    );
    expect(run.step('k3s')).toMatchObject({ status: 0, stdout: 'k3s version v1.32.1+k3s1\n' });
    succeeded(run.step('unit'));
  });
  it('leaves /usr/local writable where no extension is', () => {
    succeeded(run.step('writable'));
  });
  it('lists it', () => {
    expect(run.step('list').stdout).toMatch(
      /^k3sv1\.32\.1 +1\.32\.1 +\S+ +db +active +yes +k3sv1\.32\.1\.raw$/m,
    );
  });
  it('removes it, and what was live', () => {
    succeeded(run.step('remove'));
    expect(run.step('k3s removed')).toMatchObject({ status: 127 });
    expect(run.step('left').stdout).toBe('');
    expect(run.step('merged at the end').stdout).not.toMatch(/k3s/);
  });
});

describe('beyond it', () => {
  it('says that nothing changes when it is enabled again', () => {
    succeeded(run.step('again'));
  });
  it('shows anyone what is live', () => {
    const { status, stdout } = run.step('status of anyone');
    expect(status).toBe(0);
    expect(stdout).toMatch(/active/);
    expect(stdout).toMatch(/systemd\s+257/);
  });
  it('keeps it live while another profile of this boot wants it', () => {
    succeeded(run.step('enable in common'));
    succeeded(run.step('disable in active'));
    succeeded(run.step('k3s in common'));
    succeeded(run.step('disable in common'));
    expect(run.step('k3s disabled')).toMatchObject({ status: 127 });
  });
  it('does not make live what another boot state loads', () => {
    succeeded(run.step('enable for passive'));
    expect(run.step('k3s of passive')).toMatchObject({ status: 127 });
    succeeded(run.step('enable again'));
    succeeded(run.step('k3s again'));
  });
  it('refuses a damaged image before it gets into the store', () => {
    expect(run.step('download damaged')).toMatchObject({ status: 3 });
    expect(run.step('store').stdout).not.toMatch(/damaged/);
  });
  it('refuses to enable what systemd would ignore on this system', () => {
    succeeded(run.step('download elsewhere'));
    expect(run.step('enable elsewhere')).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/fedora/),
    });
    expect(run.step('store').stdout).not.toMatch(/active\/elsewhere|run\/extensions\/elsewhere/);
  });
  it('does the same with configuration extensions', () => {
    succeeded(run.step('download confext'));
    succeeded(run.step('enable confext'));
    expect(run.step('motd')).toMatchObject({ status: 0, stdout: 'from an extension\n' });
    succeeded(run.step('remove confext'));
    expect(run.step('motd removed')).toMatchObject({ status: 1 });
  });
});
