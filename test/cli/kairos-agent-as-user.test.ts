import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { AGENT, kairosAgent } from '../support/kairos-agent.ts';
import { type Outcome, runCommand, succeeded } from '../support/run-command.ts';

/** Somebody who is not root, and has no rights of root's. */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const canBeNobody =
  process.getuid?.() === 0 && spawnSync('setpriv', [...NOBODY, AGENT, '--version']).status === 0;

let root: string;
const STORE = 'var/lib/kairos/extensions';
const asNobody = (...args: string[]): Promise<Outcome> =>
  runCommand('setpriv', [...NOBODY, AGENT, '--root', root, 'sysext', ...args]);

describe.skipIf(!canBeNobody)('without the rights of root', () => {
  beforeAll(async () => {
    root = fs.mkdtempSync(join(tmpdir(), 'agent-user-'));
    fs.chmodSync(root, 0o755);
    for (const name of ['open', 'secret']) {
      const tree = join(root, `${name}.tree/usr/bin`);
      fs.mkdirSync(tree, { recursive: true });
      fs.writeFileSync(join(tree, name), name);
      const built = await auroraboot(['sysext', '--quiet', '--output', root, name, `dir:${tree}/../..`]);
      const uri = `file://${succeeded(built).stdout.trim()}`;
      succeeded(await kairosAgent(['--root', root, 'sysext', 'download', '--quiet', uri]));
    }
    fs.rmSync(join(root, STORE, '.#facts.json'));
    fs.chmodSync(join(root, STORE, 'secret.sysext.raw'), 0o600);
    fs.mkdirSync(join(root, 'oem'));
    fs.writeFileSync(join(root, 'oem/90_custom.yaml'), 'sysext: {require_signatures: true}\n', {
      mode: 0o600,
    });
  });
  afterAll(() => fs.rmSync(root, { recursive: true }));

  it('list shows all, and says which image may not be read', async () => {
    const { status, stdout, stderr } = await asNobody('list');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^open .*\n^secret /m)]);
    expect(stderr).toMatch(/secret\.sysext\.raw cannot be read as an image: permission denied/);
    expect(stderr).not.toMatch(/open/);
  });
  it('status shows what it can, and says what it may not know', async () => {
    const { status, stdout } = await asNobody('status');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^○ open$/m);
    expect(stdout).toMatch(/signatures +unknown: /);
    expect(stdout).toMatch(/note: \/oem\/90_custom\.yaml may not be read by this user/);
    fs.chmodSync(join(root, 'oem'), 0o700);
    expect((await asNobody('status')).stdout).toMatch(/note: \/oem may not be read by this user/);
  });
  it('verify says nothing of an image by rules that it does not know', async () => {
    const { status, stdout, stderr } = await asNobody('verify', 'open');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/\/oem.*permission denied\n +hint: run as root/);
  });
  it.each([
    ['enable', '--active', 'open'],
    ['remove', 'open'],
    ['download', 'file:///etc/x.raw'],
  ])('%s changes nothing, and says who may', async (...args) => {
    const { status, stderr } = await asNobody(...args);
    expect(status).toBe(args[0] === 'download' ? 1 : 1);
    expect(stderr).toMatch(/permission denied\n +hint: run as root/);
  });
});
