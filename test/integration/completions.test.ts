import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describePrograms } from '../../packaging/command-tree.ts';
import { writeCompletions } from '../../packaging/completions/write.ts';
import { writeManPages } from '../../packaging/man.ts';
import { mustRun, runCommand } from '../support/run-command.ts';

let directory: string;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-completions-');
  const programs = await describePrograms();
  writeCompletions(at('completions'), programs);
  writeManPages(at('man'), programs);
  // A store with names of all kinds. What they hold does not matter for a listing.
  const store = at('root/var/lib/kairos/extensions');
  await mkdir(store, { recursive: true });
  for (const name of ['k3sv1.32.1', 'sbctl', `$(touch ${'x'.repeat(3)})`, "it's `id`; *"]) {
    await writeFile(join(store, `${name}.sysext.raw`), 'no image');
  }
  await mkdir(at('images'));
  await writeFile(at('images/a b.raw'), '');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const env = () => ({ PATH: `${resolve('bin')}:${process.env.PATH}`, HOME: directory });

/** What bash offers for a line, as its completion gets it: words, of which the last is completed. */
async function bash(program: string, ...words: string[]): Promise<string[]> {
  const script = `
    compopt() { :; }
    . "$1"
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    "_\${1//-/_}"
    [ "\${#COMPREPLY[@]}" -eq 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const file = at(`completions/bash/${program}`);
  const { stdout, stderr } = await mustRun('bash', ['-c', script, 'bash', file, program, ...words], {
    cwd: directory,
    env: env(),
  });
  expect(stderr).toBe('');
  return stdout.split('\n').slice(0, -1);
}

/** What fish offers for a line, without the descriptions. */
async function fish(line: string): Promise<string[]> {
  const program = line.split(' ')[0]!;
  const script = 'source $argv[1]; complete -C $argv[2]';
  const args = ['--no-config', '-c', script, at(`completions/fish/${program}.fish`), line];
  const { stdout } = await mustRun('fish', args, { cwd: directory, env: env() });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((offer) => offer.split('\t')[0]!);
}

describe('bash completes', () => {
  it('commands, options and the words that an option takes', async () => {
    expect(await bash('auroraboot', 'ver')).toEqual(['verify']);
    expect(await bash('kairos-agent', '')).toEqual(['sysext', 'confext', 'status']);
    expect(await bash('kairos-agent', 'sysext', 'd')).toEqual(['download', 'disable']);
    expect(await bash('auroraboot', 'sysext', '--p')).toEqual(['--private-key', '--passphrase-file']);
    expect(await bash('auroraboot', 'sysext', '--arch', '')).toEqual(['amd64', 'arm64', 'riscv64']);
    expect(await bash('auroraboot', 'sysext', '--arch', '=', 'a')).toEqual(['amd64', 'arm64']);
    expect(await bash('auroraboot', 'sysext', '--arch', '=')).toEqual(['amd64', 'arm64', 'riscv64']);
  });

  it('files and directories', async () => {
    expect(await bash('auroraboot', 'inspect', 'images/')).toEqual(['images/a b.raw']);
    expect(await bash('auroraboot', 'genkey', '--output', 'im')).toEqual(['images']);
    expect(await bash('auroraboot', 'sysext', 'name', 'docker')).toEqual([
      'docker://',
      'docker-daemon:',
      'docker-archive:',
    ]);
  });

  it('the extensions in the store, never as more than a word', async () => {
    const root = ['--root', at('root')];
    expect(await bash('kairos-agent', ...root, 'sysext', 'enable', '--now', 'k')).toEqual(['k3sv1.32.1']);
    for (const action of ['enable', 'disable', 'remove', 'status', 'verify']) {
      const offered = await bash('kairos-agent', ...root, 'sysext', action, '');
      expect(offered).toContain('sbctl');
      expect(offered).toContain('\\$\\(touch\\ xxx\\)');
    }
    expect(await readdir(directory)).not.toContain('xxx');
    expect(await bash('kairos-agent', ...root, 'confext', 'enable', '')).toEqual([]);
  });
});

describe('fish completes', () => {
  it('commands, options and the words that an option takes', async () => {
    expect(await fish('auroraboot ver')).toEqual(['verify']);
    expect(await fish('kairos-agent sysext d')).toEqual(['disable', 'download']);
    expect(await fish('auroraboot sysext --arch ')).toEqual(['amd64', 'arm64', 'riscv64']);
    expect(await fish('auroraboot sysext --pr')).toEqual(['--private-key']);
    expect(await fish('kairos-agent sysext list --p')).toEqual(['--passive']);
  });

  it('the extensions in the store', async () => {
    const line = `kairos-agent --root ${at('root')} sysext enable`;
    expect(await fish(`${line} k`)).toEqual(['k3sv1.32.1']);
    expect(await fish(`${line} --active '$('`)).toEqual(['$(touch xxx)']);
    expect(await readdir(directory)).not.toContain('xxx');
  });
});

describe('zsh completes', () => {
  /** What is on the line after TAB, in a zsh on a pseudo terminal. */
  async function zsh(line: string): Promise<string> {
    const script = `
      zmodload zsh/zpty
      zpty -b shell zsh -f -i
      send() { zpty -w shell "$1" }
      send 'PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; fpath=($fpath '$1'); autoload -Uz compinit; compinit -u -D'
      send 'report() { print -r -- "<\${BUFFER}>"; zle send-break }; zle -N report; bindkey "^X" report; print ready'
      zpty -r shell output '*ready*ready*'
      zpty -n -w shell $2$'\\t\\x18'
      zpty -r shell output '*<*>*'
      print -r -- "\${\${output##*<}%%>*}"
      zpty -d shell`;
    const { stdout } = await mustRun('zsh', ['-f', '-c', script, 'zsh', at('completions/zsh'), line], {
      cwd: directory,
      env: { ...env(), TERM: 'dumb' },
      timeout: 30,
    });
    return stdout.trim();
  }

  it('commands, options and extensions', async () => {
    expect(await zsh('auroraboot ver')).toBe('auroraboot verify');
    expect(await zsh('kairos-agent sysext down')).toBe('kairos-agent sysext download');
    expect(await zsh('auroraboot sysext --arch ris')).toBe('auroraboot sysext --arch riscv64');
    const line = `kairos-agent --root ${at('root')} sysext enable`;
    expect(await zsh(`${line} k`)).toBe(`${line} k3sv1.32.1`);
    expect(await zsh(`${line} --act`)).toBe(`${line} --active`);
  });
});

it('the scripts are in the language of their shells', async () => {
  for (const name of await readdir(at('completions/bash'))) {
    await mustRun('shellcheck', ['--shell=bash', at(`completions/bash/${name}`)]);
  }
  for (const name of await readdir(at('completions/zsh'))) {
    await mustRun('zsh', ['-n', at(`completions/zsh/${name}`)]);
  }
});

it('there is a man page of every program and command, which groff and mandoc take without a word', async () => {
  const pages = (await readdir(at('man'), { recursive: true })).filter((name) => name.includes('/'));
  expect(pages).toContain('man1/auroraboot.1');
  expect(pages).toContain('man1/auroraboot-sysext.1');
  expect(pages).toContain('man8/kairos-agent.8');
  expect(pages).toContain('man8/kairos-agent-confext.8');
  for (const page of pages) {
    const { stderr } = await mustRun('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', at(`man/${page}`)]);
    expect(stderr).toBe('');
    const lint = await runCommand('mandoc', ['-T', 'lint', '-W', 'warning', at(`man/${page}`)]);
    // A date would change from day to day.
    expect(lint.stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))).toEqual(
      [],
    );
  }
});
