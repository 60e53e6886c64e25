import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustRun, type Outcome } from './run-command.ts';

/** A file of this machine to put into a guest, at an absolute path. */
export interface GuestFile {
  readonly guest: string;
  readonly host: string;
}

/** What a boot left behind. */
export interface VirtualMachineRun {
  /** How a step of the script ended. Throws when there was none of that name. */
  step(name: string): Outcome;
  /** Everything the guest's kernel and init printed. */
  readonly console: string;
}

/**
 * Defines `step` for the guest's script. Reports are lines of JSON on the second serial port; what a command printed is
 * in base64, so that nothing needs quoting. Firmware writes to that port too, so other lines are possible.
 */
const prelude = `
stty -F /dev/ttyS1 raw -echo
step() {
  local name=$1 status=0
  shift
  "$@" >/run/lab/stdout 2>/run/lab/stderr </dev/null || status=$?
  printf '{"step":"%s","command":"%s","status":%d,"stdout":"%s","stderr":"%s"}\\n' "$name" "$(printf '%s' "$*" | base64 -w0)" \\
    "$status" "$(base64 -w0 /run/lab/stdout)" "$(base64 -w0 /run/lab/stderr)" >/dev/ttyS1
}
`;

/** A tar archive of the files and of a script, to be read by the guest as a disk. Returns its path. */
export async function packGuestFiles(
  directory: string,
  files: readonly GuestFile[],
  script: string,
  scriptPath: string,
): Promise<string> {
  const staging = join(directory, 'files');
  const own = join(directory, 'script');
  await writeFile(own, `${prelude}\n${script}\nstep end true\n`);
  for (const { guest, host } of [...files, { guest: scriptPath, host: own }]) {
    const path = join(staging, guest);
    await mkdir(dirname(path), { recursive: true });
    await symlink(host, path);
  }
  const archive = join(directory, 'files.tar');
  const from = ['--file', archive, '--directory', staging, '.'];
  await mustRun('tar', ['--create', '--sparse', '--dereference', ...from]);
  return archive;
}

/** Where the consoles of boots that failed are kept. */
const CONSOLES = fileURLToPath(new URL('../../.cache/consoles', import.meta.url));

/** What the guest reported, if its script came to an end; else an error with the end of its console, which is kept. */
export async function guestRun(
  { status, stderr }: Outcome,
  timeout: number,
  results: string,
  console: string,
): Promise<VirtualMachineRun> {
  const steps = await readSteps(results);
  if (status !== 0 || !steps.has('end')) {
    const what = status === 137 ? `was killed after ${timeout} s` : `ended with status ${status}`;
    const reached = [...steps.keys()].join(', ') || 'none';
    await mkdir(CONSOLES, { recursive: true });
    const kept = join(CONSOLES, `${Date.now()}.log`);
    await writeFile(kept, console);
    throw new Error(
      `the virtual machine ${what}; steps of the script: ${reached}; its console is in ${kept}\n${stderr}${console.slice(-4000)}`,
    );
  }
  return {
    console,
    step: (name) => {
      const step = steps.get(name);
      if (step === undefined) throw new Error(`no step ${name}; there are ${[...steps.keys()].join(', ')}`);
      return step;
    },
  };
}

async function readSteps(results: string): Promise<Map<string, Outcome>> {
  const text = await readFile(results, 'utf8').catch(() => '');
  const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
  const steps = new Map<string, Outcome>();
  for (const [line] of text.matchAll(/\{"step":.*\}$/gm)) {
    const report = JSON.parse(line) as Outcome & { step: string };
    steps.set(report.step, {
      command: decode(report.command),
      status: report.status,
      stdout: decode(report.stdout),
      stderr: decode(report.stderr),
    });
  }
  return steps;
}
