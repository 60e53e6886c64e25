import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { header } from '../source/tar/pack.ts';
import { mustRun, runCommand } from '../support/run-command.ts';

const program = fileURLToPath(new URL('../../bin/auroraboot', import.meta.url));

let directory: string;
const tmux = (...args: string[]) => mustRun('tmux', ['-S', join(directory, 'socket'), ...args]);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'terminal-'));
});
afterAll(async () => {
  await runCommand('tmux', ['-S', join(directory, 'socket'), 'kill-server']);
  rmSync(directory, { recursive: true });
});

/** What the terminal shows, once it shows what is waited for. */
async function shown(until: RegExp): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { stdout } = await tmux('capture-pane', '-p');
    if (until.test(stdout)) return stdout;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`the terminal never showed ${until}: ${(await tmux('capture-pane', '-p')).stdout}`);
}

it.each([100, 30])(
  'a terminal of %i columns shows the progress in one line, which Ctrl-C removes',
  async (columns) => {
    // An archive that takes its time: one file of 8 GB, a little at a time.
    writeFileSync(join(directory, 'head'), header({ path: 'usr/x', size: 8_000_000_000 }));
    // It ends as soon as nobody reads: a shell between two programs can miss the signal.
    const feed = '(cat head; while sleep 0.05 && head -c 300000 /dev/zero; do :; done)';
    const command = `${feed} | ${program} sysext --output out x tar:-; echo status $?; sleep 60`;
    await tmux('new-session', '-d', '-x', String(columns), '-y', '15', '-c', directory, command);
    const before = await shown(/Extracting +[\d.]+ [kM]B/);
    expect(before.match(/^📤 Extracting/gm)).toHaveLength(1);
    await tmux('send-keys', 'C-c');
    const after = await shown(/status 130/);
    expect(after).not.toMatch(/^📤 Extracting/m);
    await tmux('kill-session');
  },
);
