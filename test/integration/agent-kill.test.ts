import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import { nodeHost } from '../../src/node/host/node-host.ts';
import { readStore } from '../../src/node/store/store-contents.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { AGENT, kairosAgent } from '../support/kairos-agent.ts';
import { changingCalls, killAtCall } from '../support/kill-at-call.ts';
import { succeeded } from '../support/run-command.ts';

let scratch: string;
let image: string;
let replacement: string;
beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'kill-'));
  image = await build('first');
  replacement = await build('second');
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

/** Builds an image of the name app that holds some text. */
async function build(text: string): Promise<string> {
  const tree = join(scratch, `${text}.tree`);
  fs.mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  fs.writeFileSync(join(tree, 'usr/bin/app'), text);
  const output = join(scratch, text);
  const { stdout } = succeeded(
    await auroraboot(['sysext', '--quiet', '--output', output, 'app', `dir:${tree}`]),
  );
  return stdout.trim();
}

const CASES: [action: string, args: () => string[], before: string[][]][] = [
  ['download', () => ['download', `file://${image}`], []],
  ['download --force', () => ['download', '--force', `file://${replacement}`], [['download']]],
  ['enable', () => ['enable', '--active', 'app'], [['download']]],
  [
    'disable',
    () => ['disable', '--active', 'app'],
    [['download'], ['enable', '--active', 'app'], ['enable', '--common', 'app']],
  ],
  [
    'remove',
    () => ['remove', 'app'],
    [['download'], ['enable', '--active', 'app'], ['enable', '--common', 'app']],
  ],
];

test.each(CASES)(
  'killed at any system call of %s, the store is the old or the new',
  async (_, args, before) => {
    let kills = 0;
    const outcomes = new Set<string>();
    for (const [call, count] of await changesOf(args(), before)) {
      for (let when = 1; when <= count; when++) {
        const root = await prepare(before);
        const old = stateOf(root);
        const { status } = await killAtCall(call, when, AGENT, ['--root', root, 'sysext', ...args()]);
        if (status !== 0) kills += 1;
        const after = stateOf(root);
        // The next command works, and clears away what was left.
        const next = await kairosAgent(['--root', root, 'sysext', ...args()]);
        expect(next.status, next.stderr).toBe(next.stderr.includes('there is no sysext') ? 4 : 0);
        const done = stateOf(root);
        expect([old, done]).toContain(after);
        expect(done).not.toBe(old);
        outcomes.add(after === old ? 'old' : 'new');
        const store = join(root, 'var/lib/kairos/extensions');
        const left = fs
          .readdirSync(store)
          .filter((name) => name.startsWith('.#') && name !== '.#facts.json.new');
        expect(left.filter((name) => name !== '.#facts.json')).toEqual(['.#lock']);
        fs.rmSync(root, { recursive: true });
      }
    }
    expect(kills).toBeGreaterThan(3);
    expect([...outcomes].sort()).toEqual(['new', 'old']);
  },
  600_000,
);

/** A root in which some commands were run. */
async function prepare(before: readonly string[][]): Promise<string> {
  const root = fs.mkdtempSync(join(scratch, 'root-'));
  for (const [command = '', ...rest] of before) {
    const args = command === 'download' ? [command, `file://${image}`] : [command, ...rest];
    succeeded(await kairosAgent(['--root', root, 'sysext', ...args]));
  }
  return root;
}

/** How often a command makes each of the system calls that change something. */
async function changesOf(args: readonly string[], before: readonly string[][]): Promise<[string, number][]> {
  const root = await prepare(before);
  return changingCalls(AGENT, ['--root', root, 'sysext', ...args], join(scratch, 'strace'));
}

/** What the store holds and enables, and nothing that should not be in it. */
function stateOf(root: string): string {
  const { images, strangers } = readStore(nodeHost({ root, environment: {} }), SYSEXT);
  expect(strangers).toEqual([]);
  return JSON.stringify(
    images.map(({ fileName, profiles }) => [
      fileName,
      profiles,
      fs.readFileSync(join(root, 'var/lib/kairos/extensions', fileName)).includes('second')
        ? 'second'
        : 'first',
    ]),
  );
}
