import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROMPT = 'Passphrase of db.key: ';
const program = fileURLToPath(new URL('../support/prompt-once.ts', import.meta.url));

/**
 * What a terminal shows when the prompt runs at it, what `keys` were typed, and how `stty` finds it
 * afterwards. `script` of util-linux makes the terminal.
 */
async function typeAtPrompt(keys: string, redirection = ''): Promise<string> {
  const command = `"${process.execPath}" "${program}" ${redirection}; stty -a`;
  const script = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  let typed = false;
  for await (const chunk of script.stdout.setEncoding('utf8')) {
    shown += chunk;
    if (!typed && shown.includes(PROMPT)) {
      typed = true;
      script.stdin.write(keys);
    }
  }
  return shown;
}

const RESTORED = /(?<!-)\bicanon\b.*(?<!-)\becho\b/s;

test('what is typed is read and not shown', async () => {
  const shown = await typeAtPrompt('s\u00e9cres\x7ft\r');
  expect(shown).toContain('answer="s\u00e9cret"');
  expect(shown.replace(/answer=.*/, '')).not.toMatch(/s\u00e9cre/);
  expect(shown).toMatch(RESTORED);
});

test('it is asked at the terminal although standard input and error are not', async () => {
  const shown = await typeAtPrompt('secret\r', '</dev/null 2>/dev/null');
  expect(shown).toContain('answer="secret"');
});

test('Ctrl-C interrupts the process and restores the terminal', async () => {
  const shown = await typeAtPrompt('sec\x03');
  expect(shown).toContain('code=cancelled aborted=true');
  expect(shown).toMatch(RESTORED);
});

test('Ctrl-D on an empty line gives up', async () => {
  const shown = await typeAtPrompt('\x04');
  expect(shown).toContain('code=cancelled aborted=false');
  expect(shown).toMatch(RESTORED);
});

test('without a terminal it says what to do', async () => {
  // setsid parts the process from the terminal that the tests may run at.
  const child = spawn('setsid', ['-w', process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) output += chunk;
  expect(output).toMatch(/^code=no-passphrase/);
});
