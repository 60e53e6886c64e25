import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const MODULE = new URL('../../src/cli/standard-output.ts', import.meta.url);

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'standard-output-'));
  const store = join(root, 'var/lib/kairos/extensions');
  mkdirSync(store, { recursive: true });
  writeFileSync(join(store, 'broken.raw'), 'no image');
});
afterAll(() => rmSync(root, { recursive: true }));

/** Runs a command in a shell, where `$AGENT` is the agent and `$NODE` is Node. */
const shell = (script: string) =>
  runCommand('sh', ['-c', script], {
    env: {
      ...process.env,
      NODE: process.execPath,
      AGENT: `${process.execPath} ${MAIN} kairos-agent --root ${root}`,
    },
  });

test.each(['sysext list', 'sysext list --json', '--help', '--version'])(
  'a full disk behind the standard output of %s is told in one sentence',
  async (args) => {
    const { status, stderr } = await shell(`$AGENT ${args} >/dev/full`);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'kairos-agent: error: cannot write the result to standard output: the disk is full\n',
    });
  },
);

test('a reader that went away is no failure', async () => {
  const script = '{ sleep 1; $AGENT sysext list; echo "status $?" >&2; } | true';
  const { stderr } = await shell(script);
  expect(stderr).toMatch(/^kairos-agent sysext: warning: broken\.raw .*\nstatus 0\n$/);
});

test('a log that cannot be written stops nothing', async () => {
  const { status, stdout } = await shell('$AGENT sysext list 2>/dev/full');
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('broken.raw') });
});

test('a slow reader gets everything through a pipe that another program left without waiting', async () => {
  const leave = `process.stdout.write(''); process.kill(process.pid, 'SIGKILL')`;
  const write = `import { StandardOutput } from '${MODULE}';
    const output = new StandardOutput();
    for (let line = 0; line < 40_000; line++) output.write(line + '\\n');`;
  const script = `{ $NODE -e "${leave}"; $NODE --input-type=module -e "${write}"; } | { sleep 1; cat; }`;
  const { stdout } = await shell(script);
  expect(stdout).toBe(Array.from({ length: 40_000 }, (_, line) => `${line}\n`).join(''));
});

test('help fills the width of a terminal', () => {
  const [narrow, wide] = [80, 200].map((columns) => {
    const command = `stty cols ${columns}; ${process.execPath} ${MAIN} auroraboot sysext --help`;
    const shown = execFileSync('script', ['--quiet', '--command', command, '/dev/null'], {
      encoding: 'utf8',
    });
    const options = shown.slice(shown.indexOf('Options:'), shown.indexOf('SOURCE is')).split(/\r?\n/);
    expect(Math.max(...options.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    return options.length;
  });
  expect(wide).toBeLessThan(narrow!);
});
