import type { ByteString } from '../../base/byte-string.ts';

const USR = 'bin games include lib lib32 lib64 libexec libx32 local sbin share src'.split(' ');
const USR_LIB = [
  'binfmt.d credstore debug depmod.d environment.d extension-release.d firmware kernel modprobe.d modules',
  'modules-load.d sysctl.d systemd sysusers.d tmpfiles.d udev udev/rules.d udev/hwdb.d',
  'systemd/system systemd/system-generators systemd/system-preset systemd/network systemd/user',
  'systemd/system/multi-user.target.wants systemd/system/sysinit.target.wants systemd/system/sockets.target.wants',
  'systemd/system/timers.target.wants systemd/system/basic.target.wants systemd/system/multi-user.target.d',
  'aarch64-linux-gnu riscv64-linux-gnu x86_64-linux-gnu cni',
].flatMap((line) => line.split(' '));
const USR_SHARE = [
  'applications bash-completion bash-completion/completions ca-certificates dbus-1 dbus-1/services',
  'dbus-1/system-services dbus-1/system.d doc fish fish/vendor_completions.d fonts icons info licenses locale man',
  'man/man1 man/man2 man/man3 man/man4 man/man5 man/man6 man/man7 man/man8 misc pixmaps polkit-1 polkit-1/actions',
  'zoneinfo zsh zsh/site-functions zsh/vendor-completions',
].flatMap((line) => line.split(' '));
const ETC = [
  'apparmor.d bash_completion.d binfmt.d ca-certificates conf.d cron.d cron.daily cron.hourly cron.monthly',
  'cron.weekly default environment.d extension-release.d init.d kubernetes ld.so.conf.d logrotate.d modprobe.d',
  'modules-load.d NetworkManager opt pam.d pki profile.d rancher security skel ssh ssl ssl/certs sysconfig sysctl.d',
  'systemd systemd/network systemd/system systemd/user sysusers.d tmpfiles.d udev udev/rules.d xdg',
].flatMap((line) => line.split(' '));

/**
 * Directories that a host has too, or that several extensions share.
 *
 * When overlayfs merges a directory, the topmost layer's mode, owner and attributes replace the host's: an
 * image with /usr/share at 0700 locks every user out of the host's /usr/share. In these an image therefore
 * always gets 0755 root:root. Paths are relative to the root of the image. After hier(7), file-hierarchy(7).
 */
const SHARED: ReadonlySet<ByteString> = new Set([
  'usr',
  'opt',
  'etc',
  ...USR.map((name) => `usr/${name}`),
  ...USR.filter((name) => name !== 'local').map((name) => `usr/local/${name}`),
  'usr/local/etc',
  'usr/local/man',
  ...['usr/lib', 'usr/local/lib'].flatMap((parent) => USR_LIB.map((name) => `${parent}/${name}`)),
  ...['usr/share', 'usr/local/share'].flatMap((parent) => USR_SHARE.map((name) => `${parent}/${name}`)),
  ...ETC.map((name) => `etc/${name}`),
]);

/** Whether a directory is one that an extension must leave as the host has it. */
export function isSharedDirectory(path: ByteString): boolean {
  return SHARED.has(path);
}
