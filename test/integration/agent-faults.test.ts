import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { AGENT, kairosAgent } from '../support/kairos-agent.ts';
import { mustRun, type Outcome, succeeded } from '../support/run-command.ts';

let scratch: string;
let image: string;
let bytes: Buffer;
let server: http.Server;
let url: string;
/** What the server answers; the image as it is if undefined. */
let answer: ((request: http.IncomingMessage, response: http.ServerResponse) => void) | undefined;
beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'agent-faults-'));
  const tree = join(scratch, 'tree');
  fs.mkdirSync(join(tree, 'usr/share'), { recursive: true });
  fs.writeFileSync(join(tree, 'usr/share/data'), Buffer.alloc(3_000_000, 'data '));
  const flags = ['--quiet', '--compression', 'none', '--output', scratch];
  image = succeeded(await auroraboot(['sysext', ...flags, 'app', `dir:${tree}`])).stdout.trim();
  bytes = fs.readFileSync(image);
  server = http.createServer((request, response) => {
    if (answer !== undefined) return answer(request, response);
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      etag: '"1"',
      'content-length': bytes.length - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.end(bytes.subarray(start));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(scratch, { recursive: true });
});

let root: string;
let state: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(scratch, 'root-'));
  state = join(root, 'var/lib/kairos');
  fs.mkdirSync(state, { recursive: true });
  answer = undefined;
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const agent = (...args: string[]): Promise<Outcome> => kairosAgent(['--root', root, 'sysext', ...args]);
/** What is in the store, also of the agent's own, apart from lock and index. */
const left = (): string[] =>
  fs.readdirSync(join(state, 'extensions')).filter((name) => !['.#lock', '.#facts.json'].includes(name));

/** Sends the beginning of a large file, and then nothing. */
function stall(_: http.IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(200, { etag: '"1"', 'content-length': bytes.length });
  response.write(bytes.subarray(0, 2_000_000));
}

/** Waits until the partial file has something in it. */
async function begun(fileName: string): Promise<void> {
  const partial = join(state, `extensions/.#${fileName}.part`);
  while ((fs.statSync(partial, { throwIfNoEntry: false })?.size ?? 0) < 500_000)
    await new Promise((next) => setTimeout(next, 20));
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s in the middle of a download', (signal, status) => {
  it('ends it at once, and the next one goes on', async () => {
    answer = stall;
    const child = spawn(AGENT, ['--root', root, 'sysext', 'download', `${url}/app.sysext.raw`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    const ended = once(child, 'close');
    await begun('app.sysext.raw');
    child.kill(signal);
    expect(await ended).toEqual([status, null]);
    expect(stderr).toMatch(/^kairos-agent: error: interrupted/m);
    expect(left()).toEqual(['.#app.sysext.raw.from', '.#app.sysext.raw.part']);

    answer = undefined;
    const next = await agent('download', '--json', `${url}/app.sysext.raw`);
    const { resumed, outcome } = JSON.parse(succeeded(next).stdout) as { resumed: number; outcome: string };
    expect(outcome).toBe('added');
    expect(resumed).toBeGreaterThan(400_000);
    expect(fs.readFileSync(join(state, 'extensions/app.sysext.raw')).equals(bytes)).toBe(true);
    expect(left()).toEqual(['app.sysext.raw']);
  });
});

describe('several agents at once', () => {
  it('download different images beside each other, and the same one only once', async () => {
    const downloads = await Promise.all(
      ['app.sysext.raw', 'app_2.sysext.raw', 'app_3.sysext.raw'].map((name) =>
        agent('download', '--name', name, `${url}/app.sysext.raw`),
      ),
    );
    for (const outcome of downloads) succeeded(outcome);
    answer = stall;
    const first = spawn(AGENT, ['--root', root, 'sysext', 'download', '--name', 'app.raw', `${url}/app.raw`]);
    const ended = once(first, 'close');
    await begun('app.raw');
    answer = undefined;
    expect(await agent('download', `${url}/app.raw`)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/another kairos-agent is downloading app\.raw/),
    });
    // Whoever only changes what is there does not wait for a download.
    succeeded(await agent('enable', '--active', 'app_2'));
    first.kill('SIGKILL');
    await ended;
    expect(left()).toContain('app_2.sysext.raw');
  });
  it('change the store one after the other', async () => {
    succeeded(await agent('download', `${url}/app.sysext.raw`));
    const profiles = ['active', 'passive', 'recovery', 'common'];
    const outcomes = await Promise.all(profiles.map((profile) => agent('enable', `--${profile}`, 'app')));
    for (const outcome of outcomes) succeeded(outcome);
    expect(JSON.parse((await agent('list', '--json')).stdout)).toMatchObject([{ profiles }]);
    const removals = await Promise.all([1, 2, 3].map(() => agent('remove', 'app')));
    expect(removals.map(({ status }) => status).sort()).toEqual([0, 4, 4]);
    expect(left()).toEqual(profiles.toSorted());
  });
});

it('an answer of 10 GB that was not expected is refused before it comes', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': 10_000_000_000 });
    response.write('x');
  };
  fs.mkdirSync(join(root, 'etc/kairos'), { recursive: true });
  fs.writeFileSync(join(root, 'etc/kairos/sysext.yaml'), 'download_limit: 4G\n');
  expect(await agent('download', `${url}/app.raw`)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /app\.raw has more than the 4294967296 bytes that an image may have\n +hint: set download_limit/,
    ),
  });
  expect(left()).toEqual([]);
});

describe.skipIf(process.getuid?.() !== 0)('a file system of its own', () => {
  const mount = (options: string): Promise<unknown> =>
    mustRun('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', state]);
  afterEach(() => mustRun('umount', [state]));

  it('that is too small is said before a byte is written', async () => {
    await mount('size=18M');
    expect(await agent('download', `${url}/app.sysext.raw`)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /does not fit into .*: it needs \d+ bytes, and \d+ are free\n +hint: free some space/,
      ),
    });
    expect(left()).toEqual([]);
  });
  it('that becomes full is said, and nothing is left on it', async () => {
    await mount('size=24M');
    answer = (_, response) => {
      const piece = Buffer.alloc(1_000_000);
      const more = (): boolean => response.destroyed || response.write(piece, () => setImmediate(more));
      response.writeHead(200);
      more();
    };
    expect(await agent('download', `${url}/app.sysext.raw`)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/the disk is full\n +hint: free some space/),
    });
    expect(left()).toEqual([]);
    answer = undefined;
    succeeded(await agent('download', `${url}/app.sysext.raw`));
  });
  it('that is full lets extensions be enabled, disabled and removed', async () => {
    await mount('size=24M');
    succeeded(await agent('download', `${url}/app.sysext.raw`));
    expect(() => fs.writeFileSync(join(state, 'filler'), Buffer.alloc(24_000_000))).toThrow(/ENOSPC/);
    for (const args of [
      ['enable', '--active', 'app'],
      ['disable', '--active', 'app'],
      ['remove', 'app'],
    ]) {
      succeeded(await agent(...args));
    }
    expect(left()).toEqual(['active']);
  });
  it('that is read-only is said, and can be looked at', async () => {
    await mount('size=24M');
    succeeded(await agent('download', `${url}/app.sysext.raw`));
    await mustRun('mount', ['-o', 'remount,ro', state]);
    for (const args of [
      ['download', `${url}/app.sysext.raw`],
      ['enable', '--active', 'app'],
      ['disable', '--active', 'app'],
      ['remove', 'app'],
    ]) {
      expect(await agent(...args)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/the file system is read-only\n +hint: /),
      });
    }
    for (const args of [['list'], ['status'], ['verify']]) {
      expect(succeeded(await agent(...args)).stdout).toContain('app');
    }
  });
});
