import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ExecutableParts } from '../../packaging/executable.ts';
import { writeInstallation } from '../../packaging/installation.ts';
import type { Architecture } from '../../packaging/node-binary.ts';
import { PROGRAMS } from '../../src/cli/programs.ts';
import { type Podman, startPodman } from '../support/podman.ts';
import { mustRun, type Outcome, type RunOptions, runCommand, succeeded } from '../support/run-command.ts';

const architecture = process.arch as Architecture;
let directory: string;
let tree: string;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-install-');
  await mkdir(at('dist'));
  await writeInstallation(at('dist'));
  (await ExecutableParts.bundle()).write(architecture, at(`dist/kairos-sysext-linux-${architecture}`));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

beforeEach(async () => {
  tree = at('tree');
  await rm(tree, { recursive: true, force: true });
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
});

function install(args: readonly string[] = [], options?: RunOptions): Promise<Outcome> {
  return runCommand('sh', [at('dist/install.sh'), '--root', tree, ...args], options);
}

/** What is in the tree besides directories: what it is, and its content or target. */
async function contents(): Promise<string[]> {
  const { stdout } = await mustRun(
    'sh',
    [
      '-c',
      'find . -type f -printf "%m %p " -exec sha256sum {} ";" -o -type l -printf "%p -> %l\\n" | LC_ALL=C sort',
    ],
    { cwd: tree },
  );
  return stdout.split('\n').filter((line) => line !== '');
}

const paths = async (): Promise<string[]> =>
  (await contents()).map((line) => /\.(\/\S+)/.exec(line)?.[1] ?? line);

describe('install.sh', () => {
  it('installs what a node needs, once or again', async () => {
    await mkdir(join(tree, 'usr/lib/dracut/modules.d'), { recursive: true });
    succeeded(await install());
    const first = await contents();
    expect(await paths()).toEqual(
      expect.arrayContaining([
        '/usr/bin/kairos-sysext',
        '/usr/share/bash-completion/completions/kairos-agent',
        '/usr/share/zsh/site-functions/_kairos-agent',
        '/usr/share/fish/vendor_completions.d/kairos-agent.fish',
        '/usr/share/man/man1/auroraboot.1',
        '/usr/share/man/man8/immucore.8',
        '/usr/share/doc/kairos-sysext/THIRD-PARTY-LICENSES',
        '/usr/lib/systemd/system/immucore.service',
        '/usr/lib/systemd/system/immucore-initrd.service',
        '/usr/lib/systemd/system/systemd-sysext.service.d/kairos.conf',
        '/usr/lib/dracut/modules.d/90kairos-sysext/module-setup.sh',
        '/etc/systemd/system/sysinit.target.wants/immucore.service',
      ]),
    );
    for (const name of Object.keys(PROGRAMS)) {
      expect(await readlink(join(tree, 'usr/bin', name))).toBe('kairos-sysext');
      const outcome = await runCommand(join(tree, 'usr/bin', name), ['--help']);
      expect(outcome.stdout).toMatch(new RegExp(`^Usage: ${name} `));
    }
    succeeded(await install());
    expect(await contents()).toEqual(first);
  });

  it('the units that it enables are enabled for systemd, too', async () => {
    succeeded(await install());
    for (const unit of ['systemd-sysext', 'systemd-confext']) {
      const path = join(tree, `usr/lib/systemd/system/${unit}.service`);
      await writeFile(path, '[Service]\nExecStart=true\n[Install]\nWantedBy=sysinit.target\n');
    }
    for (const unit of ['immucore', 'systemd-sysext', 'systemd-confext']) {
      const outcome = await runCommand('systemctl', ['--root', tree, 'is-enabled', `${unit}.service`]);
      expect(outcome.stdout).toBe('enabled\n');
    }
  });

  it('removes all that it installed, and nothing else', async () => {
    await mkdir(join(tree, 'etc/systemd/system/sysinit.target.wants'), { recursive: true });
    const enabled = join(tree, 'etc/systemd/system/sysinit.target.wants/systemd-sysext.service');
    await symlink('/usr/lib/systemd/system/systemd-sysext.service', enabled);
    const before = await contents();
    succeeded(await install());
    succeeded(await install(['--uninstall']));
    expect(await contents()).toEqual(before);
    expect(await install(['--uninstall'])).toMatchObject({ status: 1 });
  });

  it('leaves out of Trusted Boot what is not signed', async () => {
    succeeded(await install());
    succeeded(await install(['--trusted-boot']));
    const drop = await readdir(join(tree, 'usr/lib/systemd/system/systemd-sysext.service.d'));
    expect(drop).toEqual(['kairos-uki.conf']);
  });

  it('does not replace what others installed, unless it is forced to', async () => {
    const agent = join(tree, 'usr/bin/kairos-agent');
    await writeFile(agent, 'another agent');
    const before = await contents();
    const refused = await install();
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toContain(`others have installed: ${agent}`);
    expect(await contents()).toEqual(before);
    succeeded(await install(['--force']));
    expect((await lstat(agent)).isSymbolicLink()).toBe(true);
  });

  it('goes on where it was interrupted', async () => {
    // A cp that fails at the tenth file stands for a full disk or a power cut.
    const cp = at('bin/cp');
    await mkdir(at('bin'), { recursive: true });
    await writeFile(
      cp,
      `#!/bin/sh\necho >>'${at('copies')}'\n[ "$(wc -l <'${at('copies')}')" -lt 10 ] && exec /bin/cp "$@"\nexit 1\n`,
    );
    await chmod(cp, 0o755);
    expect(await install([], { env: { PATH: `${at('bin')}:${process.env.PATH}` } })).toMatchObject({
      status: 1,
    });
    expect(await paths()).toContain('/usr/bin/kairos-sysext');
    succeeded(await install());
    const all = await contents();
    succeeded(await install(['--uninstall']));
    expect(await contents()).toEqual([]);
    succeeded(await install());
    expect(await contents()).toEqual(all);
  });

  it('writes to no place outside of the tree', async () => {
    await rm(at('outside'), { recursive: true, force: true });
    await mkdir(at('outside'));
    await symlink(at('outside'), join(tree, 'usr/share'));
    const refused = await install();
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toContain('leads out of the tree');
    expect(await readdir(at('outside'))).toEqual([]);
  });

  it('says what is wrong with a command line', async () => {
    expect((await install(['--initramfs', 'grub'])).status).toBe(2);
    expect((await install(['--bogus'])).status).toBe(2);
    expect((await install(['--arch'])).status).toBe(2);
    expect((await install(['--arch', 'riscv64'])).stderr).toContain('kairos-sysext-linux-riscv64 is missing');
    expect((await install(['--help'])).stdout).toContain('--uninstall');
  });

  it('and the other scripts are what a shell of any kind takes', async () => {
    const scripts = ['install.sh', 'launcher.sh', 'initramfs-tools/hooks/kairos-sysext'];
    const files = [...scripts, 'initramfs-tools/scripts/local-bottom/kairos-sysext'];
    await mustRun('shellcheck', ['--shell=sh', ...files.map((name) => `packaging/${name}`)]);
  });
});

describe('in an initramfs of initramfs-tools', () => {
  it('the boot stage runs before the system is started', async () => {
    succeeded(await install(['--initramfs', 'initramfs-tools']));
    await mkdir(at('unpacked'));
    // In a name space of its own the tree lies over the system's /usr, with a kernel without modules.
    const script = `
      cd "$1"
      mount -t tmpfs tmpfs /mnt
      mkdir /mnt/work /mnt/upper /mnt/configuration
      cp -a tree/usr/. /mnt/upper
      mount -t overlay overlay -o lowerdir=/usr,upperdir=/mnt/upper,workdir=/mnt/work /usr
      mkdir -p /usr/lib/modules/0.1-test
      for name in order builtin builtin.modinfo; do : >"/usr/lib/modules/0.1-test/modules.$name"; done
      depmod 0.1-test
      mount -t tmpfs tmpfs /boot
      echo CONFIG_RD_ZSTD=y >/boot/config-0.1-test
      cp -a /etc/initramfs-tools/. /mnt/configuration
      printf 'MODULES=list\\nCOMPRESS=zstd\\nCOMPRESSLEVEL=1\\n' >>/mnt/configuration/initramfs.conf
      mkinitramfs -d /mnt/configuration -o initrd 0.1-test
      unmkinitramfs initrd unpacked
      cd unpacked
      mkdir -p dev proc root run
      mknod dev/null c 1 3
      echo 'root=LABEL=COS_ACTIVE' >../cmdline
      mount --rbind /proc proc
      mount --bind ../cmdline proc/cmdline
      chroot . /bin/sh -c 'rootmnt=/root; export rootmnt; . /scripts/local-bottom/ORDER; true'`;
    const isolated = ['--mount', '--propagation', 'private', 'sh', '-euc', script, 'sh', directory];
    await mustRun('unshare', isolated, { timeout: 100 });
    const report = JSON.parse(await readFile(at('unpacked/run/immucore/extensions.json'), 'utf8'));
    expect(report.boot).toMatchObject({ state: 'active', profiles: ['active', 'common'] });
    expect(await readdir(at('unpacked/usr/lib/kairos-sysext/bin'))).toEqual(['flock', 'mount', 'umount']);
  });
});

describe('the container image', () => {
  const buildah = async (...args: string[]): Promise<Outcome> =>
    mustRun('buildah', ['--root', at('store'), '--runroot', at('run'), '--storage-driver', 'vfs', ...args]);

  let podman: Podman;
  beforeAll(async () => {
    podman = await startPodman();
  });
  afterAll(() => podman?.stop());

  it('runs auroraboot as the document does, with an image that only the Docker daemon has', async () => {
    // In place of a base from a registry: the libraries of this machine.
    const { stdout } = await mustRun('ldd', [at(`dist/kairos-sysext-linux-${architecture}`)]);
    for (const [path] of stdout.matchAll(/\/\S+/g)) {
      await mkdir(join(at('base'), path, '..'), { recursive: true });
      await mustRun('cp', ['-L', path, join(at('base'), path)]);
    }
    const base = (await buildah('from', 'scratch')).stdout.trim();
    await buildah('copy', '--quiet', base, at('base'), '/');
    await buildah('commit', '--quiet', base, 'localhost/base');
    const build = ['--isolation', 'chroot', '--build-arg', 'BASE=localhost/base'];
    await buildah(
      'bud',
      '--quiet',
      ...build,
      '--build-arg',
      `ARCH=${architecture}`,
      '-t',
      'auroraboot',
      at('dist'),
    );

    const container = (await buildah('from', 'localhost/auroraboot')).stdout.trim();
    const { stdout: entry } = await buildah(
      'inspect',
      '--format',
      '{{index .OCIv1.Config.Entrypoint 0}}',
      container,
    );
    await mkdir(at('context'), { recursive: true });
    await writeFile(at('context/hello'), 'hello\n');
    await writeFile(at('context/Dockerfile'), 'FROM scratch\nCOPY hello /usr/local/bin/hello\n');
    await podman.run('build', '--quiet', '--tag', 'docker.io/library/local-hello', at('context'));
    const run = (...args: string[]): Promise<Outcome> => {
      const volumes = ['-v', `${at('here/keys')}:/keys`, '-v', `${at('here')}:/build/`];
      volumes.push('-v', `${podman.socket}:/var/run/docker.sock`);
      return buildah('run', '--isolation', 'chroot', ...volumes, container, '--', entry.trim(), ...args);
    };
    await mkdir(at('here/keys'), { recursive: true });
    await run('genkey', 'test', '--output=/keys');
    const keys = ['--private-key=/keys/db.key', '--certificate=/keys/db.pem'];
    await run('sysext', ...keys, '--output=/build', 'hello', 'local-hello');
    const image = at('here/hello.sysext.raw');
    const verified = await runCommand(at(`dist/kairos-sysext-linux-${architecture}`), [
      'auroraboot',
      'verify',
      '--certificate',
      at('here/keys/db.pem'),
      image,
    ]);
    expect(verified.stdout).toContain('accepted');
  });
});
