import { PROGRAMS } from '../../src/cli/programs.ts';

const AGENT = ['kairos-agent', '--root', 'root'];
const STRICT_AGENT = ['kairos-agent', '--root', 'strict'];
const BOOT = ['immucore', '--root', 'root', '--sysroot', 'root'];
const STRICT_BOOT = ['immucore', '--root', 'strict', '--sysroot', 'strict'];
const SIGNING = ['--private-key', 'key.pem', '--certificate', 'certificate.pem'];
const BUILD = ['auroraboot', 'sysext', '--quiet', '--output', 'images', '--arch', 'ARCHITECTURE'];
const VERIFY = ['auroraboot', 'verify', '--quiet', '--certificate', 'certificate.pem'];

/**
 * Command lines of what is started most often, or waited for: what they run is compiled when the executable is made.
 *
 * They work in a directory with what setting.ts makes. DIRECTORY becomes its path, HOST the server of server.ts, ARCHITECTURE this
 * machine's in Go's terms.
 */
export const COMMANDS: readonly (readonly string[])[] = [
  ...Object.keys(PROGRAMS).map((name) => [name, '--help']),
  ['auroraboot', 'sysext', '--help'],
  [...AGENT, 'sysext', 'list'],
  BOOT,

  [...BUILD, ...SIGNING, '--compression', 'none', 'stored', 'docker://HOST/image:1'],
  [...BUILD, ...SIGNING, 'compressed', 'docker://HOST/image:1'],
  // Not signed: it has other owners on every machine, and how a signature is read depends on its bytes.
  [...BUILD, 'directory', 'dir:tree'],
  [...VERIFY, 'images/stored.sysext.raw'],
  [...VERIFY, 'images/compressed.sysext.raw'],
  ['auroraboot', 'inspect', 'images/stored.sysext.raw'],
  ['auroraboot', 'inspect', 'images/compressed.sysext.raw'],

  [...AGENT, 'sysext', 'download', 'file://DIRECTORY/images/stored.sysext.raw'],
  [...AGENT, 'sysext', 'enable', '--active', 'stored'],
  BOOT,
  [...AGENT, 'sysext', 'list'],
  [...AGENT, 'status'],
  [...STRICT_AGENT, 'sysext', 'download', 'http://HOST/images/compressed.sysext.raw'],
  [...STRICT_AGENT, 'sysext', 'enable', '--active', 'compressed'],
  STRICT_BOOT,
  [...STRICT_AGENT, 'sysext', 'verify'],
  [...STRICT_AGENT, 'sysext', 'disable', '--active', 'compressed'],
  [...STRICT_AGENT, 'sysext', 'remove', 'compressed'],
];
