import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/node/config/read-configuration.ts';
import { nodeHost } from '../../src/node/host/node-host.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function write(path: string, content: string): void {
  fs.mkdirSync(join(root, path, '..'), { recursive: true });
  fs.writeFileSync(join(root, path), content);
}
const read = () => readConfiguration(nodeHost({ root, environment: {} }));

const PEM = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';

test('a machine without configuration has the defaults', async () => {
  expect(await read()).toEqual({
    certificateFiles: [],
    certificates: [],
    requireSignatures: false,
    imagePolicy: undefined,
    hierarchies: undefined,
    mutable: undefined,
    proxy: undefined,
    caFile: undefined,
    downloadLimit: undefined,
    bootTimeout: undefined,
  });
});

test('everything can be set', async () => {
  write(
    'etc/kairos/sysext.yaml',
    `certificates:
  - /etc/keys/vendor.pem
  - |
${PEM.replace(/^/gm, '    ').trimEnd()}
require_signatures: true
image_policy: root=signed+absent:usr=signed+absent
hierarchies: [/usr/bin, /usr/lib]
mutable: auto
proxy: { https: "http://proxy:3128", no: localhost }
ca_file: /etc/ssl/private.pem
download_limit: 2G
boot_timeout: 20
`,
  );
  expect(await read()).toEqual({
    certificateFiles: ['/etc/keys/vendor.pem'],
    certificates: [{ pem: PEM, source: '/etc/kairos/sysext.yaml' }],
    requireSignatures: true,
    imagePolicy: 'root=signed+absent:usr=signed+absent',
    hierarchies: ['/usr/bin', '/usr/lib'],
    mutable: 'auto',
    proxy: { http: undefined, https: 'http://proxy:3128', no: 'localhost' },
    caFile: '/etc/ssl/private.pem',
    downloadLimit: 2 * 1024 ** 3,
    bootTimeout: 20,
  });
});

test('cloud-config files are read, too: what comes later wins, certificates add up', async () => {
  write(
    'oem/10-a.yaml',
    '#cloud-config\nname: a\nstages: {}\nsysext:\n  certificates: [/a]\n  mutable: auto\n',
  );
  write('oem/20-b.yml', 'sysext: { certificates: [/b], boot_timeout: 5 }\n');
  write('oem/30-other.yaml', 'stages: { boot: [{ commands: ["echo sysext: {}"] }] }\n');
  write('oem/ignored.txt', 'sysext: [');
  write('usr/local/cloud-config/c.yaml', 'sysext: { mutable: ephemeral }\n');
  write('etc/kairos/sysext.yaml', 'certificates: [/d]\nboot_timeout: 7\n');
  expect(await read()).toMatchObject({
    certificateFiles: ['/a', '/b', '/d'],
    mutable: 'ephemeral',
    bootTimeout: 7,
  });
});

describe('what is wrong is told with its place', () => {
  test.each([
    ['certificates: [relative]', '1:16: certificates.0: it must be an absolute path or a certificate in PEM'],
    ['\n  require_signatures: maybe', '2:23: require_signatures: it must be true or false'],
    [
      'require_signature: true',
      '1:20: require_signature: there is no such key; there are certificates, require_signatures,',
    ],
    ['proxy:\n  ftp: http://x', '2:8: proxy.ftp: there is no such key; there are http, https, no'],
    ['image_policy: root=nonsense', '1:15: image_policy: '],
    ['hierarchies: [/usr/../etc]', '1:15: hierarchies.0: it must be an absolute path without'],
    ['hierarchies: []', '1:14: hierarchies'],
    ['mutable: true', '1:10: mutable: it must be one of'],
    ['download_limit: lots', '1:17: download_limit: it must be a number of bytes'],
    ['boot_timeout: 0', '1:15: boot_timeout: it must be 1 at least'],
    ['proxy: { https: "socks://x" }', '1:17: proxy.https: it must be an http or https address'],
    ['a: [1', '1:'],
    ['- 1', '1:1: the configuration: it must be a mapping'],
    [`a: &a [x]\nb: [${'*a, '.repeat(50)}]`, 'more than 20 aliases'],
    ['mutable: auto\nmutable: yes', '2:1: '],
    ['\xff\xfe', ''],
  ])('%j', async (text, message) => {
    write('etc/kairos/sysext.yaml', text);
    const error: unknown = await read().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('/etc/kairos/sysext.yaml'),
    });
    expect((error as Error).message).toContain(message);
  });

  test('in a cloud-config, of its sysext key only', async () => {
    write('oem/a.yaml', 'stages: {}\nsysext:\n  mutable: 1\n');
    await expect(read()).rejects.toThrow('/oem/a.yaml:3:12: mutable: it must be one of');
    write('oem/a.yaml', 'x: sysext:\nsysext: 5\n');
    await expect(read()).rejects.toThrow('/oem/a.yaml:1:');
  });

  test('a file that is too large, or none', async () => {
    write('etc/kairos/sysext.yaml', '#'.repeat(2 ** 20 + 1));
    await expect(read()).rejects.toMatchObject({ code: 'configuration', message: /more than/ });
    fs.rmSync(join(root, 'etc'), { recursive: true });
    fs.mkdirSync(join(root, 'etc/kairos/sysext.yaml'), { recursive: true });
    await expect(read()).rejects.toMatchObject({ code: 'configuration' });
  });
});

test.each([
  '{"sysext": {"require_signatures": true}}',
  "'sysext' : {require_signatures: true}\n",
  'sysext  :\n  require_signatures: true\n',
])('the key of a cloud-config counts however it is written: %j', async (text) => {
  write('oem/90_custom.yaml', text);
  expect(await read()).toMatchObject({ requireSignatures: true });
});
