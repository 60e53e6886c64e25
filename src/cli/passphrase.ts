import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream, WriteStream } from 'node:tty';
import { TrustError } from '../trust/error.ts';
import { readSmallFile } from '../trust/small-file.ts';

/** Where a passphrase may come from: the first of file, environment and terminal that there is. */
export interface PassphraseOptions {
  /** What the terminal shows, such as `Passphrase of db.key: `. */
  readonly prompt: string;
  /** A file or pipe whose first line is the passphrase. */
  readonly file: string | undefined;
  /** The value of the environment's variable; an empty one counts as none. */
  readonly environmentValue: string | undefined;
  /** Where the prompt goes on a system without /dev/tty. */
  readonly terminal: { readonly stderr: NodeJS.WriteStream };
  /** Ends the prompt; must abort when the process receives SIGINT, which is what Ctrl-C at the prompt sends it. */
  readonly signal: AbortSignal;
}

/**
 * The passphrase of a key.
 *
 * Throws a TrustError: `unreadable-passphrase`, `no-passphrase` where nothing gives one and there is no terminal to ask at,
 * `cancelled` where the person did not answer.
 */
export async function readPassphrase(options: PassphraseOptions): Promise<string | Buffer> {
  const { prompt, file, environmentValue, terminal, signal } = options;
  if (file !== undefined) return firstLine(file);
  if (environmentValue !== undefined && environmentValue !== '') return environmentValue;
  using ends = openTerminal(terminal.stderr);
  if (ends === undefined) {
    throw new TrustError(
      'no-passphrase',
      'the private key is encrypted, and there is no terminal to ask for its passphrase',
      {
        hint: 'give it with --passphrase-file or in the environment variable AURORABOOT_PASSPHRASE',
      },
    );
  }
  return await ask(prompt, ends, signal);
}

/** As `openssl -passin file:` reads it, but without the carriage return of a file from Windows. */
async function firstLine(path: string): Promise<Buffer> {
  const { bytes } = await readSmallFile(path, 'passphrase file', 'unreadable-passphrase');
  const newline = bytes.indexOf('\n');
  const line = newline === -1 ? bytes : bytes.subarray(0, newline);
  const passphrase = line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
  if (passphrase.length === 0) {
    throw new TrustError('unreadable-passphrase', `passphrase file ${path}: its first line is empty`);
  }
  return passphrase;
}

interface TerminalEnds extends Disposable {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/**
 * The terminal that the process belongs to, whatever standard input and output are: a layer may be piped in, and the log
 * may go to a file.
 */
function openTerminal(stderr: NodeJS.WriteStream): TerminalEnds | undefined {
  try {
    const input = new ReadStream(openSync('/dev/tty', 'r'));
    const output = new WriteStream(openSync('/dev/tty', 'w'));
    return {
      input,
      output,
      [Symbol.dispose]: () => {
        input.destroy();
        output.destroy();
      },
    };
  } catch (error) {
    // ENXIO: a process without a terminal. ENOENT, EACCES: a system or a container without the device.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
  }
  const { stdin } = process;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  return { input: stdin, output: stderr, [Symbol.dispose]: () => void stdin.pause() };
}

/** Reads one line without showing it. The terminal is as it was when this returns or throws. */
async function ask(prompt: string, { input, output }: TerminalEnds, signal: AbortSignal): Promise<string> {
  // readline edits the line and switches the terminal to raw mode and back; what it would show goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  const aborted = () => lines.close();
  try {
    if (signal.aborted) throw cancelled();
    signal.addEventListener('abort', aborted);
    output.write(prompt);
    const answer = await new Promise<string | undefined>((resolve) => {
      lines.once('line', resolve);
      // In raw mode Ctrl-C is a character: the process is told as if it were not.
      lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      // Back from Ctrl-Z and fg, where readline leaves it to us to go on.
      lines.on('SIGCONT', () => {
        output.write(prompt);
        lines.resume();
      });
      lines.once('close', () => resolve(undefined));
    });
    if (answer === undefined) throw cancelled();
    return answer;
  } finally {
    signal.removeEventListener('abort', aborted);
    lines.close();
    output.write('\n');
  }
}

function cancelled(): TrustError {
  return new TrustError('cancelled', 'no passphrase was given for the private key');
}
