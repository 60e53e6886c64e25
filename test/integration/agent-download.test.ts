import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { containerArchitecture } from '../../src/node/machine/release-host.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { type CuttingRelay, startRelay } from '../support/cutting-relay.ts';
import { kairosAgent } from '../support/kairos-agent.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { pushArtifact, pushIndex } from '../support/oci-artifact.ts';
import { pushImage, writeImage } from '../support/oci-image.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { type Outcome, succeeded } from '../support/run-command.ts';
import { tarArchive } from '../support/tar-archive.ts';
import { type ProxyServer, startProxy } from '../support/tinyproxy.ts';
import { makeAuthority } from '../support/tls.ts';

const NAME = 'images.test';

let scratch: string;
let image: string;
let authority: string;
let secure: Nginx;
let plain: Nginx;
let registry: Registry;
let relay: CuttingRelay;
let proxy: ProxyServer;
let root: string;

beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'agent-download-'));
  const tree = join(scratch, 'tree');
  fs.mkdirSync(join(tree, 'usr/share'), { recursive: true });
  fs.writeFileSync(join(tree, 'usr/share/data'), Buffer.alloc(8_000_000, 'data '));
  // As large as its content, so that there is something to cut.
  const flags = ['--quiet', '--compression', 'none', '--output', scratch];
  const built = await auroraboot(['sysext', ...flags, 'app', `dir:${tree}`]);
  image = succeeded(built).stdout.trim();

  const own = await makeAuthority(scratch);
  authority = own.certificate;
  plain = await startNginx();
  secure = await startNginx({
    tls: await own.issue('server', NAME, '127.0.0.1'),
    server: `
      location = /moved/app.sysext.raw { return 302 /app.sysext.raw; }
      location = /down.sysext.raw { return 302 ${plain.url}/app.sysext.raw; }
      location = /round.sysext.raw { return 302 /round.sysext.raw; }
    `,
  });
  for (const { files } of [plain, secure]) fs.copyFileSync(image, join(files, 'app.sysext.raw'));
  relay = await startRelay(secure.port);
  proxy = await startProxy([NAME]);

  registry = await startRegistry();
  const planted = await tarArchive([
    { name: 'var/lib/kairos/extensions/active/planted', content: 'not a disk image' },
    { name: 'app.sysext.raw', content: fs.readFileSync(image) },
  ]);
  await pushImage(writeImage(join(scratch, 'image'), { layers: [planted] }), `${registry.host}/app:1`);
  await pushArtifact(`${registry.url}/v2/artifact`, '1', {
    title: 'app.sysext.raw',
    content: fs.readFileSync(image),
  });
});
afterAll(async () => {
  await proxy?.stop();
  await relay?.stop();
  await registry?.stop();
  await secure?.stop();
  await plain?.stop();
  fs.rmSync(scratch, { recursive: true });
});

beforeEach(() => {
  root = fs.mkdtempSync(join(scratch, 'root-'));
  fs.copyFileSync(authority, join(root, 'ca.pem'));
  configure('ca_file: /ca.pem\n');
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function configure(text: string): void {
  fs.mkdirSync(join(root, 'etc/kairos'), { recursive: true });
  fs.writeFileSync(join(root, 'etc/kairos/sysext.yaml'), text);
}

function download(uri: string, ...flags: string[]): Promise<Outcome> {
  return kairosAgent(['--root', root, 'sysext', 'download', ...flags, uri]);
}

/** What is in the store, the agent's own files apart. */
function stored(): string[] {
  const store = join(root, 'var/lib/kairos/extensions');
  return fs.existsSync(store) ? fs.readdirSync(store).filter((name) => !name.startsWith('.')) : [];
}

/** That exactly this image is in the store. */
function expectStored(): void {
  expect(stored()).toEqual(['app.sysext.raw']);
  const bytes = fs.readFileSync(join(root, 'var/lib/kairos/extensions/app.sysext.raw'));
  expect(bytes.equals(fs.readFileSync(image))).toBe(true);
}

describe('over HTTPS', () => {
  it('with a private authority, and a query that stays out of the name', async () => {
    succeeded(await download(`${secure.url}/app.sysext.raw?token=secret`));
    expectStored();
  });
  it('refuses a server of an authority that it does not know', async () => {
    configure('');
    const { status, stderr } = await download(`${secure.url}/app.sysext.raw`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/certificate/);
    expect(stored()).toEqual([]);
  });
  it('follows a redirect, but never to plain HTTP', async () => {
    succeeded(await download(`${secure.url}/moved/app.sysext.raw`));
    expectStored();
    const { status, stderr } = await download(`${secure.url}/down.sysext.raw`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/without encryption/);
    expect(stored()).toEqual(['app.sysext.raw']);
  });
  it('does not go round in circles', async () => {
    const { status, stderr } = await download(`${secure.url}/round.sysext.raw`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/redirect/);
  });
  it('goes on by range after the connection was cut', async () => {
    relay.cutAfter(1_000_000, 2_000_000);
    succeeded(await download(`https://127.0.0.1:${relay.port}/app.sysext.raw`));
    expect(relay.cuts()).toBe(2);
    expect(secure.requests()).toMatch(/^GET \/app\.sysext\.raw \[bytes=\d+-\] 206/m);
    expectStored();
  });
  it('goes through the proxy of the configuration', async () => {
    configure(`ca_file: /ca.pem\nproxy: {https: 'http://${proxy.host}'}\n`);
    succeeded(await download(`https://${NAME}:${secure.port}/app.sysext.raw`));
    expect(proxy.log()).toContain(`CONNECT ${NAME}:${secure.port}`);
    expectStored();
  });
  it('says that there is no such file, with exit status 4', async () => {
    const { status, stderr } = await download(`${secure.url}/none.sysext.raw`);
    expect([status, stderr]).toEqual([4, expect.stringContaining('no such file')]);
  });
  it('compares the digest that was asked for', async () => {
    const { status, stderr } = await download(
      `${secure.url}/app.sysext.raw`,
      '--sha256',
      '0123456789abcdef'.repeat(4),
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(/SHA-256/);
    expect(stored()).toEqual([]);
  });
});

it('over plain HTTP', async () => {
  succeeded(await download(`${plain.url}/app.sysext.raw`));
  expectStored();
});

describe('from a registry', () => {
  it('takes the disk image out of a layer, and nothing else', async () => {
    succeeded(await download(`oci://${registry.host}/app:1`));
    expectStored();
    expect(fs.readdirSync(join(root, 'var/lib/kairos/extensions'))).not.toContain('active');
  });
  it('takes the disk image that is an artifact', async () => {
    succeeded(await download(`oci://${registry.host}/artifact:1`));
    expectStored();
  });
  it('takes the artifact of this architecture out of an index', async () => {
    const repository = `${registry.url}/v2/platforms`;
    const content = fs.readFileSync(image);
    const ours = await pushArtifact(repository, 'ours', { title: 'app.sysext.raw', content });
    const theirs = await pushArtifact(repository, 'theirs', {
      title: 'app.sysext.raw',
      content: Buffer.from('for another machine'),
    });
    await pushIndex(repository, '1', { s390x: theirs, [containerArchitecture()]: ours });
    succeeded(await download(`oci://${registry.host}/platforms:1`));
    expectStored();
    await pushIndex(repository, 'others', { s390x: theirs });
    const { status, stderr } = await download(`oci://${registry.host}/platforms:others`);
    expect([status, stderr]).toEqual([
      4,
      expect.stringMatching(/no image for linux\/.*it has: linux\/s390x/),
    ]);
  });
  it('takes an artifact that says to be an archive, as oras says of files', async () => {
    await pushArtifact(`${registry.url}/v2/default-type`, '1', {
      title: 'dist/app.sysext.raw',
      content: fs.readFileSync(image),
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
    });
    succeeded(await download(`oci://${registry.host}/default-type:1`));
    expectStored();
  });
  it('asks which one is meant where a layer holds several disk images', async () => {
    const content = fs.readFileSync(image);
    const layer = await tarArchive([
      { name: 'other.sysext.raw', content: Buffer.from('no image') },
      { name: 'images/app.sysext.raw', content },
      { name: '../../escaped.raw', content },
    ]);
    await pushImage(
      writeImage(join(scratch, 'several'), {
        layers: [layer, await tarArchive([{ name: 'readme', content: '' }])],
      }),
      `${registry.host}/several:1`,
    );
    const { status, stderr } = await download(`oci://${registry.host}/several:1`);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/3 disk images in it: other.sysext.raw, app/),
    ]);
    expect(stored()).toEqual([]);
    succeeded(await download(`oci://${registry.host}/several:1`, '--name', 'app.sysext.raw'));
    expectStored();
  });
  it('says that there is no such tag, with exit status 4', async () => {
    const { status, stderr } = await download(`oci://${registry.host}/app:none`);
    expect([status, stderr]).toEqual([4, expect.stringContaining('none')]);
  });
});
