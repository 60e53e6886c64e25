import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { mustRun, succeeded } from '../support/run-command.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-mkosi-');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(['sysext', 'confext'] as const)('a %s of mkosi', (kind) => {
  let image: string;
  let certificate: string;

  beforeAll(async () => {
    const project = join(directory, kind);
    const hierarchy = join(project, 'mkosi.extra', kind === 'sysext' ? 'usr' : 'etc');
    await mkdir(join(hierarchy, 'demo'), { recursive: true });
    await writeFile(join(hierarchy, 'demo', 'hello'), 'hello\n');
    await chmod(join(hierarchy, 'demo', 'hello'), 0o640);
    // No distribution and no packages, so that nothing is downloaded.
    await writeFile(
      join(project, 'mkosi.conf'),
      `[Distribution]\nDistribution=custom\n[Output]\nFormat=${kind}\nImageId=demo\nSeed=6f1b0bcb-4a43-5b52-8d1a-111111111111\n[Content]\nBootable=no\n`,
    );
    certificate = join(project, 'mkosi.crt');
    const key = join(project, 'mkosi.key');
    const subject = ['-subj', '/CN=mkosi', '-days', '30'];
    await mustRun('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      ...subject,
    ]);
    await mustRunInSystemdRoot(project, ['mkosi', '-f', 'build']);
    image = join(project, 'demo.raw');
  });

  it('is accepted, signed by its key', async () => {
    const outcome = await auroraboot(['verify', '--json', '--certificate', certificate, image]);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      accepted: true,
      class: kind,
      name: 'demo',
      signer: { subject: 'CN=mkosi' },
    });
    expect(outcome.status).toBe(0);
  });

  it('is shown with what is in it', async () => {
    const { stdout } = succeeded(await auroraboot(['inspect', '--json', image]));
    expect(JSON.parse(stdout)).toMatchObject({
      useSystemExtension: kind === 'sysext',
      useConfigurationExtension: kind === 'confext',
      extension: { class: kind, name: 'demo' },
      fileSystem: { type: 'erofs' },
      findings: [],
    });
    const { stdout: files } = succeeded(await auroraboot(['inspect', '--files', image]));
    expect(files).toMatch(/^-rw-r----- +1 +0 +0 +6 \S+ \S+ \/(usr|etc)\/demo\/hello$/m);
  });
});
